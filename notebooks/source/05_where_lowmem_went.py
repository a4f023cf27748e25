# %% [markdown]
# # What filled ZONE_NORMAL?
#
# *About 35 minutes. At the end you can draw up the budget of a zone to the kilobyte, predict the
# kernel's slab from the page cache, and say why nothing gave it back.*
#
# [04](04_watermarks.ipynb) proved that lowmem was gone, to the page. Nobody had leaked it. No process
# was large. Somewhere in 890,008 kB stands what killed the machine, and the report says where.
#
# ## First, a prediction
#
# Look at the zone's own counters. Which one would you put on trial?

# %%
from oomlab import corpus, parse
from oomlab.check import check, solution

report = parse(corpus.incident())[0]
normal = report.zone("Normal")
for name, pages in sorted(normal.counters.items(), key=lambda item: -item[1]):
    if pages and name != "pages_scanned":  # that one counts work, not memory
        print(f"{name:>20} {pages * 4:>9,} kB")

# %% [markdown]
# Not page cache: 636 kB. Not processes: none of their pages are here. **Slab**: 513,008 kB of it, and
# the kernel calls it *reclaimable*.
#
# ## Small objects
#
# The kernel needs countless small records. To hand out a whole page for 56 bytes would be a waste, so
# the **slab allocator** takes pages, cuts them into objects of one kind and keeps a cache of each
# kind. Which kinds filled these half million kilobytes the report does not say. We can find out all
# the same.
#
# When a file is written, the kernel cuts each page of its cache into the blocks that the file system
# uses on disk, and keeps a record of each block: the **buffer_head**. On this kernel it takes 56
# bytes. It also files each cached page in a tree, so that it can be found by its place in the file. A
# **radix_tree_node** takes 296 bytes and has room for 64 pages. Both are kernel objects. Both must
# live in lowmem.
#
# So a page of file in *highmem* costs something in *lowmem*. How much?
#
# ### Exercise 05.1
#
# The SLAB allocator puts 67 buffer_heads into one page, and 13 radix_tree_nodes. File system blocks
# have 4 kB, so there is one buffer_head for each cached page. How many bytes of lowmem does one page
# of page cache cost? Leave the upper levels of the tree aside.

# %% tags=["exercise"]
answer = 4096 / 67 + 4096 / 13 / 64

# %% tags=["check"]
check("05.1", answer)

# %% tags=["solution"]
solution("05.1")

# %% [markdown]
# Sixty-six bytes for four thousand. It sounds like nothing. Multiply.
#
# ### Exercise 05.2
#
# The machine had 7,890,987 pages of page cache. How many kB of slab does your number predict?

# %% tags=["exercise"]
answer = 7_890_987 * (4096 / 67 + 4096 / 13 / 64) / 1024

# %% tags=["check"]
check("05.2", answer)

# %% tags=["solution"]
solution("05.2")

# %% [markdown]
# The report says 513,248 kB of reclaimable slab in the whole machine. Two small records for every
# cached page explain 99 percent of it.
#
# Can we be sure that every cached page had a buffer_head? The report betrays that too, in a line
# nobody reads. `7885006 pages shared`: on this kernel, a page counts there once for every *extra*
# holder that it has. A cached page that no process maps has one holder, the cache. With buffer_heads
# it has two. 7,885,006 extra holders for 7,890,987 cached pages: almost every single one carries
# buffers. If the blocks were smaller, each page would carry several, and the slab would have to be
# twice as large at least. So the blocks have 4 kB.

# %% [markdown]
# ## The budget, to the kilobyte

# %%
from oomlab import plot
from oomlab.fit import fit

fitted = fit(report)
plot.budget(fitted.budget())
# %% [markdown]
# Read it from the top. The whole zone; then what the report does not list, which is the kernel itself
# with its tables and drivers; then the `mem_map` of all that high memory, gone before anything
# starts; then the records of the page cache; then small change; and at the end the 8,048 kB below
# `min` that nobody gets. What is called *other, unlisted* is a difference, and we say so.

# %% [markdown]
# ### Exercise 05.3
#
# Which single item took most?  `"mem_map"`, `"buffer_heads"`, `"kernel"` or `"page tables"`?

# %% tags=["exercise"]
answer = "buffer_heads"

# %% tags=["check"]
check("05.3", answer)

# %% tags=["solution"]
solution("05.3")

# %% [markdown]
# ## Smaller blocks, worse luck
#
# A file system with blocks of 1 kB needs four buffer_heads for every page.
#
# ### Exercise 05.4
#
# How many bytes of lowmem does one cached page cost then? Give it with the radix tree again.

# %% tags=["exercise"]
answer = 4 * 4096 / 67 + 4096 / 13 / 64

# %% tags=["check"]
check("05.4", answer)

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
# A buffer_head belongs to its page. It is freed when its page is dropped, and in no other way: no
# shrinker goes through the buffer_heads. Its page lies in HighMem. So to free lowmem, the kernel
# would have to drop pages from *highmem*.
#
# But the request was for lowmem. Direct reclaim looks for pages in the zones that could serve the
# request, `Normal` and `DMA`, and in no others. In these two there are 159 pages of page cache. It
# scanned them, over and over (`pages_scanned:1015`), until it declared the zone hopeless:
# `all_unreclaimable? yes`.
#
# kswapd would have emptied HighMem. But kswapd looks at the marks, zone by zone. HighMem had 561,924
# kB free, far above its mark. All is well up there, said the mark.
#
# And swap? Swap takes anonymous pages. There were none in lowmem. Slab cannot be swapped at all.
#
# ### Exercise 05.5
#
# What would have freed lowmem at that moment? `"swap"` more swap · `"drop"` dropping clean page cache
# by hand (`drop_caches=1`) · `"kill"` killing the largest process · `"min"` raising min_free_kbytes

# %% tags=["exercise"]
answer = "drop"

# %% tags=["check"]
check("05.5", answer)

# %% tags=["solution"]
solution("05.5")

# %% [markdown]
# ## It is a bug, and it has a number
#
# The kernel developers met it in 2012, as bug 42578, on a machine with 16 GB and blocks of 512 bytes.
# Their fix is a few lines. If the machine holds too many buffer_heads, reclaim for a lowmem request
# scans highmem as well. The fix is in Linux 3.4 and in 3.3.8 (commit cc715d99e529). It never went
# into the 3.2 series that this server ran, not in any of the source trees we have read.
#
# "Too many" is a limit that the kernel computes at boot, ten percent of lowmem's worth of
# buffer_heads.
#
# ### Exercise 05.6
#
# On this machine the limit was 1,653,085 buffer_heads. By what factor did the page cache exceed it?

# %% tags=["exercise"]
answer = 7_890_987 / 1_653_085

# %% tags=["check"]
check("05.6", answer)

# %% tags=["solution"]
solution("05.6")

# %% [markdown]
# ## What you know now
#
# Every page of cached file in high memory holds about 66 bytes of lowmem, as a buffer_head and a
# share of a tree node. Thirty gigabytes of cache hold half a gigabyte of lowmem. Only dropping the
# cache frees it, and nothing that looks at lowmem drops cache from highmem. 3.2 lacks the fix.
#
# But then every such machine should die, at any large copy. This one had run for twenty days. After
# the reboot the very same copy went through, with even more in the cache. **Can we make it happen,
# and where is the edge?** Next: [06 Reproduce the failure](06_reproduce_the_failure.ipynb).
