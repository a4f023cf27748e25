# %% [markdown]
# # Why could half a gigabyte of free memory not serve a request for 4 kB?
#
# *About 40 minutes. At the end you can explain the 896 MiB line, say which memory must lie below
# it, and work out what more RAM costs a 32-bit kernel.*
#
# From [02](02_gfp_mask.ipynb) we know that the request wanted a page from `Normal` or `DMA`, and
# that the free half gigabyte lay in `HighMem`. A chip of RAM has no zones. Somebody drew these
# lines. Who, and where?
#
# ## First, a prediction
#
# Commit to a guess about this machine, and see.

# %%
from oomlab import INCIDENT, zones
from oomlab.check import check, hint, problem, solution
from oomlab.explore import Predict, ZoneMap, choose
from oomlab.units import pages_to_gib

with Predict("03.a"):
    for zone in zones(INCIDENT)[:3]:
        gib = pages_to_gib(zone.present)
        print(f"{zone.name:<8} {zone.present:>9,} pages present {gib:>7.2f} GiB")

# %% [markdown]
# (*Present* counts the RAM in a zone, less what this kernel books there for its records of pages,
# which we come to below. That is why the three zones do not add up to 32 GiB.)
#
# ## An address of 32 bits
#
# A 32-bit pointer has 2³² values. It can name 4 GiB, whatever the machine holds. Linux divides
# these 4 GiB of *addresses* between the running process and the kernel: three for the process, the
# uppermost one for the kernel. This is the **VM split**, 3G/1G by default.
#
# | addresses | size | what they reach |
# |---|---|---|
# | from 0: the process | 3,072 MiB | any RAM that its page tables name, lowmem or highmem |
# | from 3 GiB: the kernel's lowmem | 892 MiB | the first 892 MiB of RAM, always |
# | the rest, up to 4 GiB | 132 MiB | `vmalloc` (128 MiB), borrowed and fixed addresses |
#
# The kernel wants to reach its own memory at once, without preparing anything. So it maps RAM
# straight into its gigabyte: physical page 0 at the bottom, then on and on. RAM that has such a
# permanent address is **lowmem**. The rest of RAM has no address in the kernel at all. That is
# **highmem**. The kernel can give highmem to a process, whose own page tables hold where it is, or
# fill it with page cache. To touch it itself, it must borrow an address for a moment and give it
# back.
#
# Not even that gigabyte is all for RAM. Near its top the kernel keeps 128 MiB of addresses for
# `vmalloc`, where it joins scattered pages into one area and reaches the memory of devices. 1,024 −
# 128 = **896 MiB**: this is the line that everybody quotes. To be exact, the borrowed and a few
# other fixed addresses take some 4 MiB more on this kernel, so its line runs at 892 MiB.
#
# **PAE** does not move it. It lets a page-table entry name more than 4 GiB of *physical* memory, so
# a 32-bit kernel can *have* 32 or even 64 GB. A pointer keeps its 32 bits. PAE gives you more
# highmem, and not one byte of lowmem.

# %% [markdown]
# ### Exercise 03.1
#
# Somebody boots this kernel with `vmalloc=192M`. How many MiB of lowmem are left? Use the round
# numbers above.

# %% tags=["exercise"]
lowmem_mib = 1024 - 192

# %% tags=["check"]
check("03.1", lowmem_mib)

# %% tags=["solution"]
solution("03.1")

# %% [markdown]
# ## The map
#
# What does a 32-bit kernel gain when somebody adds RAM?

# %%
from dataclasses import replace

from oomlab.units import gib_to_pages

with Predict("03.b"):
    for gib in (1, 4, 16, 32, 64):
        machine = replace(INCIDENT, ram=gib_to_pages(gib))
        left = sum(zone.managed for zone in zones(machine) if zone.name != "HighMem")
        print(f"{gib:>3} GiB of RAM: {left * 4 / 1024:>4.0f} MiB of lowmem are left after boot")

# %% [markdown]
# Here is the same as a map. Move the sliders. Begin with RAM, and watch the free part of lowmem.

# %%
ZoneMap()

# %% [markdown]
# Why does more RAM leave less lowmem?
#
# ## The price of a page
#
# The kernel keeps a small record of every page of RAM: who uses it, how often, in which state. The
# record is a `struct page`. On this kernel it takes 32 bytes. All the records together are the
# **`mem_map`**. The kernel needs it all the time, so it must have permanent addresses. All of it
# lies in lowmem, even the part about highmem.
#
# ### Exercise 03.2
#
# How many MiB of lowmem does the `mem_map` of this machine take? Count 0x840000 page frames. (A
# page frame is one page-sized slot of physical memory.) That is 33 GiB: the hole of 1 GiB for
# devices counts as well.

# %% tags=["exercise"]
mem_map_mib = 0x840000 * 32 / 2**20

# %% tags=["check"]
check("03.2", mem_map_mib)

# %% tags=["solution"]
solution("03.2")

# %% [markdown]
# All this is gone before the first program has started, only to keep records of the rest. Here is
# the price for machines of every size.

# %%
from oomlab import plot

plot.mem_map_price(INCIDENT, ram_gib=(1, 2, 4, 8, 16, 32, 48, 64))

# %% [markdown]
# ### Exercise 03.3
#
# Linux 6.1 needs 40 bytes for each page on a 32-bit PAE kernel. How many MiB does the `mem_map`
# cost on a machine with 16 GiB of RAM and a 1 GiB hole?

# %% tags=["exercise"]
mem_map_of_16_gib = 17 * 2**18 * 40 / 2**20

# %% tags=["check"]
check("03.3", mem_map_of_16_gib)

# %% tags=["solution"]
solution("03.3")

# %% [markdown]
# Real kernels pay this price. Here are two guests that we recorded with Linux 6.1, which counts
# what is left of a zone as *managed*. One has 8 GiB of RAM, the other 16.

# %%
from oomlab import corpus
from oomlab.procfs import parse_zoneinfo

managed = {}
for ram in (8192, 16384):
    booted = parse_zoneinfo(corpus.capture(f"{ram}/zoneinfo"))
    normal = next(zone for zone in booted if zone.name == "Normal")
    managed[ram] = normal.managed * 4 / 1024
    print(f"{ram:>6} MiB of RAM: Normal manages {managed[ram]:.0f} MiB")
print(f"That is {managed[8192] - managed[16384]:.0f} MiB less.")
print(f"The records of 8 GiB, 40 bytes for each page: {2**21 * 40 / 2**20:.0f} MiB.")

# %% [markdown]
# ## Who must live in lowmem?
#
# Everything that the kernel wants to reach through a plain pointer:
#
# - its own code and data, and the `mem_map`;
# - the stacks that processes use inside the kernel, and network buffers;
# - the cached blocks of block devices themselves, such as the maps and directories of a file
#   system, which `free` and `top` call *buffers*;
# - every small object. The kernel's **slab allocator** cuts pages into such objects: the one that
#   describes an open file (an *inode*), a directory entry, a block of a cached page;
# - page tables as well, unless the kernel was built with `CONFIG_HIGHPTE` (and it was not switched
#   off at boot).
#
# The memory of processes and the page cache of files may lie on either side of the line, and the
# kernel puts them in highmem first, to spare lowmem.
#
# ### Exercise 03.4
#
# Which of these could the kernel have put into the free half gigabyte of HighMem?

# %% tags=["exercise"]
fits_in_highmem = "heap"

# %% tags=["check"]
check("03.4", fits_in_highmem)

# %% tags=["solution"]
solution("03.4")

# %% [markdown]
# ## Drawing the line elsewhere
#
# The split is a choice made when the kernel is built. With `VMSPLIT_2G` the kernel gets two
# gigabytes of addresses, and each process keeps two.

# %%
for page_offset, name in ((0xC0000000, "3G/1G"), (0x80000000, "2G/2G"), (0x40000000, "1G/3G")):
    normal = zones(replace(INCIDENT, page_offset=page_offset))[1]
    print(f"{name}  {normal.name} has {normal.present * 4 / 1024:>7,.0f} MiB")

# %% [markdown]
# ### Exercise 03.5
#
# The same hardware runs a 64-bit kernel. How many pages of HighMem does it have? Try it with
# `zones(replace(INCIDENT, arch="x86_64"))`.

# %% tags=["exercise"]
highmem_pages = sum(
    zone.spanned for zone in zones(replace(INCIDENT, arch="x86_64")) if zone.name == "HighMem"
)

# %% tags=["check"]
check("03.5", highmem_pages)

# %% tags=["solution"]
solution("03.5")

# %% [markdown]
# ### Exercise 03.6
#
# The owner chose 32 bits on purpose, so that no process could ever use more than 4 GB. In two or
# three sentences: what did the choice cost, and is there a better way to get what the owner wanted?

# %% tags=["exercise"]
price_of_32_bits = """
The kernel itself got less than 900 MiB for all its records of 32 GiB, and more than a quarter
of that went to mem_map. A 64-bit kernel with a limit on each process, by ulimit or a control
group, holds processes down without starving the kernel.
"""

# %% tags=["check"]
check("03.6", price_of_32_bits)

# %% tags=["solution"]
solution("03.6")

# %% [markdown]
# ## What you know now
#
# With the usual split, a 32-bit kernel reaches at most 896 MiB of RAM directly. All its own objects
# must live there. PAE adds memory above that line, never below, and every page above costs 32 bytes
# below. The free half gigabyte was highmem. The request was for lowmem.
#
# Yet lowmem was not empty either. `Normal` had 8,056 kB free, two thousand pages, for a request of
# one. **When does the kernel start to worry, and when does it give up?** Next: [04
# Watermarks](04_watermarks.ipynb).
#
# *Sources: Linux 3.2, `find_low_pfn_range` in arch/x86/mm/init_32.c, `MAXMEM` in
# arch/x86/include/asm/pgtable_32_types.h, `struct page` in include/linux/mm_types.h,
# `free_area_init_core` and `alloc_node_mem_map` in mm/page_alloc.c, `bdget` in fs/block_dev.c (the
# mapping of a block device is GFP_USER, so lowmem) and `nr_blockdev_pages` there (what *buffers*
# counts). The guests: `data/captures/8192` and `16384`. The owner's reason for 32 bits: Server
# Fault 724469, CC BY-SA, retold.*
