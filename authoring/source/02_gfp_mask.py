# %% [markdown]
# # What was asked for, by whom, and who was allowed to wait?
#
# *About 40 minutes. At the end you can decode a gfp mask without help, read the zone out of it, and
# say what the kernel was allowed to do to find the memory. You also know why the same number means
# something else on another kernel.*
#
# The report of [01](01_read_the_report.ipynb) begins with `gfp_mask=0x84d0, order=0`. One page is
# not much to ask. Half a gigabyte was free. Something about this request could not be met by the
# free memory. It is in the mask.
#
# *gfp* stands for *get free pages*, the kernel's way to ask for memory. The mask is a set of
# switches, one bit each. Some choose **where** the memory may lie. Some allow **what the kernel may
# do** while it looks. Some describe how to treat the page.
#
# ## First, a prediction
#
# Before you take the number apart: what was the request allowed to do while it waited for its page?

# %%
from oomlab import decode_gfp, encode_gfp
from oomlab.check import check, hint, problem, solution
from oomlab.explore import GfpBits, Predict, choose
from oomlab.gfp import zones_allowed

gfp = decode_gfp(0x84D0, kernel="3.2.59")
with Predict("02.a"):
    print("may wait: ", gfp.may_sleep)
    print("may write:", gfp.may_io)
    print("zones:    ", " then ".join(zones_allowed(gfp, ("DMA", "Normal", "HighMem"))))

# %% [markdown]
# ## Bit by bit
#
# Where does this stand in the mask? Write the number in binary. Every hexadecimal digit is four
# bits.

# %%
mask = 0x84D0
for digit in f"{mask:04x}":
    print(digit, f"{int(digit, 16):04b}")

# %% [markdown]
# Five bits are set. Here is what each of them means in Linux 3.2, the kernel of that night.

# %%
for name in ("__GFP_WAIT", "__GFP_IO", "__GFP_FS", "__GFP_REPEAT", "__GFP_ZERO"):
    bit = encode_gfp([name], kernel="3.2.59")
    print(f"{bit:#8x}  {name:<13}", "set" if name in gfp.flags else "not set")

# %% [markdown]
# `__GFP_WAIT`, `__GFP_IO` and `__GFP_FS` mean: you may sleep, you may start input and output, you
# may call into the file system. Most of the kernel's own requests want these three, so together
# they have a name: **`GFP_KERNEL`**, which is 0xd0. Of the other two, `__GFP_ZERO` asks for a page
# filled with zeros. `__GFP_REPEAT` asks the kernel to try harder; for a small request like this one
# it changes nothing on Linux 3.2, which repeats those anyway.

# %%
print(*gfp.names, sep=" | ")

# %% [markdown]
# This request was allowed to wait, to write and to clean up: a very patient request. One of the
# answers that the owner got concludes that it was therefore not picky at all. That is where the
# answer goes wrong. There is one thing that the request was picky about, and it shows in the bits
# that are **not** set.
#
# ## Where may the memory lie?
#
# The lowest four bits choose the **zone**. No bit set means `Normal`. `__GFP_DMA` (1) means the
# first 16 MiB, for hardware that can reach no further. `__GFP_HIGHMEM` (2) means that high memory
# is welcome. `__GFP_DMA32` (4) means the first 4 GiB, and only 64-bit kernels have such a zone.
# `__GFP_MOVABLE` (8) means that the page may be moved later on; together with the 2 it prefers a
# zone set aside for such pages, on machines that have one.
#
# The zone named is the *best* one that the request may use. If it has no page to spare, the kernel
# goes **down**: HighMem, then Normal, then DMA. It never goes up.
#
# ### Exercise 02.1
#
# Decode `0xd2` on the same kernel. It is `GFP_KERNEL` with one more bit. Which flag is it? Write
# its name between quotes.

# %% tags=["exercise"]
extra_flag = "__GFP_HIGHMEM"

# %% tags=["check"]
check("02.1", extra_flag)

# %% tags=["solution"]
solution("02.1")

# %% [markdown]
# Now three masks, each with the zones that it may use, the best one first.

# %%
for mask in (0x84D0, 0xD2, 0x1):
    request = decode_gfp(mask, kernel="3.2.59")
    print(f"{mask:#7x}", " then ".join(zones_allowed(request, ("DMA", "Normal", "HighMem"))))

# %% [markdown]
# `0x84d0` ends in 0. **The page had to come from `Normal` or from `DMA`.** The free half gigabyte
# in `HighMem` was never an option, and the kernel did not even look there.
#
# ### Exercise 02.2
#
# A kernel built with `CONFIG_HIGHPTE` may put page tables into high memory. What would the mask of
# the same request have been? A hexadecimal number begins with `0x` and needs no quotes.

# %% tags=["exercise"]
highpte_mask = 0x84D2

# %% tags=["check"]
check("02.2", highpte_mask)

# %% tags=["solution"]
solution("02.2")

# %% [markdown]
# ## Play with the bits
#
# Make a guess first.

# %%
with Predict("02.b"):
    for version in ("3.2.59", "4.4", "6.1"):
        names = decode_gfp(0x84D0, kernel=version).names
        print(f"{version:>7}  {' | '.join(names)}")

# %% [markdown]
# Now switch bits on and off and watch the names change. Then pick another kernel and leave the bits
# alone.

# %%
GfpBits(mask=0x84D0, kernel="3.2.59")

# %% [markdown]
# ## The same number on another kernel
#
# The kernel promises nothing about these bits. Its developers move them when they need room.
# `GFP_KERNEL` alone has had five values since 2.6.11, from 0xd0 to today's 0xcc0.
#
# A table from a web page, applied to the wrong kernel, gives names that look right and are not. So
# trust first the names that the kernel has printed itself (from 4.6 on it writes them beside the
# number), then the kernel's version, and only then a guess. The library names the one that it has
# used.

# %%
print("with the version:   ", decode_gfp(0x84D0, kernel="3.2.59").basis)
print("without the version:", decode_gfp(0x84D0).basis)

# %% [markdown]
# ### Exercise 02.3
#
# Decode `0x1d0` for Linux 3.2, on paper or with the explorer. Write the names between quotes,
# joined with `|`, and use the name of a group where there is one. `problem("02.3", seed=1)` has
# another mask for you.

# %% tags=["exercise"]
mask_names = "GFP_KERNEL | __GFP_COLD"

# %% tags=["check"]
check("02.3", mask_names)

# %% tags=["solution"]
solution("02.3")

# %% [markdown]
# ## Who is allowed to wait?
#
# Not everybody is. When a device needs attention, the processor drops what it does and runs an
# *interrupt handler*. That code cannot sleep: there is no process to put to sleep. It asks with
# `GFP_ATOMIC`, may take some of the pages below the `min` watermark, and must cope when it gets
# nothing. A file system that is already busy writing must not be called again to write more, or it
# would wait for itself. It asks with `GFP_NOFS`. And a request from a program's own page fault is
# in no hurry: `GFP_KERNEL` or `GFP_HIGHUSER_MOVABLE` may wait as long as it takes.
#
# The OOM killer is the last resort. On this kernel it is called only for requests that may sleep
# and may enter the file system, after everything else has been tried. An atomic request that fails
# makes a *page allocation failure*: its report looks much the same, and nobody dies.

# %%
print(f"{'mask':<9} {'names':<23} sleep  write  file system")
for mask in (0x20, 0x50, 0xD0, 0x200DA):
    gfp = decode_gfp(mask, kernel="3.2.59")
    may = ("yes" if able else "no" for able in (gfp.may_sleep, gfp.may_io, gfp.may_fs))
    print(f"{mask:<#9x} {' | '.join(gfp.names):<23}", *(f"{word:<6}" for word in may))

# %% [markdown]
# ### Exercise 02.4
#
# The copy fills the page cache. For each block of a cached page that is written the kernel keeps a
# small object, a *buffer_head*, and asks for its memory with `GFP_NOFS`. Can such a request call
# the OOM killer on this kernel?

# %% tags=["exercise"]
nofs_may_kill = "no"

# %% tags=["check"]
check("02.4", nofs_may_kill)

# %% tags=["solution"]
solution("02.4")

# %% [markdown]
# Take a moment for what this means. When the kernel wants memory for buffer_heads and there is
# none, nobody hears of it. Another request must come by, an ordinary one, and it is often a
# bystander's. The bystander's name is then in the first line of the report.
#
# ## How much? The order
#
# `order` is not a number of pages. Order 0 is one page, order 1 two, order 2 four, order 9 two MiB,
# always **in one piece** and aligned to its size. One of the answers to the owner seems to take
# `order=0` for 20 pages. Its author had meant 2⁰, and the raised zero was lost on the way.
#
# ### Exercise 02.5
#
# What is the order of a request for 64 kB?

# %% tags=["exercise"]
order_of_64_kb = 4

# %% tags=["check"]
check("02.5", order_of_64_kb)

# %% tags=["solution"]
solution("02.5")

# %% [markdown]
# ### Exercise 02.6
#
# A report from Linux 6.1 begins with `gfp_mask=0x140cca`. The number ends in `a`. Which is the best
# zone for this request, on a 32-bit machine without a movable zone?

# %% tags=["exercise"]
best_zone = "HighMem"

# %% tags=["check"]
check("02.6", best_zone)

# %% tags=["solution"]
solution("02.6")

# %% [markdown]
# ## What you know now
#
# `0x84d0` is a patient request by the kernel for one page for its own use. It may sleep, write and
# clean up. It may not use high memory: the lowest digit is 0, so only `Normal` and `DMA` will do.
# And on this kernel a request that may not enter the file system cannot call the OOM killer at all.
# (Newer kernels make an exception for the limit of a control group.) In this report a bystander
# called it.
#
# So the free memory was in the wrong place. But why are there places at all? The machine has 32 GB
# of the same RAM. **Why could half a gigabyte of it not serve a request for 4 kB?** Next: [03
# Lowmem and highmem](03_lowmem_highmem.ipynb).
#
# *Sources: include/linux/gfp.h of each version named; `gfp_zone` there. Linux 3.2: `PGALLOC_GFP`,
# `pte_alloc_one` and `setup_userpte` in arch/x86/mm/pgtable.c; `should_alloc_retry` and
# `__alloc_pages_slowpath` in mm/page_alloc.c (who repeats, and who may call the OOM killer);
# `alloc_page_buffers` in fs/buffer.c (`GFP_NOFS`). The exception for control groups:
# `out_of_memory` in mm/oom_kill.c. The owner's question and the answers: Server Fault 724469, CC
# BY-SA, retold.*
