# %% [markdown]
# # What does each line of an OOM report mean?
#
# *About 50 minutes, in two halves. At the end you can open any OOM report, find who asked, what the
# machine had, what was free where, and who was killed, and you can tell what is missing from it.*
#
# In [00 Start](00_start.ipynb) a server with half a gigabyte of free memory killed its own daemons.
# The kernel explained itself in 78 lines. They look like noise. They answer six questions, always
# in the same order: who asked and for what, how did it get there, what does the machine hold in
# total, what does each zone hold, who is running, and who must die.
#
# ## First, a prediction
#
# Make a guess, and commit to it: then the cell shows what happens. A guess counts once. It is kept
# in the small file beside the notebooks, and notebook 07 adds up how many came true.

# %%
from oomlab import corpus, parse, render
from oomlab.check import check, hint, problem, solution
from oomlab.explore import Predict, choose

log = corpus.incident()
report = parse(log)[0]
with Predict("01.a"):
    print(report.quote(report.trigger.line).text)

# %% [markdown]
# ## The whole report, with its parts named
#
# Every coloured band is one part of the report. Open the title of a band to read what the part
# means. Read once from top to bottom, without trying to understand everything. We go through the
# parts afterwards.

# %%
render.annotated(report)

# %% [markdown]
# ## Who asked, and for what
#
# The first line is the **trigger**.

# %%
print(report.quote(report.trigger.line).text)

# %% [markdown]
# Everything to the left of `clamd` was added on the way: the logging daemon's date and source, and
# in brackets the seconds since the kernel was started. 1,772,321 seconds are twenty days and a
# half. Each logger adds its own prefix. After it comes the kernel's own text.
#
# `clamd invoked oom-killer` names the process on whose behalf the kernel was working. That does not
# make `clamd` guilty. Once the last page is gone, the next process to ask is named here.
#
# `order=0` is the size. The kernel hands out memory in blocks of 2ⁿ pages, and the order is the
# *n*. Order 0 is 2⁰ = 1 page: **4 kB.**
#
# `gfp_mask=0x84d0` describes what kind of memory was wanted, and what the kernel was allowed to do
# to find it. It is the most informative number of the whole report, and notebook 02 is about
# nothing else. `oom_score_adj=0` means that nobody had asked the OOM killer to spare or to prefer
# this process.

# %% [markdown]
# ### Exercise 01.1
#
# Another report has `order=3`. How many kB does that request ask for?

# %% tags=["exercise"]
request_kb = 2**3 * 4

# %% tags=["check"]
check("01.1", request_kb)

# %% tags=["solution"]
solution("01.1")

# %% [markdown]
# ## How it got there
#
# The next lines name the process again, the kernel (`3.2.59`) and its **call trace**: the functions
# that were running, the innermost on top. Read it from below. `clamd` had touched an address of its
# own that had no page behind it. The processor stops the program then and calls the kernel: a
# **page fault** (`do_page_fault`). The kernel (`handle_mm_fault`) wants to give the address a page
# and write down where that page is. For the note it needs a table (`__pte_alloc`, `pte_alloc_one`),
# asks for one page (`__alloc_pages_nodemask`), and finds none (`out_of_memory`).
#
# So before the kernel could give `clamd` a page, it needed another page for itself, a **page-table
# page**. There was none left.

# %%
for line in report.source:
    if "+0x" in line.text:
        print(line.text.partition(">] ")[2])

# %% [markdown]
# A question mark before a function means that the kernel found the address on the stack but cannot
# vouch for it. Here every line has one, so the story above is only likely; the mask will confirm
# it. `sys_mmap_pgoff` may be a leftover from an earlier call: it proves nothing about what `clamd`
# was doing, and nothing at all about `rsync`.
#
# ## What the machine holds in total
#
# The lines after `Mem-Info:` begin with the *per-cpu lists*: free pages that each processor keeps
# at hand, about two hundred in each zone at most. They rarely matter. The totals of the whole
# machine follow, **in pages**, with the last of them further down. Here are all of them, the
# largest first.

# %%
for name, pages in sorted(report.totals.items(), key=lambda item: (-item[1], item[0])):
    print(f"{name:>20} {pages:>10,} pages {pages * report.page_size_kb:>12,} kB")

# %% [markdown]
# Two families matter most. **Anonymous** memory belongs to processes: what they compute with. It
# has no copy on disk, so it can only be moved to swap. **File** memory is the page cache. Each
# family has two lists, `active` and `inactive`; the kernel takes from the inactive one first.
# `slab` is memory that the kernel uses for its own small objects. `dirty` counts cached pages that
# have been changed and wait to be written to disk: zero. `writeback` counts those on their way: 61.
# So nearly all of the cache is clean. Nothing in these lines looks like a machine in need.

# %% [markdown]
# ### Exercise 01.2
#
# How many GiB of page cache does the report show? Add both file lists. One digit after the point is
# enough.

# %% tags=["exercise"]
cache_gib = (106466 + 7784521) * 4 / 2**20

# %% tags=["check"]
check("01.2", cache_gib)

# %% tags=["solution"]
solution("01.2")

# %% [markdown]
# ## What each zone holds
#
# Now the lines that decide everything. The kernel does not treat memory as one heap. It divides it
# into **zones**, because not every piece of hardware and not every part of the kernel can reach
# every address. This machine has three: `DMA`, `Normal` and `HighMem`. Each zone has a long line of
# its own, this time **in kB**.

# %%
for number in range(report.zone("Normal").line, report.zone("Normal").line + 4):
    print(report.quote(number).text)

# %% [markdown]
# The terminal cut the line at 200 columns, once before a `:0kB`, once between a number and its
# unit. (In the line of DMA it cut words in two. Look for them above.) Put together again, the
# beginning reads: 8,056 kB free; three **watermarks**, `min`, `low` and `high`, at which the kernel
# begins to worry; hardly any file or anonymous pages; 890,008 kB present; 513,008 kB of reclaimable
# slab. Compare `free` with `min`: there are 8 kB between them.
#
# The line that follows, `lowmem_reserve[]`, lists how many pages of this zone are kept back from
# requests that could have gone elsewhere. Notebook 04 computes both to the page.
#
# This is a good place for a break. The second half is about what a log loses, and about a report
# that is only a few years old.
#
# ## What the logger lost
#
# Count the `lowmem_reserve[]` lines in the whole report: there are three. Count the zone lines that
# begin with a name and `free:`. There are two. A line was lost on its way to the log while the
# machine was dying. The library notices such damage and lists it.

# %%
for damage in report.problems:
    print(f"line {damage.line}: {damage.reason}")

# %% [markdown]
# Can we recover the lost line? A good part of it, because reports contain many things twice. Each
# zone has a second line further down, its **buddy list**: how many free blocks of each size it
# holds.

# %%
print(report.quote(report.zone("HighMem").blocks_line).text)

# %% [markdown]
# 13 blocks of 4 kB, 14 of 8 kB, and so on up to 136 blocks of 4 MiB: 561,924 kB in all, which is
# 549 MiB. That is the `free` of the lost line. So nearly all of the free memory of notebook 00 lies
# in `HighMem`.
#
# The name comes from the way the kernel hands out memory. It splits a block into two halves,
# *buddies*, when it needs a smaller one, and joins them again when both are free. The list shows at
# a glance whether memory is merely scarce or also broken into small blocks.

# %% [markdown]
# ### Exercise 01.3
#
# Part of a buddy list reads `13*4kB 14*8kB 2*16kB 2*32kB 0*64kB`. How many kB are free in these
# blocks? Afterwards try `problem("01.3", seed=1)`, with as many seeds as you like.

# %% tags=["exercise"]
blocks_kb = 13 * 4 + 14 * 8 + 2 * 16 + 2 * 32 + 0 * 64

# %% tags=["check"]
check("01.3", blocks_kb)

# %% tags=["solution"]
solution("01.3")

# %% [markdown]
# ## Swap, and RAM

# %%
wanted = ("Swap cache stats", "Free swap", "Total swap")
wanted += ("pages RAM", "pages HighMem", "pages reserved")
for line in report.source:
    if any(words in line.text for words in wanted):
        print(line.number, line.text.partition("] ")[2])

# %% [markdown]
# `add 0, delete 0, find 0/0`: in twenty days not one page was swapped out. Free swap equals total
# swap. Whoever blames a lack of swap has to explain these three lines away.
#
# The last three lines measure the machine, in pages. `pages RAM` makes 33 GiB, not 32: this kernel
# counts a hole of 1 GiB as well, the addresses that devices use. Of the 8,650,736 pages, 8,422,402
# are `HighMem`. Remember this proportion.

# %% [markdown]
# ### Exercise 01.4
#
# What share of these pages, in percent, lies in HighMem?

# %% tags=["exercise"]
highmem_share = 100 * report.totals["highmem"] / report.totals["ram"]

# %% tags=["check"]
check("01.4", highmem_share)

# %% tags=["solution"]
solution("01.4")

# %% [markdown]
# ## Who is running, and who must die
#
# The last part is the **task table**: one row for every process, sizes in pages. `total_vm` is all
# the address space that a process has asked for; `rss`, the resident set, is what it really holds
# in RAM. The owner of this server cut the table down to three rows before posting it, so three rows
# are what we have.

# %%
for task in report.tasks:
    print(f"{task.comm:<8} pid {task.pid:>6}", end="  ")
    print(f"total_vm {task.total_vm:>7,} pages  rss {task.rss:>7,} pages")

# %% [markdown]
# Pause at `rsync`. One theory is that it maps the whole file of 50 GB into memory. A mapping would
# count in `total_vm`. Here are 579 and 677 pages, less than 3 MiB each. That theory dies on these
# two lines.
#
# The OOM killer gives every process a score, mostly for the memory that its death would set free,
# and picks the highest. That was `clamd`. It is not the culprit. It happened to ask, and it
# happened to be large.

# %%
for number in (report.last_line - 1, report.last_line):
    print(report.quote(number).text.partition("] ")[2])

# %% [markdown]
# ### Exercise 01.5
#
# How many kB did `clamd` hold in RAM, anonymous and file pages together? Take it from the kill line
# or from the task table: the two agree.

# %% tags=["exercise"]
clamd_kb = 146900 + 2712

# %% tags=["check"]
check("01.5", clamd_kb)

# %% tags=["solution"]
solution("01.5")

# %% [markdown]
# ## A newer report
#
# The text changes over the years, the questions do not. Here is a report by Linux 5.10, recorded
# for this course on a small 32-bit machine that we brought down in the same way, on purpose.

# %%
modern_log = corpus.capture("oom-rsync-fix-off-k510-1024M.log")
modern = parse(modern_log)[0]
render.annotated(modern)

# %% [markdown]
# Look for what is new. The mask is spelled out: `0xcc0(GFP_KERNEL)`. The per-cpu lists are gone. A
# line beginning with `Node 0` holds counters that used to stand in the zone lines. Each zone line
# has a `managed:` beside its `present:`: what is left of the zone once the kernel has taken its own
# part at boot. Blocks in the buddy list carry letters for the kind of memory they may hold. The
# kill is announced in two lines, the first made for programs to read.

# %% [markdown]
# ### Exercise 01.6
#
# In this report one zone has less free than its `min`, while another has plenty. Which zone is
# exhausted?

# %% tags=["exercise"]
exhausted_zone = "Normal"

# %% tags=["check"]
check("01.6", exhausted_zone)

# %% tags=["solution"]
solution("01.6")

# %% [markdown]
# ## The report that you are most likely to meet
#
# Containers have a limit of their own, set on a **control group** of processes. When the group
# reaches it, the kernel kills within the group, however much the machine has free. This is such a
# report by Linux 6.1 on a 64-bit machine, from a container laid out as Kubernetes does it.

# %%
pod = parse(corpus.capture("oom-64-pod-limit.log"))[0]
render.annotated(pod)

# %% [markdown]
# `memory: usage … limit …` takes the place of the zones: the group has met its limit.
# `constraint=CONSTRAINT_MEMCG` confirms it, and `oom_memcg=` names the group. A pod that has met
# its limit ends with exit code 137 and the reason *OOMKilled*, and the kernel log of its machine
# has lines like these. Here nobody is short but the group. (Both words have other causes as well:
# notebook 09 comes back to them.)

# %% [markdown]
# ### Exercise 01.7
#
# In your own words: a colleague reads the last line of our incident and concludes: "So clamd used
# up the memory. Let us uninstall it." What do you answer? Write two or three sentences. The check
# then shows the points that a good answer makes.

# %% tags=["exercise"]
my_reply = """
clamd only asked for one page when the zones that would do had none to spare, and it was killed
for its high score, with 146 MiB of a machine that has 32 GiB. Killing it did not help: what it
held was not in the zone that was short, and the killing went on.
"""

# %% tags=["check"]
check("01.7", my_reply)

# %% tags=["solution"]
solution("01.7")

# %% [markdown]
# ## What you know now
#
# A report shows who asked, what the machine holds, what each zone holds, who is running and who was
# killed, in this order. Totals and tasks count pages, zones count kB. Loggers lose lines, and the
# buddy lists can give some of them back. The process that asks is not the culprit, and neither is
# the one that dies.
#
# Two things point at the answer. The zone `Normal` has 8 kB more than its `min`. And the request
# was special, in a way that only the mask shows. **What was asked for, by whom, and who was allowed
# to wait?** Next: [02 The gfp_mask](02_gfp_mask.ipynb).
#
# *Sources: Linux 3.2, `dump_header` and `oom_kill_process` in mm/oom_kill.c, `show_free_areas` in
# mm/page_alloc.c, `show_mem` in lib/show_mem.c. The incident: [question
# 724469](https://serverfault.com/questions/724469) on Server Fault, CC BY-SA, retold. The reports
# of 5.10 and 6.1 are our own recordings, `data/captures/oom-rsync-fix-off-k510-1024M.log` and
# `oom-64-pod-limit.log`.*
