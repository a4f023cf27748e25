# %% [markdown]
# # Can we make it happen, and where is the edge?
#
# *About 40 minutes. At the end you can drive a machine into this failure and out of it again, and you
# can say which knob matters, by how much, and why.*
#
# [05](05_where_lowmem_went.ipynb) explained the death so well that the survival needs explaining. The
# server had run for twenty days. After the reboot it did this very copy, and had 31.6 GB in its cache
# at the end. Same machine, same kernel, same file.
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
# So the copy starts two clocks. One is HighMem filling up: when it is full, the machine is *safe*,
# for good, since from then on old cache makes room for new. The other is Normal running dry: when it
# is empty, the machine is *dead*. Both run on the same fuel, pages of cache. Who gets there first?

# %%
from oomlab import Machine, Workload, simulate
from oomlab.check import check, solution
from oomlab.explore.story import story

run = simulate(Machine(), Workload())
print(story(run))

# %% [markdown]
# This is the model, with the incident's machine and a file of 50 GB. It stops where the real one
# stopped: the report shows 30.10 GiB of page cache. To be honest about it: the zones, marks and
# reserves are exact. Bytes for each cached page come from the sizes of the kernel's own structures.
# One number is calibrated with the report itself, 901 pages of other slab; with that number at zero
# the model says 30.31 GiB. What it simplifies is the writing to disk: dirty pages and how writers are
# slowed down.

# %%
from oomlab import plot

plot.trajectory(run)
# %% [markdown]
# HighMem needed another 477 MiB of cache to reach its low mark. Normal was short by seven to eight
# MiB to get it there. **That is the margin by which a server with 32 GB was lost.** After a reboot
# the kernel's other slabs are smaller by more than this, and the machine wins the race. After twenty
# days of uptime, it does not.
#
# ### Exercise 06.1
#
# The margin in words: what was the machine short of? `"ram"`, `"swap"`, `"lowmem"` or `"highmem"`

# %% tags=["exercise"]
answer = "lowmem"

# %% tags=["check"]
check("06.1", answer)

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

run = simulate(replace(Machine(), swap=gib_to_pages(4)), Workload())
print(f"4 GiB of swap: {run.outcome} with {pages_to_gib(run.end.page_cache):.2f} GiB of page cache")

# %% [markdown]
# ### Exercise 06.2
#
# Give the machine 64 GB of swap. How many GiB of page cache does it have when it dies?

# %% tags=["exercise"]
answer = pages_to_gib(simulate(replace(Machine(), swap=gib_to_pages(64)), Workload()).end.page_cache)

# %% tags=["check"]
check("06.2", answer)

# %% tags=["solution"]
solution("06.2")

# %% [markdown]
# ### Exercise 06.3
#
# Now twice the RAM, 64 GiB. The same question.

# %% tags=["exercise"]
answer = pages_to_gib(simulate(replace(Machine(), ram=gib_to_pages(64)), Workload()).end.page_cache)

# %% tags=["check"]
check("06.3", answer)

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
from oomlab.simulate import critical_ram

print(f"{pages_to_gib(critical_ram(Machine(), Workload())):.2f} GiB")

# %% [markdown]
# Below 31.68 GiB this machine would have survived every copy. It has 32.
#
# ### Exercise 06.4
#
# With file system blocks of 1 kB, where is the edge? `"higher"` or `"lower"`? Decide before you
# compute.

# %% tags=["exercise"]
answer = "lower"

# %% tags=["check"]
check("06.4", answer)

# %% tags=["solution"]
solution("06.4")

# %% [markdown]
# The map shows all of it at once: which sizes of RAM live and which die, for every block size. The
# machine of the incident stands where you would expect it by now.

# %%
sizes = [gib_to_pages(half / 2) for half in range(8, 129)]
fates = {
    f"blocks of {size:,} bytes": [
        simulate(replace(Machine(), ram=ram), Workload(block_size=size)) for ram in sizes
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
answer = "min_free_kbytes=65536"

# %% tags=["check"]
check("06.5", answer)

# %% tags=["solution"]
solution("06.5")

# %% [markdown]
# ### Exercise 06.6
#
# The second answer to the owner says: boot with `mem=16G`, and you will see it fail at 16 GB. Try it.
# What does the model say: `"survives"` or `"oom"`?

# %% tags=["exercise"]
answer = simulate(replace(Machine(), mem_limit=gib_to_pages(16)), Workload()).outcome

# %% tags=["check"]
check("06.6", answer)

# %% tags=["solution"]
solution("06.6")

# %% [markdown]
# ## Is it only a model?
#
# A model that was fitted to one report proves little. So we made real machines fail. On small virtual
# machines with Linux 6.1 and 5.10, 32 bits with PAE, the fix of 2012 was switched off by writing one
# variable of the running kernel, and a file was copied. (This emulates the missing fix. It is not a
# 3.2 kernel, and we do not claim it is.) A sampler recorded the zones until the kernel panicked.
#
# The model was given the first line of each recording, and nothing else. Then it had to say at how
# much page cache the machine would die.

# %%
from oomlab.recorded import compare, recorded_runs

deadly = [run.name for run in recorded_runs() if not run.fix]
plot.predictions({name.removeprefix("rsync-fix-off-"): compare(name) for name in deadly})
# %% [markdown]
# Eight recordings, from 0.3 to 9.3 GiB of page cache, on two kernels, and no miss above 2.2 percent.
# Nothing was fitted to them: the sizes of the records are those that the guests themselves reported.
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
# In two or three sentences: why did the copy succeed after the reboot?

# %% tags=["exercise"]
answer = """
After 8 hours of uptime the kernel's other slabs (inodes, directory entries and so on) held less
lowmem than after 20 days. The machine had been short by 7 to 8 MiB only. So HighMem reached its low
mark first, kswapd began to drop cache together with its buffer_heads, and lowmem never ran out.
"""

# %% tags=["check"]
check("06.7", answer)

# %% tags=["solution"]
solution("06.7")

# %% [markdown]
# ## What you know now
#
# The copy is a race between HighMem filling up, which saves the machine, and Normal running dry,
# which kills it. The server lost by seven to eight MiB. Swap does not run in this race. More RAM
# loses it sooner. Real kernels agree with the model within three percent.
#
# You have all the evidence. In notebook 00 you named a suspect. **Who was right?** Next: [07 Test
# every theory](07_test_every_theory.ipynb).
