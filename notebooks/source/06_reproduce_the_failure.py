# %% [markdown]
# # Can we make it happen, and where is the edge?
#
# *About 40 minutes. At the end you can drive a machine into this failure and out of it again, and you
# can say which knob matters, by how much, and why.*
#
# [05](05_where_lowmem_went.ipynb) explained the death so well that the survival needs explaining. The
# server had run for twenty days when it died with 30.1 GiB in its page cache. After the reboot the
# copy was made once more. When the machine has been up for nearly nine hours, `top` shows 30.2 GiB in
# the cache, and all is well. Same machine, same kernel, same file.
#
# ## First, a prediction
#
# There is a moment when HighMem is nearly full of cache. What does the kernel do then, and what
# happens to the buffer_heads? Think it through before you go on.

# %% [markdown]
# ## A race
#
# When HighMem falls below its `low` mark, kswapd wakes for HighMem and drops the oldest cache until
# `high` is reached. With each page goes its buffer_head. Lowmem breathes.
#
# So the copy starts two clocks. One is HighMem filling up: when it is at its mark, the machine is
# *safe*, since from then on old cache makes room for new. The other is Normal running dry: when it is
# at its own, the machine is *dead*. Both clocks are driven by the same thing, pages of cache. Which
# one gets there first?

# %%
from oomlab import INCIDENT, INCIDENT_WORKLOAD, simulate
from oomlab.check import check, hint, problem, solution
from oomlab.explore.story import story

run = simulate(INCIDENT, INCIDENT_WORKLOAD)
print(story(run))

# %% [markdown]
# This is the model, with the incident's machine and a file of 50 GB. It stops where the real one
# stopped: the report shows 30.10 GiB of page cache. To be honest about it: the zones, marks and
# reserves are exact. The bytes for each cached page come from the sizes of the kernel's own
# structures. What else lay in lowmem is read off the report. And one number is fitted so that the end
# is met: 901 pages of other slab. With that number at zero the model says 30.31 GiB. It simplifies
# the writing to disk: there are no dirty pages in it, and no writers that are slowed down.

# %%
from oomlab import plot

plot.trajectory(run)
# %% [markdown]
# HighMem needed another 477 MiB of cache to reach its low mark. The records of so much cache take
# seven to eight MiB of lowmem (7.7 with SLAB, 7.1 with SLUB), and Normal did not have them. **That is
# the margin by which a server with 32 GB was lost.**
#
# A margin so small explains how the same machine can win the race on another day. A kernel that has
# been up for hours holds fewer inodes, directory entries and other small objects than one that has
# been up for weeks, and a few MiB of them are enough. This is the likely reason, not a proven one:
# nobody recorded what the kernel's slabs held during the second copy.
#
# ### Exercise 06.1
#
# The margin in words: what was the machine short of? `"ram"`, `"swap"`, `"lowmem"` or `"highmem"`?

# %% tags=["exercise"]
short_of = "lowmem"

# %% tags=["check"]
check("06.1", short_of)

# %% tags=["solution"]
solution("06.1")

# %% [markdown]
# ## The failure lab
#
# Here is the machine on a bench. Begin with the three sliders on top: **RAM**, **swap** and the
# **file**. Play the copy, step through it, and look at both clocks. Before each of the next
# exercises, switch on *Predict first* and commit yourself.

# %%
from oomlab.explore import FailureLab

FailureLab()

# %% [markdown]
# The slider is for the hand. For a number, ask the model in Python: `replace` makes a machine that
# differs in one thing.

# %%
from dataclasses import replace

from oomlab.units import gib_to_pages, pages_to_gib

run = simulate(replace(INCIDENT, swap=gib_to_pages(4)))
print(f"4 GiB of swap: {run.outcome} with {pages_to_gib(run.end.page_cache):.2f} GiB of page cache")

# %% [markdown]
# ### Exercise 06.2
#
# Give the machine 64 GB of swap. How many GiB of page cache does it have when it dies?

# %% tags=["exercise"]
cache_with_swap = pages_to_gib(simulate(replace(INCIDENT, swap=gib_to_pages(64))).end.page_cache)

# %% tags=["check"]
check("06.2", cache_with_swap)

# %% tags=["solution"]
solution("06.2")

# %% [markdown]
# ### Exercise 06.3
#
# Now twice the RAM, 64 GiB. The same question.

# %% tags=["exercise"]
cache_with_64_gib = pages_to_gib(simulate(replace(INCIDENT, ram=gib_to_pages(64))).end.page_cache)

# %% tags=["check"]
check("06.3", cache_with_64_gib)

# %% tags=["solution"]
solution("06.3")

# %% [markdown]
# It dies at *half* the cache. The additional RAM took a quarter of a gigabyte of lowmem for its
# `mem_map`, and it moved the finish line of the other clock thirty gigabytes away. On this kernel,
# more memory is a worse machine.
#
# ## The edge
#
# So there must be a size at which the race is a tie.

# %%
from oomlab.simulation import critical_ram

print(f"{pages_to_gib(critical_ram(INCIDENT, INCIDENT_WORKLOAD)):.2f} GiB")

# %% [markdown]
# Below 31.68 GiB this machine survives the copy, says the model. It has 32.
#
# ### Exercise 06.4
#
# With file system blocks of 1 kB, is the edge `"higher"` or `"lower"`? Decide before you compute.

# %% tags=["exercise"]
edge_with_1k_blocks = "lower"

# %% tags=["check"]
check("06.4", edge_with_1k_blocks)

# %% tags=["solution"]
solution("06.4")

# %% [markdown]
# The map shows all of it at once, in steps of half a GiB: which sizes of RAM live and which die, for
# every block size. The machine of the incident stands where you would expect it by now.

# %%
sizes = [gib_to_pages(half / 2) for half in range(8, 129)]
fates = {
    f"blocks of {size:,} bytes": [
        simulate(replace(INCIDENT, ram=ram), replace(INCIDENT_WORKLOAD, block_size=size)) for ram in sizes
    ]
    for size in (4096, 2048, 1024, 512)
}
plot.safe_map(fates, dot=(32, "blocks of 4,096 bytes"))
# %% [markdown]
# ## What would have helped
#
# Try them in the lab, one at a time, each with a prediction: `mem=16G`; `min_free_kbytes` at 64 MB; a
# kernel with the fix; a 64-bit kernel; the VM split at 2G/2G; `vmalloc=64M`; 8 MiB less of other
# lowmem.
#
# ### Exercise 06.5
#
# One of these makes it *worse*. Which?  `"mem=16G"`, `"min_free_kbytes=65536"`, `"fix"`, `"64-bit"`,
# `"vmsplit 2G"`, `"vmalloc=64M"`

# %% tags=["exercise"]
makes_it_worse = "min_free_kbytes=65536"

# %% tags=["check"]
check("06.5", makes_it_worse)

# %% tags=["solution"]
solution("06.5")

# %% [markdown]
# ### Exercise 06.6
#
# The second answer to the owner says: boot with `mem=16G`, and you will see it fail at 16 GB. Try it.
# What does the model say: `"survives"` or `"oom"`?

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
# machines with Linux 6.1 and 5.10, 32 bits with PAE, the fix of 2012 was put out of action by writing
# one variable of the running kernel, and a large file was written in blocks of 1 kB. (This emulates
# the missing fix. It is not a 3.2 kernel, and we do not claim it is.) A sampler recorded the zones
# until lowmem ran dry. In seven runs the machine died. In the eighth we gave the fix back at the last
# moment.
#
# The model was given the first line of each recording, the marks that the guest printed and the size
# of its disk. Then it had to say how much page cache there would be at the end.

# %%
from oomlab.recorded import compare, recorded_runs

deadly = [run.name for run in recorded_runs() if not run.fix]
plot.predictions({name.removeprefix("rsync-fix-off-"): compare(name) for name in deadly})
# %% [markdown]
# Eight recordings, from 0.3 to 9.3 GiB of page cache, on two kernels, and no miss above 2.2 percent.
# No number was fitted to where they ended: the sizes of the records are those that the guests
# themselves reported.
#
# Here is the largest of them in full: a guest with 16 GB, nothing squeezed. The dots are what the
# kernel had in buffer_heads and tree nodes while the file grew. The line is the model.

# %%
plot.model_vs_measurement(compare("rsync-fix-off-16384M"))

# %% [markdown]
# And the runs with the fix in place? They live, in the model as on the real kernels. Only here the
# agreement is coarser: a kernel that recycles keeps less cache than the model lets it keep, on the
# small guests by a third. The model knows when a machine dies. It does not claim to know how a
# healthy one breathes.

# %%
for run in recorded_runs():
    if run.fix:
        print(f"{run.name:<26} the kernel lived; the model {compare(run.name).modelled.outcome}")

# %% [markdown]
# ### Exercise 06.7
#
# `top` shows 31,648,080 kB cached and 108,124 kB of buffers. When the `mem_map` is paid, `Normal` has
# 626,676 kB. Suppose that every cached page carries its records of 66.06 bytes, as at the crash. Take
# away the records, the buffers, and the 8,048 kB below `min`. How many kB are left for everything
# else?

# %% tags=["exercise"]
kb_left = 626_676 - 31_648_080 / 4 * 66.06 / 1024 - 108_124 - 8_048

# %% tags=["check"]
check("06.7", kb_left)

# %% tags=["solution"]
solution("06.7")

# %% [markdown]
# ### Exercise 06.8
#
# How could the machine survive the second copy? Say in a few sentences what is known, what is
# inferred, and what nobody knows.

# %% tags=["exercise"]
the_survival = """
Known: top shows 108,124 kB of buffers, which lie in lowmem, and with the records of all cached pages
there would be 106 kB left for what took 104,976 kB before. Inferred: many of the pages carried no
buffer_heads. Pages that are only read carry none, and --append-verify reads what is already there.
Whether part of the file was there is unknown, so this remains a hypothesis.
"""

# %% tags=["check"]
check("06.8", the_survival)

# %% tags=["solution"]
solution("06.8")

# %% [markdown]
# ## What you know now
#
# The copy is a race between HighMem filling up, which saves the machine, and Normal running dry,
# which kills it. The server lost by seven to eight MiB. Swap has no part in this race. With more RAM
# it is lost sooner. Where real kernels ran dry, the model had said so within 2.2 percent.
#
# You have all the evidence. In notebook 00 you named a suspect. **Who was right?** Next: [07 Test
# every theory](07_test_every_theory.ipynb).
#
# *Sources: `oomlab.simulation`, whose docstrings name the kernel's functions; Linux 3.2,
# `wakeup_kswapd` and `balance_pgdat` in mm/vmscan.c. The recordings: `data/captures`, with
# `data/SOURCES.md`. The second copy and its `top`: Server Fault 724469, CC BY-SA, retold.*
