# %% [markdown]
# # Does a real kernel do it?
#
# *About 40 minutes. At the end you have foreseen at which megabyte a real kernel dies, watched it,
# saved one that was dying, and diagnosed the report of your own machine.*
#
# So far we had one report, and a model. A model can be wrong in ways that its makers did not think
# of. Here is the cure: a 32-bit Linux, small enough for this computer, with the same lowmem trouble.
#
# The guest has 640 MiB or 1 GiB of RAM. A boot option, `vmalloc=`, leaves it only 54 or 74 MiB of
# lowmem, so that it fails at a few hundred megabytes of page cache instead of 30 GiB. Its kernel is
# Debian's 6.1, which **has** the fix of 2012. We switch that off by writing one number into the
# guest's memory. That emulates the old kernel. It is not the old kernel.
#
# Every cell here works without any of this, on recordings. To run the guest yourself there are two
# ways: QEMU (`engine="qemu"`), or your browser, further down. `oomlab lab doctor` says what this
# computer has, and how to get the rest.
#
# ## First, a prediction
#
# Before it starts, one reading of `/proc` is all we have. Here is the guest of 1 GiB.

# %%
from oomlab import lab
from oomlab.check import check, hint, problem, solution
from oomlab.explore import LiveKernel, choose
from oomlab.simulation import page_cache

run = lab.run("incident-1g", engine="recorded")
first = run.samples[0]
print(
    "Normal:  free",
    int(first["nfree"]),
    " min",
    int(first["nmin"]),
    " files",
    int(first["nactf"] + first["ninactf"]),
)
print("DMA:     free", int(first["dmafree"]))
print("HighMem: free", int(first["hfree"]))

# %% [markdown]
# ### Exercise 08.1
#
# The file system has blocks of 1,024 bytes. 64 buffer_heads fill a page of slab; 13
# radix_tree_nodes do, and one node keeps 64 pages. How many bytes of lowmem do the records of one
# cached page take?

# %% tags=["exercise"]
bytes_for_a_page = 4096 // 1024 * 4096 / 64 + 4096 / 13 / 64

# %% tags=["check"]
check("08.1", bytes_for_a_page)

# %% tags=["solution"]
solution("08.1")

# %% [markdown]
# ### Exercise 08.2
#
# Now the whole prediction. What can the kernel still get of lowmem? All that Normal has free above
# its min, the file pages that lie there (reclaim may take those), and DMA, down to the 100 pages
# that it keeps: its own min, 69, and its reserve against requests for Normal, 31. How many **MiB**
# of page cache will there be when it runs out of memory?

# %% tags=["exercise"]
foreseen_mib = (3944 - 146 + 1560 + 3840 - 100) * 4096 / 261 / 256

# %% tags=["check"]
check("08.2", foreseen_mib)

# %% tags=["solution"]
solution("08.2")

# %% [markdown]
# ## The run
#
# `dd` writes a file, as rsync did. Beside it a loop starts a program every second, as any server
# does. What did the kernel reach?

# %%
seconds = run.samples[-1]["t"] - first["t"]
print(f"{run.outcome}, with {run.page_cache / 256:.0f} MiB of page cache, after {seconds:.0f} s")
print(run.notes)

# %% [markdown]
# The report that it wrote is read like any other. Linux 6.1 leaves out the zones that the request
# could not have, so HighMem has no line in it.

# %%
run.report

# %% [markdown]
# And the model, which was given the first sample and the zones, and nothing else:

# %%
from oomlab import plot
from oomlab.lab.prediction import predict

plot.model_vs_measurement(predict(run))
None

# %% [markdown]
# ### Exercise 08.3
#
# How much of HighMem lay free, in **MiB**? The last sample counts it in pages.

# %%
int(run.samples[-1]["hfree"])

# %% tags=["exercise"]
highmem_free_mib = 98_215 / 256

# %% tags=["check"]
check("08.3", highmem_free_mib)

# %% tags=["solution"]
solution("08.3")

# %% [markdown]
# ## Swap changes nothing
#
# Twice now we have worked out that swap would not have helped. Here is a guest of 640 MiB with
# 512 MiB of it.

# %%
swapped = lab.run("with-swap", engine="recorded")
print(f"{swapped.outcome}, with {swapped.page_cache / 256:.0f} MiB of page cache")
print(swapped.report.swap)

# %% [markdown]
# ### Exercise 08.4
#
# How many **kB** of swap were in use?

# %% tags=["exercise"]
swap_used_kb = swapped.report.swap.total - swapped.report.swap.free

# %% tags=["check"]
check("08.4", swap_used_kb)

# %% tags=["solution"]
solution("08.4")

# %% [markdown]
# ## Rescue one
#
# The same guest once more, without swap. This time, at 280 MiB of page cache, the fix is
# switched back on: the limit of buffer_heads gets its old value, and the flag that says "too many"
# is set. Nothing else is touched, and the copy goes on.

# %%
rescued = lab.run("rescued", engine="recorded")
at = rescued.notes[-1][0]
print(rescued.outcome, rescued.notes)
print("seconds  cache  buffer_heads  Normal free")
for sample in rescued.samples:
    if at - 1 <= sample["t"] <= at + 3:
        mib = page_cache(sample) / 256
        print(
            f"{sample['t'] - at:+6.1f} {mib:5.0f} MiB {sample['bh_total']:9,.0f} {sample['nfree']:8.0f} pages"
        )

# %% [markdown]
# ### Exercise 08.5
#
# Two numbers are written, and the machine lives. Where does its memory come from?
#
# - `highmem`: from HighMem, where reclaim may now drop cache, and its records go with it
# - `swap`: from swap
# - `killed`: from a process that is killed after all
# - `limit`: from a limit that is lower now: the kernel makes fewer records

# %% tags=["exercise"]
where_from = "highmem"

# %% tags=["check"]
check("08.5", where_from)

# %% tags=["solution"]
solution("08.5")

# %% [markdown]
# ## Your own
#
# The machine below runs in *your browser*: nobody's server works for it, and closing the tab ends it.
# It begins from a saved state, without a boot. Let it die once. Then take "Seconds before the end",
# and save it: you have about ten seconds. (Where no machine has been saved on this computer, it
# plays the recording. `oomlab lab setup --engine browser` saves one.)

# %%
machine = LiveKernel()
machine

# %% [markdown]
# When it has died, `machine.run` is a run like those above: it has a report, and `predict` takes it.
# With QEMU, give `lab.run` the engine `"qemu"`.
#
# ### Exercise 08.6
#
# Write the diagnosis of your own report (or of the recorded one): three or four sentences that an
# administrator could act on. End with what this experiment cannot show.

# %% tags=["exercise"]
my_diagnosis = (
    "init asked for 2 pages with GFP_KERNEL, which must come from lowmem. Normal stood at 348 kB, 4 kB below "
    "its min, while 271 MiB of HighMem lay free. 20 MiB of records of 306 MiB of cached pages filled it. "
    "The kernel is 6.1 with the fix of 2012 switched off by hand, not a kernel of 2012."
)

# %% tags=["check"]
check("08.6", my_diagnosis)

# %% tags=["solution"]
solution("08.6")

# %% [markdown]
# ## What it shows, and what it does not
#
# - The mechanism is real: records of cached pages fill lowmem, and the machine dies with HighMem
#   free and swap untouched. Nobody had to believe a model for that.
# - The arithmetic carries over from 30 GiB to 300 MiB, on two sizes, to about a percent.
# - The absence of the fix is emulated, on a kernel nine years newer. What else changed in those
#   years, this experiment cannot tell. The incident's own report remains the evidence for the
#   incident.
#
# Such kernels are rare by now. Machines run out of memory every day, most of them with memory free.
# **What kills machines today?** Next: [09 Modern OOM](09_modern_oom.ipynb).
