# %% [markdown]
# # What killed a 32 GB server with 550 MB free?
#
# *About 20 minutes. You will run your first cells, hear a machine's last words, and name a suspect.*
#
# September 2015. Somebody copies one file from one server to another. The file is 50 GB, the tool is
# `rsync`, and neither machine has much else to do. The receiving server has 32 GB of RAM, 2 GB of
# swap and plenty of disk. Around 32 GB into the copy, the connection closes. The server answers
# nobody. In the end somebody in the data centre presses the reset button.
#
# The log tells what the owner could not see. The kernel had been killing processes, one after
# another, until it killed the one that was writing the log. Linux does that for a single reason.
# Somebody asked for memory, there was none to give, and waiting could not help. This is *out of
# memory*, OOM for short. The part of the kernel that decides who must die is the **OOM killer**.
#
# So memory had run out. Had it?

# %% [markdown]
# ## The machine's own words
#
# A notebook is text with cells of Python between. Click on the cell below and press **Shift+Enter**.
# It loads the kernel log of that night and prints three of its lines.

# %%
from oomlab import corpus, parse

log = corpus.incident()
lines = log.splitlines()
for line in (lines[0], *lines[-2:]):
    print(line)

# %% [markdown]
# Read them slowly. A process named `clamd`, a virus scanner, asked for memory. The kernel invoked the
# OOM killer on its behalf, and the OOM killer chose a victim: the same `clamd`. Nobody mentions
# `rsync`.
#
# Between the first line and the last stand many more. You will learn to read every one of them. For
# now, let the library do it.

# %%
report = parse(log)[0]
swap_used = report.swap.total - report.swap.free
print(f"free memory {report.totals['free'] * report.page_size_kb:>9,} kB")
print(f"total swap  {report.swap.total * report.page_size_kb:>9,} kB")
print(f"used swap   {swap_used * report.page_size_kb:>9,} kB")

# %% [markdown]
# There is the riddle. At the moment when the kernel says that memory has run out, more than half a
# gigabyte is free. Swap is there, almost 2 GB of it, and not one page has ever been written to it.
#
# Where was the rest of the 32 GB? The kernel counts that too.

# %%
from oomlab import plot

plot.totals(report)
# %% [markdown]
# Nearly everything is **page cache**: pieces of files that the kernel keeps in memory because they
# might be wanted again. Page cache is the easiest memory there is. The disk has a copy of each page
# that has not been changed since, a *clean* page, so the kernel may drop such a page at any time, at
# no cost. Thirty gigabytes could have been given back in a moment. They were not.
#
# ## Pick a suspect
#
# The owner had a theory of his own. The people who answered his call for help had four more. Read
# them and commit to one. A guess that you have made yourself is worth ten that you have read: you
# will want to know whether you were right, and in notebook 07 you will find out. Your choice is kept
# in a small file beside this notebook, and sent nowhere.

# %%
from oomlab.explore import Suspects

Suspects()

# %% [markdown]
# ## How exercises work here
#
# Each notebook has exercises. You put your answer in place of the three dots and run the cell, then
# the one below it. The check says whether you are right. When you are wrong in a way that many people
# are, it says which way. Nothing is recorded, and you may try as often as you like.
#
# Try it on a small one. The kernel hands out memory in **pages** of 4 kB.
#
# ### Exercise 00.1
#
# One line of the report says that 8,056 kB are free in one part of the machine. How many pages are
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
# Stuck? `hint("00.1")` gives a nudge; call it again for a stronger one. `solution("00.1")` shows the
# answer and the way there. And when you want more practice, `problem("00.1", seed=1)` asks the same
# with fresh numbers, and `check("00.1", …, seed=1)` judges your answer. Any seed will do. A cell of
# your own for such things comes with the **+** in the toolbar.

# %%
hint("00.1")

# %% [markdown]
# ## What you know now
#
# A server with 32 GB of RAM died of *out of memory* with more than 550 MB free, swap untouched, and
# 30 GB in its page cache that could have been dropped. The process that asked and the process that
# died were the same virus scanner, and the copy itself is not accused of anything.
#
# (The kernel's kB has 1,024 bytes. Where we round, a MB has 1,024 of these kB and a GB 1,024 MB.)
#
# Something in that report must say why. The report has 78 lines. **What does each of them say?** That
# is the next notebook: [01 Read the report](01_read_the_report.ipynb).
#
# *Sources: [question 724469](https://serverfault.com/questions/724469) of September 2015 on Server
# Fault, with its answers and comments, CC BY-SA, retold in our own words. The log is the owner's own,
# byte for byte; `data/SOURCES.md` says more.*
