# %% [markdown]
# # What kills machines today?
#
# *About 60 minutes. At the end you can read a report of a 64-bit machine: tell a container's limit
# from a full node, compute why this process was chosen, and say what took the place of lowmem.*
#
# The old server died because the free memory was in a place that the request might not use. Its
# kernel is long gone, and 64-bit kernels have no lowmem to lose. Machines run out of memory
# all the same, every day, most of them with memory free. Where is it, and who may not use it?
#
# Each report in this notebook was made for it: a 64-bit Linux 6.1 on a small virtual machine,
# brought down on purpose in one way at a time.
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

with Predict("09.b"):
    for zone in zones(replace(INCIDENT, arch="x86_64")):
        if zone.present:
            print(f"{zone.name:<8} {zone.present * 4 / 2**20:>6.2f} GiB")

# %% [markdown]
# ## What replaced lowmem
#
# `Normal` now holds nearly everything, and `DMA32` is the first 4 GiB, for devices that can name no
# more. (Notebook 03 had 128 MiB for `vmalloc` and no room; a 64-bit kernel has addresses for 64 TiB
# of RAM and more.) The question of this course stays: *which part of the memory may this request
# use, and is that part empty?* Only the parts are others.
#
# | the part | who draws the line | the line of the report |
# |---|---|---|
# | a **control group** | a limit: a container, a service | `CONSTRAINT_MEMCG`, `memory: usage … limit …` |
# | a **NUMA node** | a cpuset, a memory policy | `CONSTRAINT_CPUSET` or `…_MEMORY_POLICY`, `mems_allowed=` |
# | blocks of a **size** | the order of the request | the buddy lists |
# | a kind of **block** | CMA: memory lent to movable pages only | `free_cma:` in the zone line |
# | the machine | nobody | `CONSTRAINT_NONE`, `global_oom` |
#
# We take them in turn.

# %% [markdown]
# ## A container at its limit
#
# A container is a **control group**: a set of processes whose memory is counted together and may be
# limited. This one is laid out as Kubernetes does it. Its limit (`memory.max`) is 100 MiB, its swap
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
# Kubernetes shows this code with the reason *OOMKilled*. It cannot show which memory was short.
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
# A group of version 1 has `memory.limit_in_bytes=512M` and `memory.memsw.limit_in_bytes=768M`. How
# much swap may it use, in MiB?

# %% tags=["exercise"]
swap_of_group_mib = 768 - 512

# %% tags=["check"]
check("09.2", swap_of_group_mib)

# %% tags=["solution"]
solution("09.2")

# %% [markdown]
# **One for all.** Half a service is often worse than none. With `memory.oom.group` set to 1 the
# whole group dies together. Here is a service of three processes, of which one grew. Kubernetes
# sets it for every container since 1.28, where control groups are version 2; before, and with the
# kubelet's option `singleProcessOOMKill`, only one process dies, which may not be the one that you
# watch.

# %%
service = parse(corpus.capture("oom-64-service-group.log"))[0]
for victim in service.victims:
    print(f"{victim.comm:<13} {victim.anon_rss_kb:>7,} kB of anonymous memory")
print(fill(diagnose(service).summary, 96))

# %% [markdown]
# ## A node that is full
#
# Now no limit is met: the machine itself has run out. The processes have the `oom_score_adj` that a
# kubelet gives them. Guaranteed pods get −997, pods without any request 1000, and the others
# something between: the more they have requested, the less. The kubelet itself has −999.
#
# Commit yourself. (Sizes are what the processes hold in RAM.)

# %%
node = parse(corpus.capture("oom-64-node-scores.log"))[0]
with Predict("09.a"):
    for report in parse(corpus.capture("oom-64-node-scores.log")):
        print(report.quote(report.victims[0].line).text.partition("] ")[2])

# %% [markdown]
# ### Exercise 09.3
#
# Suppose that the process which died was a pod's. The line before the kill says
# `constraint=CONSTRAINT_NONE … global_oom`. What was short?

# %% tags=["exercise"]
what_was_short = "node"

# %% tags=["check"]
check("09.3", what_was_short)

# %% tags=["solution"]
solution("09.3")

# %% [markdown]
# ## Why this one
#
# The kernel gives every process points and takes the highest. Since Linux 3.5 points are **pages**:
#
# > resident pages + pages in swap + pages of page tables + oom_score_adj × (all pages // 1000)
#
# *All pages* are those that the request might use: for the machine RAM and swap, for a group its
# limit, for a cpuset its nodes. The report has all of these numbers in its task table.

# %%
from oomlab.badness import rank, total_pages

print(f"all pages: {total_pages(node):,}\n")
print(f"{'process':<10} {'rss':>7} {'page tables':>12} {'adj':>6} {'points':>9}")
for each in rank(node):
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
# agree, in every report of this notebook?

# %%
from oomlab.badness import explains

for name in ("pod-limit", "docker-v1", "service-group", "node-scores", "cpuset-node", "swap-full"):
    for report in parse(corpus.capture(f"oom-64-{name}.log")):
        verdict = "the same choice" if explains(report).agrees else "another"
        print(f"{name:<14} {report.victims[0].comm:<10} {verdict}")

# %% [markdown]
# ## Half of the machine
#
# Large machines are made of **NUMA nodes**, each with its own processors and RAM. A process may be
# bound to one, by a cpuset or by a memory policy, because its own RAM is quicker to reach. Then
# only that node's zones will do.

# %%
pinned = parse(corpus.capture("oom-64-cpuset-node.log"))[0]
print(pinned.quote(pinned.trigger.line).text.partition("] ")[2])
print(f"free in all zones of the machine: {pinned.totals['free'] * 4:>8,} kB")
for zone in pinned.zones:
    place = f"node {zone.node} {zone.name}"
    print(f"{place:<14} free {zone.free * 4:>7,} kB  min {zone.watermark_min * 4:>7,} kB")

# %% [markdown]
# The report lists only the zones that the request might use. One is below its `min`, and the other
# is kept for requests that cannot go elsewhere: the old rule of notebook 04.
#
# ### Exercise 09.6
#
# 389,072 kB are free in all, and the listed zones have 17,692 kB together. How many MiB are free on
# the nodes that the report does not list?

# %% tags=["exercise"]
free_elsewhere_mib = (389_072 - 17_692) / 1024

# %% tags=["check"]
check("09.6", free_elsewhere_mib)

# %% tags=["solution"]
solution("09.6")

# %% [markdown]
# ## In one piece
#
# A request of a higher order needs its pages in one piece. Memory can be plenty and broken. This is
# a request of order 8, a mebibyte in one piece, on one of our 32-bit machines. It failed, and
# nobody was killed: for orders above 3 the kernel does not call the OOM killer, since a kill frees
# pages and not blocks. It writes *page allocation failure* and the same lists.

# %%
broken = parse(corpus.capture("oom-order8-saved-cmdlines.log"))[0]
print(broken.quote(broken.trigger.line).text.partition("] ")[2])
for zone in broken.zones:
    kept = zone.lowmem_reserve[1] * 4  # from requests that may use Normal
    print(broken.quote(zone.blocks_line).text.partition("] ")[2])
    print(f"  free {zone.free * 4} kB, min {zone.watermark_min * 4} kB, reserve {kept} kB")

# %% [markdown]
# A request has two tests to pass: enough must be left above `min`, and one free block must be large
# enough. Here each zone has one block of 1,024 kB, and both fail the first test. Without the block
# Normal would have 1,972 kB free and needs 1,980; DMA would have 760 and needs 112 + 1,024. Where
# the first test is passed and the second is not, memory is *fragmented*.
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
# Two more lines are drawn through free blocks. **CMA** (the contiguous memory allocator) sets a
# region aside for devices that need large pieces, cameras and screens above all. Until they come,
# it lends the region to pages that can be moved away again: page cache, memory of processes. A
# request for the kernel's own use gets nothing of it. So subtract `free_cma` from `free` before you
# compare with `min`. Small boards with ARM processors die of this. (We have no recording of our
# own: the kernel of our guests is built without CMA.) And `reserved_highatomic` is kept for urgent
# requests of several pages, as those of network cards.

# %% [markdown]
# ## Swap today
#
# Swap is no longer only a partition. **zswap** compresses pages in RAM on their way to the disk.
# **zram** is a disk that lies in RAM, compressed, with nothing behind it. First the plain case.

# %%
full = parse(corpus.capture("oom-64-swap-full.log"))[0]
print("swap:", full.swap.free * 4, "kB free of", full.swap.total * 4)
for task in full.tasks:
    print(f"{task.comm:<9} {task.rss * 4:>8,} kB in RAM {task.swapents * 4:>8,} kB in swap")
print(fill(diagnose(full).summary, 96))

# %% [markdown]
# Compare with the incident, whose swap was untouched. Swap full says: anonymous memory is what
# fills the machine. Swap free says: it is something that cannot be swapped.
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
# ## Before the kernel must
#
# The OOM killer is the last resort, and late: a machine can crawl for minutes before nothing more
# can be reclaimed. Two things come earlier.
#
# `memory.high` is a soft limit. At it the group is made to reclaim, and slowed down. And **PSI**,
# *pressure stall information*, says how long somebody waited for memory: `some` is the share of
# time in which at least one process waited, `full` that in which all did. Here is a group with a
# `memory.high` of 64 MiB, whose only process wants all there is, after 20 seconds.

# %%
print(corpus.capture("memory-high.txt"))

# %% [markdown]
# ### Exercise 09.9
#
# What did the kernel do to this group?

# %% tags=["exercise"]
at_high = "slow"

# %% tags=["check"]
check("09.9", at_high)

# %% tags=["solution"]
solution("09.9")

# %% [markdown]
# `systemd-oomd` reads these numbers. When the pressure on a group that it manages stays above a
# limit (60 percent by default, for 30 seconds), or swap is more than 90 percent full, it kills the
# whole group. Then the kernel's log has no report at all; the journal has a line by systemd-oomd.
# And the kubelet evicts pods when a node's free memory falls below its threshold, before the kernel
# has to choose.

# %% [markdown]
# ### Exercise 09.10
#
# A colleague writes: "The pod was OOMKilled with exit code 137, so the node has too little RAM."
# Answer in two or three sentences: which line of which log decides, and what would you change in
# each case?

# %% tags=["exercise"]
my_answer = """
137 says only that somebody sent SIGKILL. Look into the node's kernel log: CONSTRAINT_MEMCG with the pod's
path in oom_memcg means that it met its own limit, and I would find out what grew before I raise it.
CONSTRAINT_NONE with global_oom means that the node was full: then the requests of its pods are too small,
or the node is, and this pod may be innocent. No such line means eviction or systemd-oomd.
"""

# %% tags=["check"]
check("09.10", my_answer)

# %% tags=["solution"]
solution("09.10")

# %% [markdown]
# ## What you know now
#
# On 64 bits every page has an address. Memory runs out in parts that people have drawn: groups,
# nodes, pieces of a size, memory that is lent. The constraint in the line before the kill names the
# part. The score is arithmetic: pages, plus a handicap. The exit code says that somebody sent
# SIGKILL; only the log says why.
#
# In this notebook every machine was introduced before you saw its report. **Can you diagnose one
# that you have never seen?** Next: [10 Capstone](10_capstone.ipynb).
#
# *Sources: Linux 6.1, `oom_badness`, `constrained_alloc` and `dump_header` in mm/oom_kill.c,
# `mem_cgroup_print_oom_meminfo` and `mem_cgroup_handle_over_high` in mm/memcontrol.c,
# `__alloc_pages_may_oom` in mm/page_alloc.c, Documentation/admin-guide/cgroup-v2.rst and
# Documentation/accounting/psi.rst. Kubernetes: pkg/kubelet/qos/policy.go, pull requests 117793
# (memory.oom.group) and 126096 (singleProcessOOMKill). systemd: oomd.conf(5). The reports are our
# own, `data/captures/oom-64-*.log`, with what was done to each machine beside them.*
