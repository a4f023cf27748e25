# %% [markdown]
# # Can we make it happen, and where is the edge?
#
# *About an hour with the lab. At the end you can drive a machine into this failure and out of it
# again, say which knob matters, by how much, and why, and tell a result from a hypothesis.*
#
# Notebook [05](05_where_lowmem_went.ipynb) explained the death so well that it leaves a puzzle: why
# did the machine survive? It had run for twenty days when it died with 30.1 GiB in its page cache.
# After the reboot the copy was made once more. When the machine has been up for nearly nine hours,
# `top` shows 30.2 GiB in the cache, and all is well. Same machine, same file. (The same kernel, as
# far as we know.)
#
# ## First, a prediction
#
# There is a moment when HighMem is nearly full of cache. Here is the same server with 16 GiB of
# RAM, in the model, at the end of a copy of 50 GiB.

# %%
from dataclasses import replace

from oomlab import INCIDENT, INCIDENT_WORKLOAD, simulate
from oomlab.check import check, hint, problem, solution
from oomlab.explore import FailureLab, Predict, choose
from oomlab.explore.story import story
from oomlab.units import gib_to_pages, pages_to_gib

with Predict("06.a"):
    print(story(simulate(replace(INCIDENT, ram=gib_to_pages(16)), INCIDENT_WORKLOAD)))

# %% [markdown]
# ## A race
#
# When HighMem falls below its `low` watermark, kswapd wakes for HighMem and drops the oldest cache
# until `high` is reached. With each page goes its buffer_head. That frees lowmem.
#
# So the copy starts two clocks. One is HighMem filling up: when it is down to its low watermark,
# the machine is *safe*, since from then on old cache makes room for new. The other is Normal
# running dry: when it is down to min, the machine is *dead*. Both clocks are driven by the same
# thing, pages of cache. Which one gets there first?

# %%
run = simulate(INCIDENT, INCIDENT_WORKLOAD)
print(story(run))

# %% [markdown]
# This is the model, with the incident's machine and a file of 50 GiB, all of it written. It stops
# where the real one stopped: the report shows 30.10 GiB of page cache. What can be trusted in it?
#
# - *Exact:* the zones, watermarks and reserves.
# - *Computed:* the bytes for each cached page, from the sizes of the kernel's own structures.
# - *Read off the report:* what else lay in lowmem.
# - *Fitted:* one number, 901 pages of other slab, chosen so that the end is met. With that number
#   at zero the model stops at 30.31 GiB.
# - *Simplified:* the writing to disk. There are no dirty pages in the model, and no writers that
#   are slowed down.

# %%
from oomlab import plot

plot.trajectory(run)

# %% [markdown]
# HighMem needed another 477 MiB of cache to reach its low watermark. The records of so much cache
# take seven to eight MiB of lowmem (7.7 with SLAB, 7.1 with SLUB), and Normal did not have them.
# **That is the margin by which a server with 32 GB was lost.**
#
# Half a gigabyte turns up five times in this story, and it is not always the same one. "Report"
# means counted by the kernel that night; "model" means computed, at the moment when the model
# stops.
#
# | half a gigabyte | report | model |
# |---|---|---|
# | free on the whole machine | 573,976 kB = 561 MiB | 563 MiB |
# | free in HighMem | 561,924 kB = 549 MiB | 551 MiB |
# | from there down to HighMem's low watermark | 488,212 kB = 477 MiB | 479 MiB |
# | reclaimable slab in Normal | 513,008 kB = 501 MiB | |
# | records of the cached pages in Normal | 509,400 kB = 497 MiB, by the sum of 05 | 498 MiB |
#
# Zone sizes have two names each, too. *Spanned* counts addresses from the first to the last page of
# a zone, *present* counts RAM, less the records that this kernel books there: Normal has 876 and
# 869 MiB. In HighMem the lab shows 31.1 GiB, which is all of its RAM; the report's *present* is
# 30.9, because Linux 3.2 books the records of HighMem's pages there although they lie in Normal.
#
# ### Exercise 06.1
#
# The margin in words: what was the machine short of?

# %% tags=["exercise"]
short_of = "lowmem"

# %% tags=["check"]
check("06.1", short_of)

# %% tags=["solution"]
solution("06.1")

# %% [markdown]
# ## The failure lab
#
# Here is the machine on a bench. **Play** shows the whole copy: four seconds to the edge, then
# slowly through what happens there.
#
# - The strip on top is RAM, to scale, with what is in it. The sliver at its left is lowmem.
# - Below it each zone has a row: the vessel shows what is in it now, the areas beside it how it
#   came to this. Normal is drawn much larger than HighMem; the lab states how much.
# - Below every slider runs the fate of the machine: green where it lives, hatched where it dies.
# - The lens shows the finish: HighMem runs towards `low`, where kswapd wakes, and lowmem towards
#   `min`, where the kernel gives up. The first to arrive decides.
# - The card is the last request. It tries one zone after the other, and each says why it is shut.
#
# Begin with the sliders on top: **RAM**, **swap** and the **file**. Point at a word or a layer to
# see what it is and how its bytes are computed. Before each of the next exercises, switch on
# *Predict first*: put the flag where you think the machine dies, and say of what.

# %%
FailureLab()

# %% [markdown]
# Use the sliders to explore, and Python for exact numbers. `replace` makes a machine that differs
# in one thing.

# %%
run = simulate(replace(INCIDENT, highpte=True))  # page tables may lie in HighMem: notebook 02
print(f"CONFIG_HIGHPTE: {run.outcome} with {pages_to_gib(run.end.page_cache):.2f} GiB of cache")

# %% [markdown]
# ### Exercise 06.2
#
# Give the machine 64 GiB of swap. How many GiB of page cache does it have when it dies?

# %% tags=["exercise"]
cache_with_swap = pages_to_gib(simulate(replace(INCIDENT, swap=gib_to_pages(64))).end.page_cache)

# %% tags=["check"]
check("06.2", cache_with_swap)

# %% tags=["solution"]
solution("06.2")

# %% [markdown]
# ### Exercise 06.3
#
# Now twice the RAM, 64 GiB, and the swap as it was. The same question.

# %% tags=["exercise"]
cache_with_64_gib = pages_to_gib(simulate(replace(INCIDENT, ram=gib_to_pages(64))).end.page_cache)

# %% tags=["check"]
check("06.3", cache_with_64_gib)

# %% tags=["solution"]
solution("06.3")

# %% [markdown]
# ## The edge
#
# There must be a size at which the race is a tie.

# %%
from oomlab.simulation import critical_ram

print(f"{pages_to_gib(critical_ram(INCIDENT, INCIDENT_WORKLOAD)):.2f} GiB")

# %% [markdown]
# With less RAM than that, the model's machine survives the copy. Ours has 32 GiB.
#
# ### Exercise 06.4
#
# With file system blocks of 1 kB, is the edge higher or lower? Decide before you compute.

# %% tags=["exercise"]
edge_with_1k_blocks = "lower"

# %% tags=["check"]
check("06.4", edge_with_1k_blocks)

# %% tags=["solution"]
solution("06.4")

# %% [markdown]
# The map shows all of it at once, in steps of half a GiB: which sizes of RAM live and which die,
# for every block size. The dot is the machine of the incident.

# %%
sizes = [gib_to_pages(half / 2) for half in range(8, 129)]
fates = {
    f"blocks of {size:,} bytes": [
        simulate(replace(INCIDENT, ram=ram), replace(INCIDENT_WORKLOAD, block_size=size))
        for ram in sizes
    ]
    for size in (4096, 2048, 1024, 512)
}
plot.safe_map(fates, dot=(32, "blocks of 4,096 bytes"))

# %% [markdown]
# ## What would have helped
#
# Try these changes in the lab, one at a time, each with a prediction: `mem=16G`; `min_free_kbytes`
# at 64 MiB; a kernel with the fix; a 64-bit kernel; the VM split at 2G/2G; `vmalloc=64M`.
#
# ### Exercise 06.5
#
# One of these makes it *worse*. Which?

# %% tags=["exercise"]
makes_it_worse = "min_free_kbytes=65536"

# %% tags=["check"]
check("06.5", makes_it_worse)

# %% tags=["solution"]
solution("06.5")

# %% [markdown]
# ### Exercise 06.6
#
# The second answer to the owner predicts: boot with `mem=16G`, and it will fail at 16 GB. Try it.
# What is the outcome in the model?

# %% tags=["exercise"]
fate_at_16_gib = simulate(replace(INCIDENT, mem_limit=gib_to_pages(16))).outcome

# %% tags=["check"]
check("06.6", fate_at_16_gib)

# %% tags=["solution"]
solution("06.6")

# %% [markdown]
# ## Is it only a model?
#
# A model that was fitted to one report proves little. So we made real kernels fail. On virtual
# machines with Linux 6.1 and 5.10 (`k510`), 32 bits with PAE, the fix of 2012 was put out of action
# by writing one variable of the running kernel, and a large file was written in blocks of 1 kB. On
# the guests called *small* lowmem had been made scarce beforehand, to get there sooner. (This
# emulates the missing fix. It is not a 3.2 kernel, and we do not claim it is.) A sampler recorded
# the zones until lowmem ran dry. In seven runs the machine died. In the eighth we gave the fix back
# at the last moment.
#
# The model was given the first line of each recording, the watermarks that the guest printed and
# the size of its disk. Then it had to predict how much page cache there would be at the end.

# %%
from oomlab.recorded import compare, recorded_runs

deadly = [run.name for run in recorded_runs() if not run.fix]
plot.predictions({name.removeprefix("rsync-fix-off-"): compare(name) for name in deadly})

# %% [markdown]
# Eight recordings, from 0.3 to 9.3 GiB of page cache, on two kernels, and no miss above 2.2
# percent. No number was fitted to where they ended: the sizes of the records are those that the
# guests themselves reported.
#
# Here is the largest of them in full: a guest with 16 GB, nothing made scarce. The dots are what
# the kernel had in buffer_heads and tree nodes while the file grew. The line is the model.

# %%
plot.model_vs_measurement(compare("rsync-fix-off-16384M"))

# %% [markdown]
# And the runs with the fix in place? They live, in the model as on the real kernels. Only here the
# agreement is coarser: a kernel that recycles keeps less cache than the model lets it keep, on the
# small guests by a third. The model predicts when a machine dies. How much cache a machine keeps
# that lives, it predicts only roughly.

# %%
for run in recorded_runs():
    if run.fix:
        print(f"{run.name:<26} the kernel lived; the model", compare(run.name).modelled.outcome)

# %% [markdown]
# ## The second copy
#
# Now the puzzle. The margin of the first run was small, 7 to 8 MiB of lowmem. It is tempting to
# stop here: soon after a boot the kernel's other slabs will have been that much smaller, and the
# race was won. Before you believe it, look at all the numbers that there are. Here is the head of
# `top` from the second copy.

# %%
from oomlab import corpus

print(corpus.read("incident/top.txt"))

# %% [markdown]
# Two of these numbers are worth a look. `buffers` are cached blocks of block devices themselves,
# such as the maps and directories of a file system. The kernel reaches them through plain pointers,
# so they lie in **lowmem** and nowhere else (notebook 03). At the crash, *all* file pages of Normal
# together were 636 kB. And `free` is 515,840 kB.
#
# ### Exercise 06.7
#
# `top` shows 31,648,080 kB cached and 108,124 kB of buffers. When the `mem_map` is paid, `Normal`
# has 626,676 kB. Suppose that every cached page carries its records of 66.06 bytes, as at the
# crash. Take away the records, the buffers, and the 8,048 kB below `min`. How many kB are left for
# everything else: the kernel itself, stacks, page tables, slab that cannot be reclaimed?

# %% tags=["exercise"]
kb_left = 626_676 - 31_648_080 / 4 * 66.06 / 1024 - 108_124 - 8_048

# %% tags=["check"]
check("06.7", kb_left)

# %% tags=["solution"]
solution("06.7")

# %% [markdown]
# Compare your number with the first run, where "everything else" took 104,976 kB. The tempting
# explanation does not fit its own data. If everything else took as much as before, at most 78
# percent of the cached pages can have carried a buffer_head with SLAB's packing (85 percent with
# SLUB's).
#
# Which cached pages carry no buffer_heads? Those that were **read** and not written: most file
# systems attach the records when a page is written in blocks. And rsync was called with
# `--append-verify`, which reads what is already on the receiving side before it adds to it. If the
# first copy had left its 30 GB there, they would have been read. The model can test whether that
# would do. Here lowmem holds the 108,124 kB of buffers as well, and more and more of the 50 GiB are
# only read.

# %%
buffers = 108_124 // 4
for read in (0, 5, 10, 15, 20, 30):
    work = replace(
        INCIDENT_WORKLOAD,
        written=gib_to_pages(50 - read),
        read=gib_to_pages(read),
        other_lowmem=INCIDENT_WORKLOAD.other_lowmem + buffers,
    )
    run = simulate(INCIDENT, work)
    cache = pages_to_gib(run.end.page_cache)
    print(f"{read:>2} of 50 GiB read: {run.outcome:<9} {cache:5.2f} GiB in the cache")

# %% [markdown]
# So it *can* have been like this. Whether it was, nobody recorded: the second copy ran as another
# user, and we do not know whether any part of the file was there. The other number, `free`, does
# not decide it either. It means that HighMem was not yet down to its low watermark when `top` ran,
# or that Normal had more than 365,000 kB free.
#
# Keep four things apart: a sum, a conclusion from it, a hypothesis that fits, and what was never
# recorded.
#
# ### Exercise 06.8
#
# How could the machine survive the second copy? In a few sentences: what is known, what is
# inferred, and what does nobody know?

# %% tags=["exercise"]
the_survival = """
Known: top shows 108,124 kB of buffers, which lie in lowmem, and with the records of all cached
pages there would be 106 kB left for what took 104,976 kB before. Inferred: many of the pages
carried no buffer_heads. Pages that are only read carry none, and --append-verify reads what is
already there. Whether part of the file was there is unknown, so this remains a hypothesis.
"""

# %% tags=["check"]
check("06.8", the_survival)

# %% tags=["solution"]
solution("06.8")

# %% [markdown]
# ## What you know now
#
# The copy is a race between HighMem filling up, which saves the machine, and Normal running dry,
# which kills it. In the first run the server lost by seven to eight MiB. Swap has no part in this
# race. With more RAM the machine loses sooner. Where real kernels ran dry, the model predicted it
# within 2.2 percent. And the survival has another reason than the small margin: a good part of the
# cached pages cannot have carried buffer_heads.
#
# You have all the evidence. In notebook 00 you named a suspect. **Who was right?** Next: [07 Test
# every theory](07_test_every_theory.ipynb).
#
# *Sources: `oomlab.simulation`, whose docstrings name the kernel's functions; Linux 3.2,
# `wakeup_kswapd` and `balance_pgdat` in mm/vmscan.c; fs/block_dev.c, `bdget` (a device's pages are
# GFP_USER) and `nr_blockdev_pages` (what buffers count). The manual of rsync, `--append-verify`.
# The recordings: `data/captures`, with `data/SOURCES.md`. The second copy and its `top`:
# `data/incident/top.txt`, Server Fault 724469, CC BY-SA, retold.*
