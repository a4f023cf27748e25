# %% [markdown]
# # When does the kernel start to worry, and when does it give up?
#
# *About 40 minutes. At the end you can compute a zone's watermarks and reserves to the page from
# two sysctls, judge a request against a zone, and rebuild the line that the logger lost.*
#
# [03](03_lowmem_highmem.ipynb) left us with 2,014 free pages in `Normal` and a request for one. If
# you were the kernel, would you hand it out? Somebody may need a page more urgently: an interrupt
# handler that cannot wait, or the very code that writes dirty pages to disk to free others. A
# kernel that gives away its last page cannot do anything any more, not even save itself. So it
# keeps some back.
#
# ## First, a prediction
#
# Here is the zone once more.

# %%
from oomlab import corpus, parse
from oomlab.check import check, hint, problem, solution
from oomlab.explore import Predict, WatermarkCalculator, choose

report = parse(corpus.incident())[0]
normal = report.zone("Normal")
for name in ("free", "watermark_min", "watermark_low", "watermark_high"):
    print(f"{name:<15} {getattr(normal, name):>6,} pages")

# %% [markdown]
# Commit to a number. The answer comes further down, in *The verdict*, when you can work it out.

# %%
Predict("04.a")

# %% [markdown]
# ## Three watermarks
#
# Think of each zone as a tank of free pages, with three lines on its wall. The kernel calls them
# **watermarks**. To *reclaim* memory means to take pages back: to drop clean cache, write out dirty
# pages, move anonymous memory to swap.
#
# | free pages | an ordinary request | who reclaims |
# |---|---|---|
# | above **high** | gets its page | nobody |
# | below **low** in each zone | gets its page, and wakes kswapd | **kswapd**, until high is reached |
# | at or below **min** | has to wait | the asker itself: *direct reclaim* |
#
# ("Each zone" means each that the request may use. kswapd is a thread of the kernel that works in
# the background.)
#
# What lies below min is for the few requests that may go there: `GFP_ATOMIC`, down to some depth,
# and those that are freeing memory.
#
# ## Where the watermarks come from
#
# They all follow from the sizes of the zones and from one number, the sysctl `vm.min_free_kbytes`.
# The owner had set it to 8,192. The kernel turns it into pages and divides them among the lowmem
# zones by their size.

# %%
pages_min = 8192 // 4
lowmem = report.zone("DMA").present + normal.present
print("pages to keep in all:", pages_min)
print("share of Normal:     ", pages_min * normal.present // lowmem)

# %% [markdown]
# This is `min`, to the page. On this kernel `low` is a quarter of it higher, and `high` half of it.
# It is integer division all the way: the kernel does not use fractions. In Python that is `//`.
#
# ### Exercise 04.1
#
# Compute `min` of zone `DMA` in **pages**. It has 3,952 pages present.

# %% tags=["exercise"]
dma_min = pages_min * 3952 // lowmem

# %% tags=["check"]
check("04.1", dma_min)

# %% tags=["solution"]
solution("04.1")

# %% [markdown]
# ### Exercise 04.2
#
# Compute `low` of zone `Normal`, in pages. Compare with the report before you check.

# %% tags=["exercise"]
normal_low = 2012 + 2012 // 4

# %% tags=["check"]
check("04.2", normal_low)

# %% tags=["solution"]
solution("04.2")

# %% [markdown]
# HighMem is a special case. Nothing that the kernel needs in an emergency must come from there, so
# its `min` is small, 128 pages at the most. But its `low` and `high` grow with its size.
#
# ## The lost line
#
# Now we can rebuild the line that the logger dropped. The sysctl is known, the zone sizes are
# known, and the rule is known.

# %%
from oomlab import INCIDENT, zones

for zone in zones(INCIDENT)[:3]:
    watermarks = (zone.watermark_min, zone.watermark_low, zone.watermark_high)
    print(f"{zone.name:<8}", *(f"{pages * 4:>8,} kB" for pages in watermarks))

# %% [markdown]
# The rows for DMA and Normal agree with the report to the last kB. So we may believe the third:
# **HighMem min 512 kB, low 73,712 kB, high 146,916 kB.** And there were 561,924 kB free. HighMem
# was far above all of its watermarks. Nothing made the kernel worry about HighMem, and kswapd had
# no reason to touch the thirty gigabytes that lay there.
#
# Hold on to this. It is half of the answer.

# %% [markdown]
# ## The reserve: what a zone keeps from requests that had a choice
#
# A request that may use HighMem may also fall down into Normal, and one that may use Normal may
# fall down into DMA. If this were free, processes would fill lowmem with memory that could live
# anywhere. So each zone keeps a number of pages back from requests that had a better zone:
# **`lowmem_reserve`**.
#
# In the line of DMA it reads `0 869 32487 32487`: nothing is held back from requests *for* DMA, 869
# pages from those that wanted Normal, 32,487 from those that wanted HighMem. (The last number is
# for a zone named Movable, which is empty here.) DMA has 3,952 pages in all. A HighMem request will
# never get one.
#
# To find the number, add up the zones above this one, as far as the one that was wanted, and divide
# by a ratio. For DMA the sysctl `vm.lowmem_reserve_ratio` is 256.

# %%
print(report.zone("DMA").lowmem_reserve, normal.present // 256)

# %% [markdown]
# ### Exercise 04.3
#
# Suppose that the owner sets the ratio for DMA to 64. How many pages does DMA keep from Normal
# requests then?

# %% tags=["exercise"]
dma_reserve = normal.present // 64

# %% tags=["check"]
check("04.3", dma_reserve)

# %% tags=["solution"]
solution("04.3")

# %% [markdown]
# ## The verdict
#
# Now judge. The kernel lets a request for one page pass if more pages are free than the watermark
# and the reserve together. Linux 3.2 leaves two free pages out of its count. That was a slip in the
# code, repaired in 3.3, but this is the kernel of that night, so we count as it did.
#
# > free − 2 > min + lowmem_reserve

# %%
with Predict("04.a"):
    for zone, reserve in ((normal, 0), (report.zone("DMA"), 869)):
        left, limit = zone.free - 2, zone.watermark_min + reserve
        sign = ">" if left > limit else "is not more than"
        needed = f"{zone.watermark_min} + {reserve} = {limit}"
        print(f"{zone.name:<6} {zone.free} − 2 = {left} {sign} {needed}")

# %% [markdown]
# What came out is exact to the page, in two zones at once. (Had one page more been free, the next
# to ask would have met the same test.) This is not bad luck. The kernel hands out pages until this
# test fails, so the end is found at the edge, or a few pages below it where a request was allowed
# to go below min. And it is strong evidence: a sum that comes out to the page, twice, leaves little
# room for other stories.
#
# The picture shows the same for all three zones. In HighMem half a gigabyte was free, and the
# request could not use a page of it.

# %%
from oomlab import plot

plot.zones(report)

# %% [markdown]
# ### Exercise 04.4
#
# Judge another zone by the same rule: 1,501 pages are free, `min` is 630, and 869 are reserved.
# Does the request pass? Then try `problem("04.4", seed=1)` and further seeds, and answer with
# `"yes"` or `"no"`: there it is not always the same.

# %% tags=["exercise"]
passes = "yes" if 1501 - 2 > 630 + 869 else "no"

# %% tags=["check"]
check("04.4", passes)

# %% tags=["solution"]
solution("04.4")

# %% [markdown]
# ## Turn the knobs
#
# The owner's `min_free_kbytes` was 8,192. Here the model of notebook 06 copies the file with
# several values. Decide first.

# %%
from dataclasses import replace

from oomlab import INCIDENT_WORKLOAD, simulate
from oomlab.units import pages_to_gib

with Predict("04.b"):
    for kbytes in (4096, 8192, 16384, 65536):
        run = simulate(replace(INCIDENT, min_free_kbytes=kbytes), INCIDENT_WORKLOAD)
        cache = pages_to_gib(run.end.page_cache)
        print(f"{kbytes:>6} kB: {run.outcome} with {cache:5.2f} GiB of cache")

# %% [markdown]
# A higher `min` protects the few requests that may go below it, and it takes from all others. Turn
# the knobs yourself:

# %%
WatermarkCalculator()

# %% [markdown]
#
# ### Exercise 04.5
#
# With `min_free_kbytes` = 65536, how many pages would `min` of Normal be?

# %% tags=["exercise"]
raised_min = (65536 // 4) * normal.present // lowmem

# %% tags=["check"]
check("04.5", raised_min)

# %% tags=["solution"]
solution("04.5")

# %% [markdown]
# ## Against real kernels
#
# Rules from a book are cheap. Here is a machine that we have run: Linux 6.1, 32 bits, 1 GB. Its
# `/proc/zoneinfo` was recorded shortly after boot. Since Linux 4.6 the distance between the
# watermarks has a second rule, `watermark_scale_factor`, which gives each zone at least 0.1 percent
# of its size between two of them; the larger of the two counts.

# %%
from oomlab.procfs import parse_zoneinfo

print(f"{'zone':<8} {'managed':>8} {'min':>6} {'low':>6} {'high':>6}")
for zone in parse_zoneinfo(corpus.capture("1024/zoneinfo")):
    watermarks = (zone.watermark_min, zone.watermark_low, zone.watermark_high)
    print(f"{zone.name:<8} {zone.managed:>8,}", *(f"{pages:>6,}" for pages in watermarks))

# %% [markdown]
# Two things in this table look odd. This small guest keeps 42 MiB back in Normal, the server of 32
# GB only 8: nobody set `min_free_kbytes` here, and with transparent huge pages switched on the
# kernel raises its own choice, up to five percent of lowmem. And `Movable` is an empty zone: its
# row is what the rule for highmem gives for no pages at all, and means nothing.
#
# ### Exercise 04.6
#
# Look at Normal in the table. `watermark_scale_factor` is 10, in ten-thousandths of the managed
# pages. Which of the two rules decided the distance from `min` to `low`?

# %% tags=["exercise"]
deciding_rule = "quarter"

# %% tags=["check"]
check("04.6", deciding_rule)

# %% tags=["solution"]
solution("04.6")

# %% [markdown]
# The library computes these watermarks for every machine that we have recorded, from 512 MB to 20
# GB, without one page of difference.
#
# ## What you know now
#
# Each zone has three watermarks: below low kswapd wakes, it works until high is reached, and at min
# ordinary requests stop. A reserve guards lower zones from requests that have a choice. The
# incident's machine stood at the edge of both of its lowmem zones, exact to the page, while HighMem
# lay far above all its watermarks.
#
# So lowmem was truly gone. `Normal` has 869 MiB present, and 612 are left when the `mem_map` of the
# other zones is paid for. **What filled them?** Next: [05 Where lowmem
# went](05_where_lowmem_went.ipynb).
#
# *Sources: Linux 3.2, mm/page_alloc.c: `__setup_per_zone_wmarks`, `setup_per_zone_lowmem_reserve`,
# `__zone_watermark_ok` (its slip came with commit 88f5acf88ae6), `__alloc_pages_slowpath`. `kswapd`
# in mm/vmscan.c. The rule of 4.6: `watermark_scale_factor`, in the same `__setup_per_zone_wmarks`.
# Huge pages: `set_recommended_min_free_kbytes` in mm/khugepaged.c, 6.1. Real kernels:
# `data/captures`. The owner's sysctls: Server Fault 724469, CC BY-SA.*
