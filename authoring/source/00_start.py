# %% [markdown]
# # What killed a 32 GB server with half a gigabyte free?
#
# *About 15 minutes. You run your first cells, read a machine's last words, and name a suspect.*
#
# September 2015. Somebody copies one file from one server to another. The file is 50 GB, the tool
# is `rsync`, and neither machine has much else to do. The receiving server has 32 GB of RAM, 2 GB
# of swap and plenty of disk. About 32 GB into the copy the connection closes. The server no longer
# answers anybody. In the end the data centre resets it.
#
# The log shows what the owner could not see. The kernel had been killing processes, one after
# another, until it killed the one that was writing the log. Linux does that for a single reason:
# somebody asked for memory, there was none to give, and waiting could not help. This is *out of
# memory*, OOM for short. The part of the kernel that decides who must die is the **OOM killer**.
#
# So memory had run out. Had it?

# %% [markdown]
# ## The machine's own words
#
# A notebook mixes text with cells of Python. Click on the cell below and press **Shift+Enter**. It
# loads the kernel log of that night and prints three of its lines.

# %%
from oomlab import corpus, parse

log = corpus.incident()
lines = log.splitlines()
for line in (lines[0], *lines[-2:]):
    print(line)

# %% [markdown]
# Read them slowly. A process named `clamd`, a virus scanner, asked for memory. The kernel invoked
# the OOM killer on its behalf, and the OOM killer chose a victim: the same `clamd`. Nothing here
# mentions `rsync`.
#
# There are 75 lines between the first and the last two. You will learn to read every one of them.
# For now, let the library do it.

# %%
report = parse(log)[0]
swap_used = report.swap.total - report.swap.free
print(f"free memory {report.totals['free'] * report.page_size_kb:>9,} kB")
print(f"total swap  {report.swap.total * report.page_size_kb:>9,} kB")
print(f"used swap   {swap_used * report.page_size_kb:>9,} kB")

# %% [markdown]
# That is the riddle. At the moment when the kernel reports that memory has run out, more than half
# a gigabyte is free. There is swap, almost 2 GB of it, and not one page has ever been written to
# it.
#
# Where was the rest of the 32 GB? The kernel counts that too.

# %%
from oomlab import plot

plot.totals(report)

# %% [markdown]
# Nearly everything is **page cache**: copies of parts of files, which the kernel keeps in memory
# because they might be wanted again. Page cache is the easiest memory to take back. The disk has a
# copy of every page that has not been changed since, a *clean* page, so the kernel may drop such a
# page at any time, at no cost. Thirty gigabytes could have been given back in a moment. They were
# not.
#
# ## Who still runs 32 bits?
#
# Hardly anybody, and that is not why we are here. Free memory that a request may not use is still
# how machines die. In a Kubernetes pod the limit of a control group is reached while the machine
# has gigabytes free. On a big server one NUMA node is full and the next is empty. A device wants
# sixteen pages in a row, and there are only single ones. Each time the kernel writes the same kind
# of report, and each time the answer lies in a few of its numbers. This old machine shows all of
# them at once, and its story can be solved to the last page.
#
# ## Pick a suspect
#
# The owner had a theory. The people who answered the call for help had four more. Read them and
# commit to one. A guess that you make yourself is worth ten that you read: you will want to know
# whether you were right, and in notebook 07 you will find out. Your choice is kept in a small file
# beside this notebook, and sent nowhere.

# %%
from oomlab.explore import Suspects

Suspects()

# %% [markdown]
# ## How exercises work here
#
# Each notebook has exercises. Put your answer in place of the three dots and run the cell, then run
# the one below it. The check answers whether you are right. If you made a mistake that many people
# make, it names the mistake. You may try as often as you like. In the small file beside this
# notebook it is noted what you have done, for you alone.
#
# Try it on a small one. The kernel hands out memory in **pages** of 4 kB. (A kB of the kernel has
# 1,024 bytes. This course counts as the kernel does: a MiB is 1,024 kB, a GiB is 1,024 MiB. We
# write MB and GB only where somebody else does, as in "a 32 GB server".)
#
# ### Exercise 00.1
#
# One line of the report shows that 8,056 kB are free in one part of the machine. How many pages is
# that?

# %%
from oomlab.check import check, hint, problem, solution

# %% tags=["exercise"]
free_pages = 8056 / 4

# %% tags=["check"]
check("00.1", free_pages)

# %% tags=["solution"]
solution("00.1")

# %% [markdown]
# Some exercises offer options instead of dots: pick one, and it is checked at once.
#
# Stuck? Open *Hint* in the card, or call `hint("00.1")`; each further call gives a stronger hint.
# `solution("00.1")` shows the answer and the way there. For more practice, `problem("00.1",
# seed=1)` asks the same with fresh numbers, and `check("00.1", …, seed=1)` judges your answer. Any
# seed will do. For a cell of your own, press **+** in the toolbar.

# %%
hint("00.1")

# %% [markdown]
# ## What you know now
#
# A server with 32 GB of RAM died of *out of memory* with more than half a gigabyte free, swap
# untouched, and 30 GiB in its page cache that could have been dropped. The process that asked and
# the process that died were the same virus scanner, and nothing in these lines mentions the copy.
#
# Something in the report must explain it. The report has 78 lines. **What does each of them mean?**
# That is the next notebook: [01 Read the report](01_read_the_report.ipynb).
#
# *Sources: [question 724469](https://serverfault.com/questions/724469) of September 2015 on Server
# Fault, with its answers and comments, CC BY-SA, retold in our own words. The log is the owner's
# own, byte for byte; `data/SOURCES.md` in the course's repository describes it.*
