# %% [markdown]
# # The words
#
# *To look things up, not to read through. The number in brackets is the notebook that explains the
# word.*
#
# ## Pages and blocks
#
# ### page
#
# The unit in which the kernel hands out memory: 4,096 bytes on a PC. A *page frame* is a
# page-sized slot of RAM; its number is its address divided by 4,096. *(00)*
#
# ### order
#
# How many pages in a row a request wants, as a power of two: order 0 is one page, order 3
# is eight. *(01)*
#
# ### buddy list
#
# The free blocks of a zone, sorted by order. A block is split when only larger
# ones are free, and joined with its neighbour (its buddy) when both are free. *(01)*
#
# ### fragmentation
#
# Much is free, but in blocks too small for the request. *(01, 09)*
#
# ## Zones
#
# ### zone
#
# A range of RAM by what it can be used for. DMA: the first 16 MiB, for old devices. DMA32: below 4
# GiB, on 64-bit kernels. Normal: what the kernel can use freely. HighMem: what a 32-bit kernel
# cannot keep its own data in. *(03)*
#
# ### lowmem
#
# DMA and Normal together: what a 32-bit kernel has mapped for good, and where all of
# its own data must lie. At most 896 MiB with the usual split. *(03)*
#
# ### numa node
#
# RAM that lies close to some of the processors of a large machine. Each NUMA node has its own
# zones. In kernel logs *node* means this; in Kubernetes it is a whole machine. *(09)*
#
# ### mem_map
#
# The table with one record (`struct page`) for each page of RAM. It lies in lowmem,
# so on a 32-bit machine more RAM means less lowmem. *(03)*
#
# ### present, managed, spanned
#
# Spanned counts addresses from a zone's first page to its last,
# present counts RAM, managed what the page allocator was given. *(03, 04)*
#
# ## Requests
#
# ### gfp mask
#
# "Get free pages": the bits of a request that say which zones will do, whether it may
# wait, and what the kernel may do to serve it. *(02)*
#
# ### atomic request
#
# One that cannot wait, because it was made in an interrupt or under a lock. It may dig
# deeper into the reserve. *(02)*
#
# ### fallback
#
# A request that prefers a higher zone goes to the next lower one when the higher is
# short. Never upwards. *(02)*
#
# ## When memory gets short
#
# ### watermark
#
# Three levels of free pages in each zone. Below low, kswapd begins
# to free pages; it stops at high. Below min, ordinary requests must free pages themselves. *(04)*
#
# ### lowmem_reserve
#
# What a zone keeps, on top of its watermark, from requests that could have
# been served by a higher zone. *(04)*
#
# ### boost
#
# By so much a zone's watermarks are raised for a while, when a request had to take a block that was
# meant for pages of another kind: more is reclaimed then, and larger blocks come free. The `min`,
# `low` and `high` that a report prints contain it. Since Linux 5.0. *(08, 10)*
#
# ### reclaim
#
# Taking pages back: clean page cache is dropped, dirty page cache is written first,
# anonymous pages go to swap. *Direct* reclaim is done by the request itself. *(02, 05)*
#
# ### kswapd
#
# The kernel's thread that reclaims in the background, one for each NUMA node. *(04)*
#
# ### oom killer
#
# The last resort: it ends the process with the highest *badness*, so that the rest
# can go on. *(00, 01)*
#
# ### badness
#
# How much memory a process would give back if it ended, as the kernel
# reckons it, shifted by what an administrator wrote to `oom_score_adj`. *(01, 09)*
#
# ### oom_score_adj
#
# A number of each process, from −1000 (never kill it) to 1000 (kill it first). One step is worth a
# thousandth of all the pages that the request might use. *(01, 09)*
#
# ### exit code 137
#
# 128 + 9: a shell's or a container's way to say that signal 9, SIGKILL, ended a process. The OOM
# killer sends it; so can anybody else with the right to. *(09)*
#
# ## What fills memory
#
# ### page cache
#
# Pages with the contents of files. *Clean* ones equal the disk, *dirty* ones are yet to
# be written. *(00)*
#
# ### buffers
#
# Page cache of a disk itself, not of a file: metadata of file systems. It
# lies in lowmem. *(03, 06)*
#
# ### buffer_head
#
# A small record that says where on the disk a block of a cached page lies. It stays
# with the page, and lies in lowmem. *(05)*
#
# ### anonymous memory
#
# What processes have that is in no file: heap and stack. *(01)*
#
# ### shared memory
#
# Memory that several processes use, and files in tmpfs: `shmem` in a report. It has no copy on a
# disk and can be swapped, so the kernel keeps it on the lists of anonymous memory. *(09, 10)*
#
# ### tmpfs
#
# A file system whose files lie in memory, such as `/dev/shm` and often `/tmp`. They stay when the
# process that wrote them ends. `size=` and `nr_inodes=` limit it; by default it may take half of
# RAM. *(09, 10)*
#
# ### cma
#
# The contiguous memory allocator: a region set aside for devices, and lent meanwhile to pages that
# can be moved away. Other requests may not use it. *(09)*
#
# ### slab
#
# The kernel's own small objects, by kind, in pages cut to size. *Reclaimable* means that
# its owner can be asked to give some back, not that it will. *(05)*
#
# ### swap
#
# Space, on a disk as a rule, for anonymous and shared memory that RAM has no room for. The kernel's
# own data cannot go there. *(05, 09)*
#
# ### zram
#
# A disk that lies in RAM, compressed; often used for swap. It gains as much as the data shrinks.
# *(09)*
#
# ### zswap
#
# A compressed store in RAM for pages on their way to swap on a disk. *(09)*
#
# ## Limits
#
# ### control group
#
# A group of processes with limits of its own. A container is one. When it meets
# its memory limit, only its own processes are candidates. *(09)*
#
# ### cpuset
#
# A group of processes that may use certain processors and NUMA nodes only. *(09)*
#
# ### memory policy
#
# What a process or a part of its memory prefers or demands of the NUMA nodes; set by `numactl`, for
# instance. *(09)*
#
# ### pod
#
# What Kubernetes starts and ends as one: one container or a few, on the same machine. Its *memory
# request* is what is set aside for it, its *limit* what it may use. *(09)*
#
# ### kubelet
#
# The program on each machine of a Kubernetes cluster (a *Kubernetes node*) that starts pods and
# watches over them. *(09)*
#
# ### guaranteed
#
# A pod whose memory and processor requests are as large as its limits, in each of its containers.
# The kubelet gives its processes an `oom_score_adj` of −997. *(09)*
#
# ### eviction
#
# The kubelet ends a pod because its machine is low on memory or disk, before the kernel must kill.
# There is no OOM report of it. *(09)*
#
# ### psi
#
# Pressure stall information: which part of the time tasks waited for memory. It is what
# systemd-oomd acts on, before the kernel would. *(09)*
