# %% [markdown]
# # What kills machines today?
#
# *About 60 minutes. At the end you can read a report of a 64-bit machine: tell a container's limit
# from a full machine, compute why this process was chosen, and say what took the place of lowmem.*
#
# The old server died because the free memory was in a place that the request might not use. Its
# kernel is long gone, and 64-bit kernels have no lowmem to lose. Machines run out of memory
# all the same. Which memory do they run out of now, and is there more beside it?
#
# The reports in this notebook were made for it: Linux 6.1 on small virtual machines, brought down
# on purpose in one way at a time. All but one of them come from 64-bit kernels.
#
# ## First, a prediction
#
# Put a 64-bit kernel on the hardware of the incident. How much RAM lies beyond its direct reach?

# %%
from dataclasses import replace
from textwrap import fill

from oomlab import INCIDENT, corpus, diagnose, parse, zones
from oomlab.check import check, hint, problem, solution
from oomlab.explore import Predict, choose

with Predict("09.a"):
    for zone in zones(replace(INCIDENT, arch="x86_64")):
        if zone.present:
            print(f"{zone.name:<8} {zone.present * 4 / 2**20:>6.2f} GiB")

# %% [markdown]
# ## What replaced lowmem
#
# `Normal` now holds nearly everything. `DMA32` is what lies below 4 GiB, for devices that can name
# no higher address. (It has 2.94 GiB of RAM. The hole of 1 GiB for devices lies there, too, and the
# records of its pages are not counted. As for `vmalloc`, which took 128 MiB from lowmem in notebook
# 03: a 64-bit kernel has addresses for 64 TiB of RAM and more, and plenty beside.)
#
# The question of this course stays: *which part of the memory may this request use, and has that
# part a page to spare?* What has changed is who draws the lines.
#
# | the part | who draws the line | the line of the report |
# |---|---|---|
# | a **control group** | a container's or service's limit | `CONSTRAINT_MEMCG`, `memory: usage … limit …` |
# | a **NUMA node** | a cpuset, a memory policy | `CONSTRAINT_CPUSET` or `…_MEMORY_POLICY`, `mems_allowed=` |
# | blocks of a **size** | the order of the request | the buddy lists |
# | a kind of **block** | CMA: memory lent to movable pages only | `free_cma:` in the zone line |
# | zones | the mask, and nothing else | `CONSTRAINT_NONE`, and the zone lines |
#
# `CONSTRAINT_NONE` does not say that the machine is full. It says that neither a group's limit nor
# a binding to nodes stood in the way. A 32-bit kernel writes it with HighMem wide open, as in the
# reports of notebook 08. Only the zone lines show whether everything is full.
#
# We take the parts in turn.

# %% [markdown]
# ## A container at its limit
#
# A container is a **control group**: a set of processes whose memory is counted together and may be
# limited. Kubernetes starts containers in **pods**, one or a few that belong together; the machine
# on which they run is called a *Kubernetes node*, and the program there that starts and watches
# them is the **kubelet**.
#
# This group is laid out as Kubernetes does it. Its limit (`memory.max`) is 100 MiB, its swap
# (`memory.swap.max`) zero. It has two processes. One holds 12 MiB, the other grows.

# %%
pod = parse(corpus.capture("oom-64-pod-limit.log"))[0]
group = pod.memcg
print("usage  ", group.usage_kb, "kB")
print("limit  ", group.limit_kb, "kB")
print("swap   ", group.swap_usage_kb, "of", group.swap_limit_kb, "kB")
print("anon   ", group.stats["anon"] // 1024, "kB")
print("file   ", group.stats["file"] // 1024, "kB")
print(pod.quote(pod.last_line - 1).text[:72], "…")
print(fill(diagnose(pod).summary, 96))

# %% [markdown]
# Not a word about zones: they do not matter. The machine had 427 of its 457 MiB free before the
# group began to grow. The group's own memory was all anonymous and there was no swap for it, so
# nothing could be reclaimed *from the group*, and the kernel chose a victim *in the group*.
#
# The shell that waited for the process saw this:
#
# > `exit status 137`
#
# ### Exercise 09.1
#
# 137 is not a number that the program chose. Which signal ended it? Give its number.

# %% tags=["exercise"]
signal_number = 137 - 128

# %% tags=["check"]
check("09.1", signal_number)

# %% tags=["solution"]
solution("09.1")

# %% [markdown]
# Kubernetes shows three things that are easily mixed up.
#
# - *OOMKilled*, with 137: the kernel counted an OOM kill in the container's group. In version 2 of
#   control groups this count (`oom_kill` in `memory.events`) goes up when the *machine* is short as
#   well. So it does not say which memory was short.
# - *Error*, with 137: somebody else sent SIGKILL, for instance because the container did not stop
#   in time. In version 1 a kill that the machine needed shows up here, too: the group had not met
#   its limit.
# - *Evicted* is said of a pod, not of a container. The kubelet ended it, because the node was low
#   on memory or disk. The kernel killed nobody and writes no report.
#
# What decides is the kernel's log of the node.
#
# **Two versions.** Older systems use version 1 of control groups. There the limit for memory is
# `memory.limit_in_bytes`, and a second one, `memory.memsw.limit_in_bytes`, holds for memory *and*
# swap. Version 2 has `memory.max`, and `memory.swap.max` for swap alone. The report tells them
# apart: the second line reads `memory+swap:` in version 1 and `swap:` in version 2.

# %%
for name in ("oom-64-docker-v1", "oom-64-pod-limit"):
    report = parse(corpus.capture(f"{name}.log"))[0]
    print(name)
    for number in range(report.memcg.line, report.memcg.line + 2):
        print("  ", report.quote(number).text.partition("] ")[2])

# %% [markdown]
# ### Exercise 09.2
#
# A group of version 1 has `memory.limit_in_bytes=512M` and `memory.memsw.limit_in_bytes=768M`. Its
# memory stands at its limit. How much swap can it use, in MiB?

# %% tags=["exercise"]
swap_of_group_mib = 768 - 512

# %% tags=["check"]
check("09.2", swap_of_group_mib)

# %% tags=["solution"]
solution("09.2")

# %% [markdown]
# **All or one.** A service that has lost one of its processes can be worse than one that has ended.
# With `memory.oom.group` set to 1 the whole group dies together. Here is a service of three
# processes, of which one grew. Kubernetes sets it for every container since 1.28, where control
# groups are version 2. Before, and with the kubelet's option `singleProcessOOMKill`, only one
# process dies, which may not be the one that you watch.

# %%
service = parse(corpus.capture("oom-64-service-group.log"))[0]
for victim in service.victims:
    print(f"{victim.comm:<13} {victim.anon_rss_kb:>7,} kB of anonymous memory")
print(fill(diagnose(service).summary, 96))

# %% [markdown]
# ## A Kubernetes node
#
# The next machine plays a Kubernetes node: it runs a kubelet and four pods. Here are the line
# before the kill, up to the name of the victim, the request, and the zones. (Its `lowmem_reserve`
# is the same for each kind of request that has a better zone than DMA.)

# %%
scored, later = parse(corpus.capture("oom-64-node-scores.log"))


def constraint(report):
    before = report.quote(report.victims[0].line - 1).text.partition("] ")[2]
    return before.partition(",task_memcg")[0]


def show_zones(report):
    for zone in report.zones:
        place = f"node {zone.node} {zone.name}"
        pages = (zone.free, zone.watermark_min, zone.lowmem_reserve[-1])
        numbers = [4 * each for each in pages]
        print("{:<14} free {:>7,} kB  min {:>7,} kB  reserve {:>6,} kB".format(place, *numbers))


print(constraint(scored))
print(scored.quote(scored.trigger.line).text.partition("] ")[2])
show_zones(scored)

# %% [markdown]
# ### Exercise 09.3
#
# A process of a pod died. What was short?

# %% tags=["exercise"]
what_was_short = "machine"

# %% tags=["check"]
check("09.3", what_was_short)

# %% tags=["solution"]
solution("09.3")

# %% [markdown]
# (`global_oom` in that line says only that this is no report of a group. It stands in the report of
# a bound process as well, as you will see.)
#
# ## Who dies
#
# Every process has an `oom_score_adj`, from −1000 (never kill this) to 1000 (kill this first). The
# kubelet has −999, and gives one to each process of a pod. It depends on the pod's *memory
# request*: the amount that its owner asked for and Kubernetes set aside for it. (That has nothing
# to do with what this course calls a request, the kernel being asked for a page.) *Guaranteed*
# pods, whose requests are as large as their limits, get −997. Pods without any requests or limits
# get 1000. The others get something between: the more they have requested, the less.
#
# Commit yourself. (Sizes are what the processes hold in RAM.)

# %%
with Predict("09.b"):
    for report in (scored, later):
        print(report.quote(report.victims[0].line).text.partition("] ")[2])

# %% [markdown]
# ## Why this one
#
# The kernel gives every process points and takes the highest. Since Linux 3.5 points are **pages**:
#
# > resident pages + pages in swap + pages of page tables + oom_score_adj × (all pages // 1000)
#
# The first four numbers stand in the task table. *All pages* are those that the request might use.
# For the machine that is RAM and swap, and they stand some lines above the table: `pages RAM`, less
# `pages reserved`, and the total of swap. For a group it is its limit and what it may have of the
# swap; for a cpuset or a memory policy it is the RAM of its nodes, and all swap.

# %%
from oomlab.badness import rank, total_pages

ram, reserved, swap = scored.totals["ram"], scored.totals["reserved"], scored.swap.total
print(f"all pages: {ram:,} − {reserved:,} + {swap:,} = {total_pages(scored):,}\n")
print(f"{'process':<10} {'rss':>7} {'page tables':>12} {'adj':>6} {'points':>9}")
for each in rank(scored):
    task = each.task
    tables = task.pgtables_bytes // 4096
    points = "…" if task.comm == "web" else f"{each.points:,}"
    print(f"{task.comm:<10} {task.rss:>7,} {tables:>12,} {task.oom_score_adj:>6} {points:>9}")

# %% [markdown]
# ### Exercise 09.4
#
# One number is left out. Work out the points of `web`: 31,493 resident pages, 425,984 bytes of page
# tables, an adj of 900. `problem("09.4", seed=1)` has others for you.

# %% tags=["exercise"]
points_of_web = 31_493 + 425_984 // 4096 + 900 * (117_101 // 1000)

# %% tags=["check"]
check("09.4", points_of_web)

# %% tags=["solution"]
solution("09.4")

# %% [markdown]
# ### Exercise 09.5
#
# `batch` had the highest `oom_score_adj`. Why did `web` die before it?

# %% tags=["exercise"]
why_web = "sum"

# %% tags=["check"]
check("09.5", why_web)

# %% tags=["solution"]
solution("09.5")

# %% [markdown]
# `database` held more than anybody, and its −997 takes away nearly as many points as the machine
# has pages. That is what protection means: the largest process lives on, and its neighbours pay.
# The kernel made its choice by this table, and the library makes it again from the report. Do both
# agree, wherever a process was killed in this notebook?

# %%
from oomlab.badness import explains

names = ("pod-limit", "docker-v1", "service-group", "node-scores", "cpuset-node", "swap-full")
for name in names:
    for report in parse(corpus.capture(f"oom-64-{name}.log")):
        verdict = "the same choice" if explains(report).agrees else "another"
        print(f"{name:<14} {report.victims[0].comm:<10} {verdict}")

# %% [markdown]
# ## Half of the machine
#
# Large machines are made of **NUMA nodes**, each with its own processors and RAM. (A NUMA node is a
# part of one machine, a Kubernetes node a whole one.) A process reaches its own node's RAM more
# quickly, so it may be bound to it: by a **cpuset**, a group of processes that may use certain
# processors and nodes, or by a **memory policy**, which a process sets for itself, for instance
# with `numactl`. Then only the zones of that NUMA node will do.

# %%
pinned = parse(corpus.capture("oom-64-cpuset-node.log"))[0]
print(pinned.quote(pinned.trigger.line).text.partition("] ")[2])
print(constraint(pinned))
print(f"free in all zones of the machine: {pinned.totals['free'] * 4:>8,} kB")
show_zones(pinned)

# %% [markdown]
# The report lists only the zones that the request might use. `DMA32` is below its `min`. `DMA`
# keeps 760 + 1,236 = 1,996 kB from a request that may use `DMA32`, and has 1,984: the rule of
# notebook 04.
#
# ### Exercise 09.6
#
# 389,072 kB are free in all, and the listed zones have 17,692 kB together. How many MiB are free on
# the NUMA nodes that the report does not list?

# %% tags=["exercise"]
free_elsewhere_mib = (389_072 - 17_692) / 1024

# %% tags=["check"]
check("09.6", free_elsewhere_mib)

# %% tags=["solution"]
solution("09.6")

# %% [markdown]
# ## In one piece
#
# A request of a higher order needs its pages in one piece. Much may be free, and no piece of it
# large enough. This is a request of order 8, a mebibyte in one piece, on the one 32-bit machine of
# this notebook. It failed, and nobody was killed: for orders above 3 the kernel does not call the
# OOM killer, since a kill frees pages and not blocks. It writes *page allocation failure* and the
# same lists.

# %%
broken = parse(corpus.capture("oom-order8-saved-cmdlines.log"))[0]
print(broken.quote(broken.trigger.line).text.partition("] ")[2])
for zone in broken.zones:
    kept = zone.lowmem_reserve[1] * 4  # from requests that may use Normal
    print(broken.quote(zone.blocks_line).text.partition("] ")[2])
    print(f"  free {zone.free * 4} kB, min {zone.watermark_min * 4} kB, reserve {kept} kB")

# %% [markdown]
# A request has two tests to pass. Enough must be left above `min` and the reserve, and one free
# block must be large enough. Only where the first test is passed and the second is not, memory is
# *fragmented*. This machine is not, although a failed request for a large block looks like it. Each
# zone has a block of 1,024 kB, and both fail the first test: without the block Normal would have
# 1,972 kB free and needs 1,980; DMA would have 760 and needs 112 + 1,024. (Normal's blocks add up
# to 3,004 kB and its line says `free:2996kB`: the counter of free pages may lag by a few, the lists
# are counted when they are printed.)
#
# ### Exercise 09.7
#
# A zone has `41*4kB 12*8kB 7*16kB 2*32kB 1*64kB` free, and nothing larger. How many kB of this can
# serve a request of order 3?

# %% tags=["exercise"]
usable_kb = 2 * 32 + 1 * 64

# %% tags=["check"]
check("09.7", usable_kb)

# %% tags=["solution"]
solution("09.7")

# %% [markdown]
# For two more reasons a free block may be closed to a request. **CMA** (the contiguous memory
# allocator) sets a region aside for devices that need large pieces, such as cameras and screens.
# Until they need it, it lends the region to pages that can be moved away again: page cache, memory
# of processes. A request for the kernel's own use may not take any of it. For such a request
# subtract `free_cma` from `free` before you compare with `min`; for one that may use CMA, do not.
# (We have no recording of our own: our guests set no such region aside.) And `reserved_highatomic`
# is kept for urgent requests of several pages, as those of network cards.

# %% [markdown]
# ## Swap today
#
# Swap is no longer only a partition. **zswap** compresses pages in RAM on their way to the disk.
# **zram** is a disk that lies in RAM, compressed, usually with nothing behind it. First the plain
# case.

# %%
full = parse(corpus.capture("oom-64-swap-full.log"))[0]
print("swap:", full.swap.free * 4, "kB free of", full.swap.total * 4)
for task in full.tasks:
    print(f"{task.comm:<9} {task.rss * 4:>8,} kB in RAM {task.swapents * 4:>8,} kB in swap")
print(fill(diagnose(full).summary, 96))

# %% [markdown]
# Compare with the incident, whose swap was untouched. Only anonymous memory goes to swap, and
# shared memory with it: the files of a **tmpfs**, a file system that lies in memory, and what
# processes share. If swap is full, there is more of these than fits in RAM. If swap is free, memory
# is filled with something else, or with pages that may not be swapped: locked ones, or those of a
# group whose swap is limited.
#
# ### Exercise 09.8
#
# Another machine had 192 MiB of swap on zram, and filled it with data that does not compress. How
# much RAM has it gained?

# %% tags=["exercise"]
gained_with_zram = "none"

# %% tags=["check"]
check("09.8", gained_with_zram)

# %% tags=["solution"]
solution("09.8")

# %% [markdown]
# ## Earlier than the OOM killer
#
# The OOM killer is the last resort, and late: a machine can crawl for minutes before nothing more
# can be reclaimed. Two things come earlier.
#
# `memory.high` is a limit below `memory.max`, and a group may go above it. And **PSI**, *pressure
# stall information*, says how long processes waited for memory: `some` is the share of time in
# which at least one of them waited, `full` that in which all did that had anything to do. Here is a
# group with a `memory.high` of 64 MiB, after 20 seconds. Its only process wants all there is.

# %%
print(corpus.capture("memory-high.txt"))

# %% [markdown]
# ### Exercise 09.9
#
# What does the kernel do to this group?

# %% tags=["exercise"]
at_high = "slow"

# %% tags=["check"]
check("09.9", at_high)

# %% tags=["solution"]
solution("09.9")

# %% [markdown]
# How to read pressure: `total` is exact, the microseconds of waiting since the group was made. Here
# they are 16.7 of the 20 seconds, 83 percent. `avg10`, `avg60` and `avg300` are running averages,
# in percent, over about 10, 60 and 300 seconds. They begin at zero and need their time: after 20
# seconds `avg10` has come to 68, `avg300` to 5.
#
# `systemd-oomd` reads these numbers. It acts in two cases: when the `full` pressure on a group that
# it was told to watch stays above a limit (60 percent of the time, for 30 seconds, by default), or
# when memory *and* swap of the machine are both used to more than 90 percent. It looks at the
# groups below the one that it watches, takes the one that reclaims most, or has most in swap, and
# kills all of its processes. Then the kernel's log has no report at all; the journal has a line by
# systemd-oomd.
#
# And the kubelet evicts pods when its node's `memory.available` falls below a threshold (100 MiB by
# default), before the kernel has to choose. That number is not the free memory: it is all of RAM
# less what is in use, and page cache that nobody has used for a while does not count as in use.

# %% [markdown]
# ### Exercise 09.10
#
# A colleague writes: "The pod was OOMKilled with exit code 137, so the node has too little RAM."
# Answer in two or three sentences: which line of which log decides, and what would you change in
# each case?

# %% tags=["exercise"]
my_answer = """
137 says only that somebody sent SIGKILL, and OOMKilled that it was an OOM killer. Look into the
node's kernel log: CONSTRAINT_MEMCG with the pod's path in oom_memcg means that it met its own
limit, and I would find out what grew before I raise it. CONSTRAINT_NONE, with every zone below
what it keeps, means that the node was full: then the memory requests of its pods are too small,
or the node is, and this pod may be innocent. No such line means that the kernel killed nobody:
the kubelet, systemd-oomd or a person did.
"""

# %% tags=["check"]
check("09.10", my_answer)

# %% tags=["solution"]
solution("09.10")

# %% [markdown]
# ## What you know now
#
# On 64 bits every page has an address. Memory runs out in parts that people have marked off:
# groups, NUMA nodes, pieces of a size, memory that is lent. The constraint in the line before the
# kill names a group or a binding; where it is `CONSTRAINT_NONE`, the zone lines and the blocks show
# what was short. The score is arithmetic: pages, plus a handicap. The exit code says that somebody
# sent SIGKILL; only the log says why.
#
# In this notebook every machine was introduced before you saw its report. **Can you diagnose one
# that you have never seen?** Next: [10 Capstone](10_capstone.ipynb).
#
# *Sources: Linux 6.1, `oom_badness`, `constrained_alloc` and `dump_header` in mm/oom_kill.c,
# `mem_cgroup_print_oom_meminfo` and `mem_cgroup_handle_over_high` in mm/memcontrol.c,
# `__alloc_pages_may_oom` in mm/page_alloc.c, Documentation/admin-guide/cgroup-v2.rst and
# Documentation/accounting/psi.rst. Kubernetes: pkg/kubelet/qos/policy.go, pull requests 117793
# (memory.oom.group) and 126096 (singleProcessOOMKill), issue 53669 (*Error* with version 1), and
# *Node-pressure Eviction* in its documentation (memory.available). containerd: pull request 6323
# (what becomes *OOMKilled* with version 2). systemd: oomd.conf(5). The reports are our own,
# `data/captures/oom-64-*.log` and `oom-order8-saved-cmdlines.log`, with what was done to each
# machine beside them.*
