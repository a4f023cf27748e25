# %% [markdown]
# # Who was right?
#
# *About 30 minutes. At the end you can take a theory, work out what it predicts, find the line that
# decides it, and score your own first guess.*
#
# [06](06_reproduce_the_failure.ipynb) left us with a machine that we can kill and save at will. Now
# back to the five theories: the owner's own, and the four that others offered. Each of them sounded
# sensible. A theory is worth what it forbids. So we ask each of them the same two things: *if you
# were right, what would the report have to show?* and *what would a change to the machine do?*
#
# ## First, a prediction
#
# Here is the choice that you made in [00](00_start.ipynb), if you made one on this computer. Would
# you make it again? And how many of the five do you expect to fall? The board at the end will tell.

# %%
from oomlab.check import check, hint, problem, solution
from oomlab.explore import Predict, choose
from oomlab.theories import kept_suspect, theories

suspect = kept_suspect()
none = "No choice is kept here. Make one in notebook 00."
print(f"You suspected: {suspect.title}." if suspect else none)

# %%
Predict("07.a")

# %% [markdown]
# ## The evidence at hand
#
# The report, and a machine that we can change.

# %%
from dataclasses import replace

from oomlab import INCIDENT, INCIDENT_WORKLOAD, corpus, parse, simulate
from oomlab.units import gib_to_pages, pages_to_gib

report = parse(corpus.incident())[0]


def trial(name, machine):
    run = simulate(machine, INCIDENT_WORKLOAD)
    cache = pages_to_gib(run.end.page_cache)
    print(f"{name:<22} {run.outcome:<9} {cache:5.2f} GiB of page cache at the end")


trial("as it was", INCIDENT)

# %% [markdown]
# ## Theory: rsync loads the whole file
#
# It came with advice: add 64 GB of swap, or at least twice the RAM; and boot with `mem=16G`, then
# the copy will fail at 16 GB.
#
# It predicts: an rsync with an enormous `total_vm`; swap in use; death at 16 GB under `mem=16G`;
# rescue by 64 GB of swap. Four predictions. Test them.

# %%
for task in report.tasks:
    print(f"{task.comm:<8} total_vm {task.total_vm:>7,} pages")
print("swap used:", report.swap.total - report.swap.free)
trial("mem=16G", replace(INCIDENT, mem_limit=gib_to_pages(16)))
trial("64 GiB of swap", replace(INCIDENT, swap=gib_to_pages(64)))

# %% [markdown]
# All four fail. It is true that the trace names `sys_mmap_pgoff`, which makes mappings. But the
# line bears a question mark, and the trace is `clamd`'s, not rsync's. Nor could a 32-bit process
# map a file of 50 GB in one piece: it has three GiB of addresses.
#
# ### Exercise 07.1
#
# Which number refutes "rsync maps the file" on its own? Give the larger `total_vm` of the two rsync
# processes, 579 and 677 pages, in **kB**.

# %% tags=["exercise"]
rsync_kb = max(task.total_vm for task in report.tasks if task.comm == "rsync") * 4

# %% tags=["check"]
check("07.1", rsync_kb)

# %% tags=["solution"]
solution("07.1")

# %% [markdown]
# ## Theory: the virus scanner reads it all in
#
# ClamAV can scan files when they are opened. Did it load what rsync wrote?
#
# The theory predicts a `clamd` as large as the file, or at least the largest user of what ran out.
# It holds 37,403 pages, 146 MiB. And where? Its memory is anonymous. Look for anonymous pages in
# Normal.

# %%
normal = report.zone("Normal")
counters = normal.counters
print("anonymous pages in Normal:", counters["active_anon"] + counters["inactive_anon"])

# %% [markdown]
# None. The zone line contains `mapped:0kB` as well. So all that `clamd` had in its address space
# lay in HighMem, where there was room. It asked at the wrong moment, and it was the largest target
# in sight.
#
# ### Exercise 07.2
#
# Why was `clamd` killed, and not rsync? Compute its score by the rule of this kernel: resident
# pages × 1000, divided by the pages of RAM and swap (8,301,110 + 489,973), rounded down. (The RAM
# is `pages RAM` less `pages reserved`. Swapped pages and page tables count too. Here the first are
# zero, and the report does not print the second.)

# %% tags=["exercise"]
clamd_score = 37_403 * 1000 // (8_301_110 + 489_973)

# %% tags=["check"]
check("07.2", clamd_score)

# %% tags=["solution"]
solution("07.2")

# %% [markdown]
# The kernel printed `score 4`. The larger rsync, with 215 pages, would get a score of 1, the
# smallest there is. Among processes of so little weight, 4 in 1000 is enough to die.
#
# ## Theory: the kernel hoards its cache
#
# This was the owner's own first thought: that Linux values cache more than daemons.
#
# It predicts that the kernel looked at the cache and preferred to keep it. The report shows that it
# scanned the few cached pages of Normal again and again. The other eight million were in a zone
# that reclaim for such a request does not enter. So half of it is right: the cache stayed, and the
# daemons died. The other half is not: nothing was weighed against anything. It was not a decision,
# it was a blind spot.
#
# ### Exercise 07.3
#
# How many pages of page cache did the zone `Normal` hold? Its line reads `active_file:248kB
# inactive_file:388kB`.

# %% tags=["exercise"]
cached_pages_in_normal = normal.counters["active_file"] + normal.counters["inactive_file"]

# %% tags=["check"]
check("07.3", cached_pages_in_normal)

# %% tags=["solution"]
solution("07.3")

# %% [markdown]
# ## Theory: swap is off, or too small
#
# It predicts that more swap helps. We have tried 64 GiB of it: no difference. The owner asked what
# so much swap would itself cost. The kernel keeps one byte for every page of swap space, to know
# which are in use.
#
# ### Exercise 07.4
#
# How many MiB would this map take for 64 GiB of swap?

# %% tags=["exercise"]
swap_map_mib = gib_to_pages(64) / 2**20

# %% tags=["check"]
check("07.4", swap_map_mib)

# %% tags=["solution"]
solution("07.4")

# %% [markdown]
# The map comes from `vmalloc`, and `vmalloc` may take its pages from HighMem, where there was room.
# So on this machine more swap neither helps nor harms. (It can harm. Where memory control groups
# account for swap, the kernel keeps two more bytes for each page of swap, and those come from
# lowmem: 32 MiB for 64 GiB, four times what was missing. The boot parameter `swapaccount=0` saves
# them.)
#
# ## Theory: lowmem is full of records about high memory
#
# Its author called it a strong hint, not a proof. It predicts a Normal zone down at its min with
# HighMem open, slab as the largest consumer, and survival with `mem=16G` and on 64 bits. We can now
# make it definite, and we can add what it leaves out: *which* records, how many bytes each, why
# nothing freed them, and where the edge lies.

# %%
trial("mem=16G", replace(INCIDENT, mem_limit=gib_to_pages(16)))
trial("64-bit", replace(INCIDENT, arch="x86_64"))
trial("with the fix of 2012", replace(INCIDENT, buffer_head_fix=True))
trial("8 MiB less other use", replace(INCIDENT, boot_lowmem=INCIDENT.boot_lowmem - 2048))

# %% [markdown]
# It is right in substance, and wrong in two details. That a 32-bit kernel can live with 16 GB at
# most is too strict: with blocks of 4 kB the model's edge for this machine is a little below 32
# GiB. And the 8 kB that it finds free are 8 kB *above min*.
#
# ### Exercise 07.5
#
# You may change nothing but a boot parameter. Which one saves this server, in the model, and leaves
# it all of its RAM?

# %% tags=["exercise"]
boot_parameter = "vmalloc=64M"

# %% tags=["check"]
check("07.5", boot_parameter)

# %% tags=["solution"]
solution("07.5")

# %% [markdown]
# ## The board
#
# Five theories, and your guess how many of them would fall.

# %%
with Predict("07.a"):
    for theory in theories():
        print(f"{theory.verdict:<10} {theory.title}")

# %% [markdown]
# Here is what decides each of them.

# %%
from oomlab.theories import board

board(report)

# %% [markdown]
# And your own suspect, the one that you named before you knew anything?

# %%
board(report, suspect) if suspect else print("No choice is kept here. Make one in notebook 00.")

# %% [markdown]
# A wrong guess that you remember is worth more than a right one that you read. How many of yours
# came true? (This reads the file beside the notebooks.)

# %%
from oomlab.learning import guesses

guesses()

# %% [markdown]
# ### Exercise 07.6
#
# Write to the owner. In five sentences at most: what happened, how you know, what to do tonight,
# and what to do this year.

# %% tags=["exercise"]
my_letter = """
Your kernel ran out of low memory, not of memory: every cached page of the big file kept a
buffer_head in the 890 MB that a 32-bit kernel reaches directly, and Linux 3.2 frees these only
when highmem itself gets full. The report shows it: both lowmem zones stand exactly at their
limits while HighMem has 549 MiB free, and reclaimable slab holds 501 MiB. More swap will not
help, and a larger min_free_kbytes does harm. Tonight boot with mem=28G, or drop the page cache
while you copy. This year install a 64-bit kernel; your 32-bit programs will run on it.
"""

# %% tags=["check"]
check("07.6", my_letter)

# %% tags=["solution"]
solution("07.6")

# %% [markdown]
# ## Your own log
#
# The same steps work on any report: find who asked, what was short, what filled it, and ask each
# explanation what it forbids. The library takes the first steps for you. A report shows itself in a
# notebook, with its cause, the lines that prove it and what to do:

# %%
parse(corpus.capture("oom-64-node-scores.log"))[0]

# %% [markdown]
# Put a log of your own beside this notebook and give its text to `parse` in the same way:
#
# ```
# parse(open("my.log").read())[0]
# ```
#
# Or stay on the command line, where the same answer comes from `oomlab explain`:
#
# ```
# oomlab explain /var/log/kern.log
# journalctl -k | oomlab explain -
# ```
#
# A log that you give to the command stays on your computer. One that you put beside a notebook
# stays on the computer where the notebook runs, which in Colab, on Binder or on a hub is somebody
# else's.
#
# ## What you know now
#
# A theory stands or falls with what it predicts. The report refutes three of the five in a line
# each. One is half right: it sees that the cache stays and takes a blind spot for a decision. One
# is right, and you can now show why and put numbers to it.
#
# All of this was worked out from one report, a model, and recordings of real kernels. **Does a real
# kernel do it, before your eyes?** Next: [08 Kill a real kernel](08_kill_a_real_kernel.ipynb).
#
# *Sources: [question 724469](https://serverfault.com/questions/724469) on Server Fault with its
# answers and comments, CC BY-SA, retold. Linux 3.2: `oom_badness` in mm/oom_kill.c, `swapon` in
# mm/swapfile.c (the map of the swap space), `swap_cgroup_prepare` in mm/page_cgroup.c, and those of
# notebooks 03 to 06.*
