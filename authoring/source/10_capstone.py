# %% [markdown]
# # Can you diagnose a report that you have never seen?
#
# *About 75 minutes, or more with a log of your own. At the end you have written a diagnosis with
# its evidence, and a remedy whose effect you predicted.*
#
# Until now every report came with its story. Here are three without one, then logs in which several
# incidents are mixed, then yours. Five questions have served for all of them:
#
# 1. **Was anybody killed?** `invoked oom-killer`, or a *page allocation failure*?
# 2. **What was asked for?** The mask and the order.
# 3. **Which part may serve this, and what has it free?** The constraint; the zones against `min` and
#    their reserve; the blocks.
# 4. **What fills that part?** Add up the counters until you have most of it.
# 5. **Why was nothing given back, and what would?**
#
# The library can answer them for you. Do not ask it yet.

# %%
from dataclasses import replace
from textwrap import fill

from oomlab import INCIDENT, INCIDENT_WORKLOAD, corpus, diagnose, parse, render, simulate
from oomlab.check import check, hint, problem, solution
from oomlab.exercises.cases import case, mixed_log
from oomlab.explore import Predict, choose

# %% [markdown]
# ## Case A
#
# A machine of 512 MB, 64 bits, Linux 6.1. Its owner writes: "web was killed, though it is tiny. Is
# there a leak in it?"

# %%
render.annotated(case("A"))

# %% [markdown]
# ### Exercise 10.1
#
# What was short?

# %% tags=["exercise"]
short_in_a = "machine"

# %% tags=["check"]
check("10.1", short_in_a)

# %% tags=["solution"]
solution("10.1")

# %% [markdown]
# ### Exercise 10.2
#
# Which line shows what fills it?

# %% tags=["exercise"]
line_in_a = "shmem"

# %% tags=["check"]
check("10.2", line_in_a)

# %% tags=["solution"]
solution("10.2")

# %% [markdown]
# ### Exercise 10.3
#
# A diagnosis needs an amount. The line that you have found counts pages. How many MiB are they?

# %% tags=["exercise"]
amount_mib = 98_465 * 4 / 1024

# %% tags=["check"]
check("10.3", amount_mib)

# %% tags=["solution"]
solution("10.3")

# %% [markdown]
# The log goes on. Two seconds later the same process asks again.

# %%
with Predict("10.a"):
    second = case("A", 1)
    for line in second.source[-3:]:
        print(line.text.partition("] ")[2])

# %% [markdown]
# ### Exercise 10.4
#
# What do you change, so that it does not come back?

# %% tags=["exercise"]
remedy_for_a = "size"

# %% tags=["check"]
check("10.4", remedy_for_a)

# %% tags=["solution"]
solution("10.4")

# %% [markdown]
# ### Exercise 10.5
#
# And what will it change? The kernel manages 117,101 pages on this machine. A tmpfs that is mounted
# without options has `size=50%`: it may hold half of them. This one holds more, so it was mounted
# with a higher limit. With the default, how many MiB of the 98,465 pages would not have been there?

# %% tags=["exercise"]
mib_not_there = (98_465 - 117_101 / 2) * 4 / 1024

# %% tags=["check"]
check("10.5", mib_not_there)

# %% tags=["solution"]
solution("10.5")

# %% [markdown]
# Now ask the library, in a cell of your own: `diagnose(case("A")).findings`. Does it rest on the
# same lines?

# %% [markdown]
# ## Case B
#
# A 32-bit machine with 1 GB, Linux 6.1. "It has 870 MB free. It must be a bug." (In the zone lines
# `min`, `low` and `high` contain the `boost`: notebook 08.)

# %%
render.annotated(case("B"))

# %% [markdown]
# ### Exercise 10.6
#
# What was short?

# %% tags=["exercise"]
short_in_b = "lowmem"

# %% tags=["check"]
check("10.6", short_in_b)

# %% tags=["solution"]
solution("10.6")

# %% [markdown]
# ### Exercise 10.7
#
# What filled it? (Newer kernels list the slab caches that cannot be reclaimed.)

# %% tags=["exercise"]
filled_b = "inodes"

# %% tags=["check"]
check("10.7", filled_b)

# %% tags=["solution"]
solution("10.7")

# %% [markdown]
# ### Exercise 10.8
#
# What frees it?

# %% tags=["exercise"]
frees_b = "delete"

# %% tags=["check"]
check("10.8", frees_b)

# %% tags=["solution"]
solution("10.8")

# %% [markdown]
# ## Case C
#
# "The log is full of memory errors. What should I buy?"

# %%
render.annotated(case("C"))

# %% [markdown]
# ### Exercise 10.9
#
# What do you do about it first?

# %% tags=["exercise"]
first_for_c = "look"

# %% tags=["check"]
check("10.9", first_for_c)

# %% tags=["solution"]
solution("10.9")

# %% [markdown]
# ## Mixed logs
#
# A real log holds more than one incident, and everything else that kernels say. `mixed_log(1)` is
# such a log, as a log server collects them from several hosts: whole reports that we recorded,
# under the prefix of a syslog daemon. Every number gives another one. Search it as you would at
# work; `print(mixed_log(1))` shows all of it.

# %%
log = mixed_log(1)
print(len(log.splitlines()), "lines")
for line in log.splitlines():
    if "invoked oom-killer" in line:
        print(line[:110])

# %% [markdown]
# ### Exercise 10.10
#
# How many of the three incidents in it were those of a control group at its limit?
# `problem("10.10", seed=1)` gives you another log.

# %% tags=["exercise"]
group_incidents = mixed_log(1).count("CONSTRAINT_MEMCG")

# %% tags=["check"]
check("10.10", group_incidents)

# %% tags=["solution"]
solution("10.10")

# %% [markdown]
# ### Exercise 10.11
#
# What was short in the last incident of this log?

# %% tags=["exercise"]
short_at_last = "group"

# %% tags=["check"]
check("10.11", short_at_last)

# %% tags=["solution"]
solution("10.11")

# %% [markdown]
# ## A remedy is a prediction
#
# "Buy less RAM" is no advice that a vendor gives. For the machine of the incident it was right, and
# you can say how much less. Here is what the model needs.

# %%
from oomlab.simulation import critical_ram
from oomlab.units import pages_to_gib

edge = critical_ram(INCIDENT, INCIDENT_WORKLOAD)
print(f"as it was: it dies from {pages_to_gib(edge):.1f} GiB of RAM on")
work = replace(INCIDENT_WORKLOAD, block_size=2048)
smaller = replace(INCIDENT, ram=20 * 2**18)
print("with blocks of 2 kB and 20 GiB:", simulate(smaller, work).outcome)

# %% [markdown]
# ### Exercise 10.12
#
# The same server, with a file system of 1,024-byte blocks. How much RAM may it have, in whole GiB,
# and survive the copy in the model? `problem("10.12", seed=1)` asks for another machine.

# %% tags=["exercise"]
safe_gib = int(pages_to_gib(critical_ram(INCIDENT, replace(INCIDENT_WORKLOAD, block_size=1024))))

# %% tags=["check"]
check("10.12", safe_gib)

# %% tags=["solution"]
solution("10.12")

# %% [markdown]
# ## Your own
#
# Put a log beside this notebook and name it `my.log`. A kernel log of any age and from any logger
# will do: `journalctl -k > my.log`, or the `dmesg` of a Kubernetes node. Without one, the cell
# takes the log above. Your log stays on the computer where this notebook runs: your own, if you
# have installed the course, and somebody else's in Colab, on Binder or on a hub.

# %%
from pathlib import Path

mine = Path("my.log")
text = mine.read_text(errors="replace") if mine.exists() else mixed_log(1)
reports = parse(text)
for number, report in enumerate(reports):
    print(number, report.quote(report.first_line).text[:100])

# %% [markdown]
# Choose one of them, `render.annotated(reports[0])`, and write your diagnosis before you ask for
# the library's.
#
# ### Exercise 10.13
#
# Write the diagnosis of a report: your own, or case A or B. What was short, what filled it, the
# lines that prove both, what to do now, and what it will change. A teacher, or you, judge it by the
# seven points that the check shows.

# %% tags=["exercise"]
my_diagnosis = """
Case A. The whole machine was short: constraint=CONSTRAINT_NONE, DMA32 at 2,552 kB of min 2,616,
DMA at 1,816 of 88 + 1,732, no swap. A file in tmpfs fills it: shmem:98465, 385 MiB of 457, and
shmem_write_begin in the trace. web held 42 MiB and was the only process that might be killed;
dd asked, with oom_score_adj=-1000. Who owns the file is not in the report. Delete it now. Mount
with size=50% so that it does not come back: then at most 229 MiB are in this file system, and
the next report, if there is one, shows shmem below 60,000 pages. If it shows more, I was wrong.
"""

# %% tags=["check"]
check("10.13", my_diagnosis)

# %% tags=["solution"]
solution("10.13")

# %% [markdown]
# And the library's, for comparison. It is a program, and it can be wrong where you are right: what
# it claims, it quotes.

# %%
print(fill(diagnose(reports[0], others=reports[1:]).summary, 96))

# %% [markdown]
# ## What you know now
#
# You began with 78 lines that looked like noise. You can now name the part that was short, prove it
# by a line, say what filled it and why it stayed, and put a number on what will help. This is all
# that a diagnosis is.
#
# What is still open in the course? This reads the file beside the notebooks. Then read the next
# report that a machine of yours writes.

# %%
from oomlab import progress

progress()

# %% [markdown]
# *Sources: our own recordings, `data/captures/oom-64-tmpfs.log`, `oom-lowmem-tmpfs-inodes.log` and
# `oom-dma-floppy.log`, with what was done to each machine in the `….truth.txt` beside it. tmpfs,
# its `size=` and `nr_inodes=`: Documentation/filesystems/tmpfs.rst. The mixed logs:
# `oomlab.exercises.cases`.*
