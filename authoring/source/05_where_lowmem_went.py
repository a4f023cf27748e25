# %% [markdown]
# # What filled ZONE_NORMAL?
#
# *About 40 minutes. At the end you can draw up the budget of a zone, predict the kernel's slab from
# the page cache, and say why nothing gave it back.*
#
# [04](04_watermarks.ipynb) showed that lowmem was gone, to the page. No process was large.
# Somewhere in the 890,008 kB of `Normal` lies what killed the machine, and the report shows where.
#
# ## First, a prediction
#
# The next cell prints the zone's own counters, the largest first. Which will be on top?

# %%
from oomlab import corpus, parse
from oomlab.check import check, hint, problem, solution
from oomlab.explore import Predict, choose

report = parse(corpus.incident())[0]
normal = report.zone("Normal")
with Predict("05.a"):
    for name, pages in sorted(normal.counters.items(), key=lambda item: -item[1]):
        if pages and name != "pages_scanned":  # that one counts work, not memory
            print(f"{name:>20} {pages * 4:>9,} kB")

# %% [markdown]
# ## Small objects
#
# Whatever you guessed: half a million kB of one kind lie here, and the kernel calls them
# *reclaimable*. What are they?
#
# The kernel needs countless small records. To hand out a whole page for 56 bytes would be a waste,
# so the **slab allocator** takes pages, cuts them into objects of one kind and keeps a stock of
# each kind. The report does not list which kinds filled this half a million kilobytes. We can find
# out all the same.
#
# A file system keeps its files in blocks. When a file is written, most file systems of that time
# cut each page of its cache into such blocks, and the kernel keeps a record of each block: the
# **buffer_head**. On this kernel it takes 56 bytes. The kernel also keeps all cached pages of a
# file in a tree, so that it can find each by its place in the file. A **radix_tree_node** takes 296
# bytes and has room for 64 pages. Both are kernel objects. Both must live in lowmem.
#
# So a page of file in *highmem* costs something in *lowmem*. How much?
#
# ### Exercise 05.1
#
# The slab allocator puts 67 buffer_heads into one page, or 13 radix_tree_nodes. Let the blocks of
# the file system have 4 kB, so that there is one buffer_head for each cached page. How many bytes
# of lowmem does one page of page cache cost? Leave the upper levels of the tree aside.

# %% tags=["exercise"]
bytes_per_page = 4096 / 67 + 4096 / 13 / 64

# %% tags=["check"]
check("05.1", bytes_per_page)

# %% tags=["solution"]
solution("05.1")

# %% [markdown]
# Now multiply.
#
# ### Exercise 05.2
#
# The machine had 7,890,987 pages of page cache. How many kB of slab does your number predict?
# Compare it with `slab_reclaimable` of the whole report, once you have it.

# %% tags=["exercise"]
slab_kb = 7_890_987 * (4096 / 67 + 4096 / 13 / 64) / 1024

# %% tags=["check"]
check("05.2", slab_kb)

# %% tags=["solution"]
solution("05.2")

# %% [markdown]
# ## Two allocators, two questions
#
# The kernel of that time had two allocators to choose from. The numbers above are those of SLAB.
# SLUB packs tighter. With either of them two kinds of small records account for more than nine
# tenths of the reclaimable slab: SLAB leaves about 4 MiB for all other objects that can be
# reclaimed (inodes, directory entries and so on), SLUB about 43. The report does not show which it
# was. A closer fit proves nothing here. Our numbers use SLAB; both lead to the same end.
#
# Can we be sure that every cached page had a buffer_head? The report shows that too, in a line that
# hardly anybody reads: `7885006 pages shared`. On this kernel a page counts there once for every
# *extra* user that it has. A cached page that no process maps has one user, the cache. With
# buffer_heads it has two. 7,885,006 extra users for 7,890,987 cached pages: almost every single one
# carries buffers. If the blocks were smaller, each page would carry several, and the slab would
# have to be nearly twice as large at least. So the blocks have 4 kB.

# %% [markdown]
# ## The budget

# %%
from oomlab import fit, plot

fitted = fit(report)
plot.budget(fitted.budget())

# %% [markdown]
# Read it from the top. First the whole zone. Then, one after another, what is taken from it: what
# the report does not list (the kernel itself with its tables and drivers), the `mem_map` of all
# that high memory, the records of the page cache, and small change. At the end are the 8,048 kB
# below `min`, which no ordinary request gets.
#
# It closes to the kilobyte, and that is less of a feat than it looks: *other, unlisted*, nine
# percent of the zone, is simply the remainder. Reported are the sums. The split of the reclaimable
# slab is the exercise above. (Its two parts make 509,400 kB in the picture. Your number may differ
# by some hundred: the picture adds the upper levels of the tree, and leaves out what lies in DMA.)

# %% [markdown]
# ### Exercise 05.3
#
# Which single item took most?

# %% tags=["exercise"]
largest_item = "buffer_heads"

# %% tags=["check"]
check("05.3", largest_item)

# %% tags=["solution"]
solution("05.3")

# %% [markdown]
# ## Smaller blocks, worse luck
#
# A file system with blocks of 1 kB needs four buffer_heads for every page.
#
# ### Exercise 05.4
#
# How many bytes of lowmem does one cached page cost then? Count the radix tree again.

# %% tags=["exercise"]
bytes_with_1k_blocks = 4 * 4096 / 67 + 4096 / 13 / 64

# %% tags=["check"]
check("05.4", bytes_with_1k_blocks)

# %% tags=["solution"]
solution("05.4")

# %%
plot.bytes_per_cached_page()

# %% [markdown]
# ## Why did nothing give it back?
#
# *Reclaimable* means that the kernel could free it, if it came to try. Here is the trap, in four
# steps.
#
# 1. **A buffer_head belongs to its page.** It goes when its page is dropped, or when reclaim works
#    on that page and takes it off. Nothing looks for buffer_heads as such. And the page lies in
#    HighMem. So to free lowmem, the kernel would have to work through pages in *highmem*.
# 2. **Direct reclaim looked elsewhere.** The request was for lowmem, so the lists that it searched
#    were those of `Normal` and `DMA`. In these two there were 159 pages of page cache. They were
#    scanned over and over (`pages_scanned:1015`), until the kernel gave the zone up:
#    `all_unreclaimable? yes`. It does that when it has scanned six times as many pages as there are
#    *and* the shrinkers (by which it asks the owners of slab to give objects back) freed nothing. So
#    the line proves that half a gigabyte of "reclaimable" slab gave nothing back. (One thing reclaim
#    could have done: to drop an inode that nobody uses, with the file's cache in any zone. This file
#    was open. One huge open file is the worst case.)
# 3. **kswapd saw no reason.** It was meant to be at work, since Normal was below its watermark, and
#    it could have gone through HighMem. But it looks for the highest zone that is below its `high`,
#    and works on that one and those below. HighMem had 561,924 kB free, far above. By its
#    watermarks, all was well up there.
# 4. **Swap could not help.** It takes anonymous pages, and there were none in lowmem. Slab cannot
#    be swapped at all.
#
# ### Exercise 05.5
#
# What would have freed lowmem at that moment?

# %% tags=["exercise"]
what_frees_lowmem = "drop"

# %% tags=["check"]
check("05.5", what_frees_lowmem)

# %% tags=["solution"]
solution("05.5")

# %% [markdown]
# ## It is a bug, and it has a number
#
# Older kernels had scanned highmem in such a case too. Later ones did not, to save work. In 2012
# somebody copied much data from NTFS on a 32-bit machine with 16 GB, with blocks of 512 bytes, and
# met the OOM killer: bug 42578. The fix is a few lines. If there are too many buffer_heads, reclaim
# for a lowmem request scans highmem as well. It is in Linux 3.4, and 3.3.8 has it (commit
# cc715d99e529). This server ran a 3.2. None of the 3.2 trees that we have read has the
# fix, the latest of them 3.2.71.
#
# "Too many" is a limit that the kernel computes at boot: as many buffer_heads as would fill ten
# percent of lowmem.
#
# ### Exercise 05.6
#
# By the kernel's rule, the limit on this machine was 1,653,085 buffer_heads. By what factor was it
# exceeded, with one for each page of the cache?

# %% tags=["exercise"]
times_over = 7_890_987 / 1_653_085

# %% tags=["check"]
check("05.6", times_over)

# %% tags=["solution"]
solution("05.6")

# %% [markdown]
# ## What you know now
#
# Every page of cached file in high memory that was written holds about 66 bytes of lowmem, as a
# buffer_head and a share of a tree node. Thirty gigabytes of such cache hold half a gigabyte of
# lowmem. Only work on the cache in highmem frees it, and on this kernel reclaim for lowmem does not
# go there. 3.2 lacks the fix.
#
# But then every such machine should die of any large copy. This one had run for twenty days. After
# the reboot the very same copy was made again, and the machine lived, with even more in its cache.
# **Can we make it happen, where is the edge, and what was different the second time?** Next: [06
# Reproduce the failure](06_reproduce_the_failure.ipynb).
#
# *Sources: Linux 3.2, fs/buffer.c (`alloc_page_buffers`, `buffer_init`), `struct buffer_head`,
# lib/radix-tree.c, mm/slab.c, `show_mem` in lib/show_mem.c; in mm/vmscan.c `shrink_zones`,
# `shrink_slab`, `zone_reclaimable`, `balance_pgdat`; `prune_icache_sb` in fs/inode.c. The fix:
# commit cc715d99e529, [kernel bug 42578](https://bugzilla.kernel.org/show_bug.cgi?id=42578). The
# second copy: Server Fault 724469, CC BY-SA, retold.*
