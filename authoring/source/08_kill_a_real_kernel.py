# %% [markdown]
# # Does a real kernel do it?
#
# *About 40 minutes. At the end you have foreseen at which megabyte a real kernel dies, watched it,
# rescued one that was dying, and diagnosed the report of your own machine.*
#
# So far we had a report, a model, and in [06](06_reproduce_the_failure.ipynb) the results of a few
# recorded runs of real kernels. A model can be wrong in ways that its makers did not think of. Now
# you watch a kernel yourself, from the first reading to its end: a 32-bit Linux, small enough for
# this computer, with the same lowmem trouble.
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
# Before the copy starts, one reading of `/proc` is all we have. Here is the guest of 1 GiB, in
# pages.

# %%
from oomlab import lab
from oomlab.check import check, hint, problem, solution
from oomlab.explore import LiveKernel, choose
from oomlab.procfs import parse_zoneinfo
from oomlab.simulation import page_cache

run = lab.run("incident-1g", engine="recorded")
first = run.samples[0]
files = int(first["nactf"] + first["ninactf"])
print("Normal:  free", int(first["nfree"]), " min", int(first["nmin"]), " files", files)
dma = parse_zoneinfo(run.zoneinfo)[0]
free = int(first["dmafree"])
print("DMA:     free", free, " min", dma.watermark_min, " reserve", dma.lowmem_reserve)
print("HighMem: free", int(first["hfree"]))
print("one buffer_head:", int(first["bh_size"]), "bytes")

# %% [markdown]
# ### Exercise 08.1
#
# The file system has blocks of 1,024 bytes. On this kernel 64 buffer_heads fill a page of slab (on
# the incident's it was 67, of 56 bytes each). 13 radix_tree_nodes fill one, and one node keeps 64
# pages. How many bytes of lowmem do the records of one cached page take?

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
# that it keeps. Both parts of the 100 stand in the line of DMA above: its own min, 69, and the
# second number of its reserve, 31, which it keeps from requests for Normal (notebook 04). How many
# **MiB** of page cache will there be when it runs out of memory?

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
print(f"{run.outcome}, with {run.page_cache / 256:.0f} MiB of cache, after {seconds:.0f} s")
print(run.notes)

# %% [markdown]
# The report that it wrote is read like any other. Linux 6.1 leaves out the zones that the request
# could not have, so HighMem has no line in it. (`init` is the guest's shell: the loop that starts
# the programs runs in it.)

# %%
run.report

# %% [markdown]
# The zone lines have a field that the incident's kernel did not know: `boost:`. Since Linux 5.0 the
# kernel raises a zone's three watermarks for a while, when a request had to take a block that was
# meant for pages of another kind: kswapd then frees more than usual, and with it larger blocks. The
# printed `min`, `low` and `high` contain the boost. In Normal's `min:2632kB`, 2,048 kB are boost.
# The other 584 kB are the 146 pages of the first reading.
#
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
# ## With swap
#
# In the model swap would not have helped (06.2 and 07.4). Here is a real guest of 640 MiB with
# 512 MiB of swap.

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
# The same guest once more, without swap. This time, as soon as there are 280 MiB of page cache, the
# fix is switched back on: the limit of buffer_heads gets its old value, and the flag that says "too
# many" is set. Nothing else is touched, and the copy goes on. The table begins a second before.

# %%
rescued = lab.run("rescued", engine="recorded")
at = rescued.notes[-1][0]
print(rescued.outcome, rescued.notes)
print("seconds     cache  buffer_heads  free in Normal  free in HighMem")
for sample in [each for each in rescued.samples if at - 1.1 <= each["t"] <= at + 8.2][::2]:
    mib = page_cache(sample) / 256
    print(
        f"{sample['t'] - at:+7.1f} {mib:5.0f} MiB {sample['bh_total']:13,.0f}"
        f" {sample['nfree']:9,.0f} pages {sample['hfree']:10,.0f} pages"
    )

# %% [markdown]
# ### Exercise 08.5
#
# Two numbers are written, and the machine lives. Where does its memory come from?

# %% tags=["exercise"]
where_from = "highmem"

# %% tags=["check"]
check("08.5", where_from)

# %% tags=["solution"]
solution("08.5")

# %% [markdown]
# ## Your own
#
# The machine below runs in *your browser*: nobody's server works for it, and closing the tab ends
# it. It needs no boot, since it begins from a snapshot of a machine that had booted. Let it die
# once. Then take "Seconds before the end", and rescue it: you have about ten seconds. (Where this
# computer has no snapshot, the recording is played. `oomlab lab setup --engine browser` makes one.)

# %%
machine = LiveKernel()
machine

# %% [markdown]
# When it has died, `machine.run` is a run like those above: it has a report, and `predict` takes
# it. With QEMU, give `lab.run` the engine `"qemu"`. The next cell takes the report of your machine
# once it has died, and until then that of the recorded guest of 640 MiB.

# %%
from contextlib import suppress

from oomlab.errors import LabUnavailable

dead = lab.run("incident-small", engine="recorded")
with suppress(LabUnavailable):  # yours has not died yet
    dead = machine.run if machine.run.report else dead

report, last = dead.report, dead.samples[-1]
print(report.quote(report.trigger.line).text.partition("] ")[2])
for zone in report.zones:
    print(report.quote(zone.line).text.partition("] ")[2].partition(" reserved_")[0])
print(report.quote(report.last_line).text.partition("] ")[2].partition(",")[0])
records = last["bh_total"]
print(f"last sample: {page_cache(last) / 256:.0f} MiB of page cache, {records:,.0f} buffer_heads,")
print(f"             {last['hfree']:,.0f} pages free in HighMem")

# %% [markdown]
# ### Exercise 08.6
#
# Write the diagnosis of the report above: three or four sentences that an administrator could act
# on. End with what this experiment cannot show. (The solution is written for the recorded one.)

# %% tags=["exercise"]
my_diagnosis = (
    "init asked for 2 pages with GFP_KERNEL_ACCOUNT|__GFP_ZERO, which must come from lowmem. "
    "Normal stood at 348 kB, 4 kB below its min, while 271 MiB of HighMem lay free. 20 MiB of "
    "records of 306 MiB of cached pages filled it. The kernel is 6.1 with the fix of 2012 "
    "switched off by hand, not a kernel of 2012."
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
# - The arithmetic carries over from 30 GiB to 300 MiB: for three recorded guests of two sizes the
#   model foretold the page cache at the end within two percent.
# - The absence of the fix is emulated. Linux 6.1 is of December 2022, almost eleven years after 3.2
#   (January 2012). What else changed in those years, this experiment cannot tell. The incident's
#   own report remains the evidence for the incident.
#
# Such kernels are rare by now, and machines run out of memory all the same. **What kills machines
# today?** Next: [09 Modern OOM](09_modern_oom.ipynb).
#
# *Sources: Linux 6.1, `boost_watermark` and `__zone_watermark_ok` in mm/page_alloc.c, and
# `watermark_boost_factor` in Documentation/admin-guide/sysctl/vm.rst; `shrink_zones` in mm/vmscan.c
# and `buffer_heads_over_limit` in fs/buffer.c, the fix of 2012 (commit cc715d99e529). The runs are
# our own, `data/captures/live`; `data/SOURCES.md` says how the fix was put out of action and how
# the samples were taken.*
