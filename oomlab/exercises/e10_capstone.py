"""Exercises of notebook 10: reports that nobody explains beforehand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from random import Random

from oomlab.exercises import Exercise, Prediction, Wrong
from oomlab.exercises.cases import case, incidents
from oomlab.exercises.kinds import Choice, Essay, Number
from oomlab.machine import INCIDENT
from oomlab.mmzone import VM_SPLITS
from oomlab.simulation import INCIDENT_WORKLOAD, critical_ram
from oomlab.units import PAGE_KB, pages_to_gib

_PARTS = {
    "machine": "the machine: no zone had a page to spare",
    "group": "a control group at its limit",
    "numa": "one NUMA node",
    "lowmem": "lowmem: the zones that a 32-bit kernel reaches directly",
}

_PART_OF = {"global_anon": "machine", "memcg_limit": "group", "cpuset_or_mempolicy": "numa"}
"""Which part was short, by the cause in our answer key."""


def _groups(log: int) -> int:
    """Return how many incidents of a mixed log were those of a control group."""
    return sum(row["cause_id"] == "memcg_limit" for row in incidents(log))


def _last_part(log: int) -> str:
    return _PART_OF[incidents(log)[-1]["cause_id"]]


@cache
def _edge_gib(block_size: int, split: str) -> float:
    """Return the smallest RAM, in GiB, with which the incident's machine dies of its copy."""
    machine = replace(INCIDENT, page_offset=VM_SPLITS[split])
    return pages_to_gib(critical_ram(machine, replace(INCIDENT_WORKLOAD, block_size=block_size)) or 0)


def _largest_ram(block_size: int, split: str) -> int:
    """Return the largest RAM, in whole GiB, with which it survives."""
    return int(_edge_gib(block_size, split))


def _other_machine(rng: Random) -> dict[str, object]:
    block_size, split = rng.choice([(2048, "3G/1G"), (512, "3G/1G"), (2048, "2G/2G"), (1024, "2G/2G")])
    return {"block_size": block_size, "split": split}


def _shared(rng: Random) -> dict[str, int]:
    total = rng.randrange(100_000, 4_000_000)
    return {"shmem": total * rng.randrange(60, 95) // 100, "total": total}


_A, _B = case("A"), case("B")
_MANAGED = sum(zone.managed or 0 for zone in _A.zones)
_INODES_A_PAGE = 8
"""shmem_inode_cache of the kernel in case B: ``data/captures/1024/slabinfo``."""


def _of_case_b() -> dict[str, int]:
    """Return what the texts about case B name: pages as MiB, shares in percent."""
    lowmem = sum(zone.managed or 0 for zone in _B.zones)
    free = _B.totals["free"]
    slab = _B.totals["slab_reclaimable"] + _B.totals["slab_unreclaimable"]
    _, inodes_kb = _B.slabs["shmem_inode_cache"]
    return {
        "free": free,
        "free_mib": _mib(free),
        "elsewhere_mib": _mib(free - sum(zone.free or 0 for zone in _B.zones)),
        "unreclaimable_mib": _mib(_B.totals["slab_unreclaimable"]),
        "inodes_kb": inodes_kb,
        "inodes_mib": _mib(inodes_kb // PAGE_KB),
        "inodes_share": round(100 * inodes_kb / PAGE_KB / lowmem),
        "slab_share": round(100 * slab / lowmem),
        "inodes": inodes_kb // PAGE_KB * _INODES_A_PAGE,
        "lowmem": lowmem,
    }


def _mib(pages: int) -> int:
    return round(pages * PAGE_KB / 1024)


_ABOUT_B = _of_case_b()

EXERCISES = (
    Exercise(
        id="10.1",
        question="Case A: what was short?",
        kind=Choice(_PARTS, "machine"),
        wrong=(
            Wrong("group", "Is there a line `memory: usage … limit …`? Look at constraint=."),
            Wrong("numa", "The machine has one NUMA node, and constraint= says CONSTRAINT_NONE."),
            Wrong("lowmem", "It is a 64-bit kernel. How much is free in any zone?"),
        ),
        hints=(
            "Begin with the line before the kill, then look at the zones.",
            "constraint=CONSTRAINT_NONE: no group and no binding. Is there a zone with more than min and "
            "reserve?",
            "No group, no binding, and no zone above what it keeps: what remains?",
        ),
        solution="The machine. constraint=CONSTRAINT_NONE, and the mask allows all zones. DMA32 has 2,552 "
        "kB, and its min is 2,616. DMA has 1,816 kB, and keeps 88 + 1,732: its min, and its reserve of 433 "
        "pages. There is no swap.",
    ),
    Exercise(
        id="10.2",
        question="Case A: which line shows what fills the memory?",
        kind=Choice(
            {
                "slab": "slab_reclaimable:2430 slab_unreclaimable:1572",
                "anon": "active_anon:563 inactive_anon:108761 isolated_anon:0",
                "shmem": "mapped:432 shmem:98465 pagetables:58",
                "web": "[     99]     0    99    11102    10932 … web",
            },
            "shmem",
        ),
        wrong=(
            Wrong("slab", "4,002 pages, 16 MiB. What is larger?"),
            Wrong(
                "anon",
                "Large, but whose is it? Both processes together hold 45 MiB. On these lists of the kernel "
                "shared memory counts as anonymous too, since it can be swapped.",
            ),
            Wrong("web", "42 MiB of 457. It was killed, and that does not make it guilty."),
        ),
        hints=(
            "Add up what the processes hold. Is it enough?",
            "Something else holds most of the anonymous lists.",
            "Which counter explains about nine tenths of inactive_anon?",
        ),
        solution="98,465 pages of shared memory. The anonymous lists hold 109,324 pages, and the processes "
        "no more than 11,445 of them. What kind of shared memory? The call trace shows it: dd was in "
        "`vfs_write`, and below that in `shmem_write_begin`. It wrote to a file that lies in memory, in a "
        "tmpfs.",
    ),
    Exercise(
        id="10.3",
        question="A counter of the totals reads {shmem}. How many MiB is that?",
        given={"shmem": _A.totals["shmem"]},
        draw=lambda rng: {"shmem": rng.randrange(20_000, 9_000_000)},
        kind=Number(lambda shmem: shmem * PAGE_KB / 1024, unit="MiB", tolerance=0.6, converts=False),
        wrong=(
            Wrong(lambda shmem: shmem / 1024, "The totals count pages of 4 kB."),
            Wrong(lambda shmem: shmem * PAGE_KB, "That is kB."),
        ),
        hints=(
            "In which unit are the totals?",
            "Pages, times 4 kB, divided by 1,024.",
            "`{shmem} * 4 / 1024`",
        ),
        solution="{shmem:,} × 4 / 1,024 = {answer:,.1f} MiB.",
    ),
    Exercise(
        id="10.4",
        question="Case A: what do you change, so that it does not come back?",
        kind=Choice(
            {
                "size": "limit the file system: mount -o size=…",
                "swap": "add 512 MiB of swap",
                "adj": "protect web with oom_score_adj −1000",
                "caches": "echo 3 > /proc/sys/vm/drop_caches",
            },
            "size",
        ),
        wrong=(
            Wrong(
                "swap",
                "Shared memory can be swapped, so that buys time. But the file grows on, and fills that too.",
            ),
            Wrong(
                "adj",
                "Then nothing may be killed, and the kernel panics at once. It did so after web was gone.",
            ),
            Wrong("caches", "That drops clean page cache. A file in tmpfs has no copy elsewhere: it stays."),
        ),
        hints=(
            "What grew, and who would have stopped it?",
            "Killing a process frees no file.",
            "The file system has a size of its own.",
        ),
        solution="A limit where the growth is. The writer then gets `No space left on device`, which is an "
        "error of its own, and nobody else has to die.",
    ),
    Exercise(
        id="10.5",
        question="The RAM that the kernel manages is {total:,} pages, and {shmem:,} of them are a file in "
        "tmpfs. With the default, size=50%, how many MiB of it would not have been there?",
        given={"shmem": _A.totals["shmem"], "total": _MANAGED},
        draw=_shared,
        kind=Number(
            lambda shmem, total: (shmem - total / 2) * PAGE_KB / 1024, unit="MiB", tolerance=1, converts=False
        ),
        wrong=(
            Wrong(
                lambda shmem, total: total / 2 * PAGE_KB / 1024,
                "That is what the file might have. How much of it is gone?",
            ),
            Wrong(lambda shmem, total: shmem - total / 2, "Those are pages."),
            Wrong(
                lambda shmem, total: shmem * PAGE_KB / 1024,
                "That is the whole file. Half of the RAM would still have been its own.",
            ),
        ),
        hints=(
            "How large may the file be at most?",
            "Take half of the RAM from the size of the file, then go from pages to MiB.",
            "`({shmem} - {total} / 2) * 4 / 1024`",
        ),
        solution="({shmem:,} − {total:,} / 2) pages = {answer:,.1f} MiB. In case A that is more than web "
        "and all the rest needed: nobody would have been killed.",
    ),
    Exercise(
        id="10.6",
        question="Case B: what was short?",
        given=_ABOUT_B,
        kind=Choice(_PARTS, "lowmem"),
        wrong=(
            Wrong("machine", "{free_mib} MiB are free: `free:{free}` in the totals, in pages."),
            Wrong("group", "There is no limit in this report."),
            Wrong("numa", "There is one NUMA node, and constraint= says CONSTRAINT_NONE."),
        ),
        hints=(
            "How much is free, and where?",
            "The mask is GFP_KERNEL on a 32-bit kernel. Which zones will do?",
            "The zones that are listed have less than they keep. The one that is not listed is nearly empty.",
        ),
        solution="Lowmem, as in the incident. The mask is GFP_KERNEL, and DMA and Normal are below their "
        "min (which contains a boost of 2,048 kB in each), while {elsewhere_mib} MiB lie free in HighMem.",
    ),
    Exercise(
        id="10.7",
        question="Case B: what filled it?",
        given=_ABOUT_B,
        kind=Choice(
            {
                "buffer": "buffer_heads of a large file, as in the incident",
                "inodes": "inodes of files in tmpfs",
                "anon": "memory of processes",
                "cache": "page cache",
            },
            "inodes",
        ),
        wrong=(
            Wrong(
                "buffer",
                "Those are reclaimable. This report shows {unreclaimable_mib} MiB of slab_unreclaimable, "
                "and lists it.",
            ),
            Wrong("anon", "3,448 kB on the anonymous lists of the whole machine."),
            Wrong("cache", "3,400 kB in the whole machine."),
        ),
        hints=(
            "slab_reclaimable or slab_unreclaimable?",
            "Newer kernels list the caches: look below `Unreclaimable slab info`.",
            "The largest cache in this list has {inodes_kb:,} KB. What are its objects?",
        ),
        solution="Inodes. shmem_inode_cache holds {inodes_mib} MiB, {inodes_share} % of lowmem; all slab "
        "together holds {slab_share} %. There is an inode for each file in tmpfs, even for an empty one.",
    ),
    Exercise(
        id="10.8",
        question="Case B: what frees it?",
        given=_ABOUT_B,
        kind=Choice(
            {
                "caches": "echo 2 > /proc/sys/vm/drop_caches",
                "delete": "deleting the files",
                "kill": "killing init, as the kernel did",
                "ram": "more RAM",
            },
            "delete",
        ),
        wrong=(
            Wrong("caches", "That shrinks what is reclaimable. The inode of a file in tmpfs is the file."),
            Wrong("kill", "Its 48 kB of anonymous memory came back. The files stay when their writer dies."),
            Wrong("ram", "More RAM is more highmem, and takes some lowmem for its mem_map (notebook 03)."),
        ),
        hints=(
            "Who would miss these inodes, if the kernel dropped them?",
            "For a file on disk there is a copy. For one in tmpfs?",
            "They go when the files go.",
        ),
        solution="Deleting the files; and so that it does not come back, a limit when the file system is "
        "mounted, `nr_inodes=`. (By default a tmpfs on such a machine has at most as many inodes as lowmem "
        "has pages, {lowmem:,}. Here are some {inodes:,}, so the limit had been raised, or several of them "
        "were filled.)",
    ),
    Exercise(
        id="10.9",
        question="Case C: what do you do about it first?",
        kind=Choice(
            {
                "look": "look what the caller did without its memory: nobody was killed",
                "ram": "buy RAM",
                "victim": "find out what the victim held",
                "swap": "add swap",
            },
            "look",
        ),
        wrong=(
            Wrong("ram", "723 MiB are free. The request could use the first 16 MiB alone."),
            Wrong("victim", "There is no victim. Read the first line again."),
            Wrong("swap", "Nothing in zone DMA waits to be swapped out."),
        ),
        hints=(
            "Read the first line: does it say `invoked oom-killer`?",
            "A page allocation failure: the caller got no memory, and was told.",
            "What happened to it after that is not in this report.",
        ),
        solution="It is no OOM. A driver for old hardware wanted 32 kB from the first 16 MiB, and got "
        "nothing. Most drivers try something else. Look at what follows in the log.",
    ),
    Exercise(
        id="10.10",
        question="How many of the three incidents in `mixed_log({log})` were those of a control group at "
        "its limit?",
        given={"log": 1},
        draw=lambda rng: {"log": rng.randrange(2, 10_000)},
        kind=Number(_groups, unit="incidents"),
        wrong=(
            Wrong(3, "Three is all of them. Look at the constraint of each."),
            Wrong(0, "Look once more: which constraint does each line with oom-kill: name?"),
            Wrong(lambda log: 3 - _groups(log), "So many had nothing to do with a group's limit."),
        ),
        hints=(
            "Find the lines with oom-kill: in them.",
            "constraint=CONSTRAINT_MEMCG is a group.",
            "Count CONSTRAINT_MEMCG in the text.",
        ),
        solution='{answer:g} of 3, by the answer key. `mixed_log({log}).count("CONSTRAINT_MEMCG")` '
        "counts them.",
    ),
    Exercise(
        id="10.11",
        question="What was short in the last incident of `mixed_log({log})`?",
        given={"log": 1},
        draw=lambda rng: {"log": rng.randrange(2, 10_000)},
        kind=Choice({key: _PARTS[key] for key in ("machine", "group", "numa")}, _last_part),
        wrong=(
            Wrong("machine", "Its line before the kill names something smaller."),
            Wrong("group", "Does it have a line `memory: usage … limit …`?"),
            Wrong("numa", "Look at constraint= once more: a NUMA node would be CONSTRAINT_CPUSET."),
        ),
        hints=(
            "The last report, so the last line with oom-kill:.",
            "Its constraint names the part.",
            "In these logs NONE is the machine, MEMCG a group, CPUSET a NUMA node.",
        ),
        solution="By the answer key it is {answer}. The constraint in the last line with oom-kill: shows it.",
    ),
    Exercise(
        id="10.12",
        question="The incident's server, its file system with blocks of {block_size} bytes, its kernel "
        "built with the VM split {split}. How much RAM may it have, in whole GiB, and survive the copy in "
        "the model?",
        given={"block_size": 1024, "split": "3G/1G"},
        draw=_other_machine,
        kind=Number(_largest_ram, unit="GiB"),
        wrong=(
            Wrong(
                lambda block_size, split: _largest_ram(block_size, split) + 1,
                "With that much it dies. Round down.",
            ),
            Wrong(
                lambda block_size, split: _edge_gib(block_size, split),
                "Whole GiB: round down to what still survives.",
                lambda value: value != int(value),
            ),
            Wrong(
                lambda block_size, split: _largest_ram(2048, split),
                "That is for blocks of 2 kB.",
            ),
            Wrong(
                lambda block_size, split: _largest_ram(4096, "3G/1G"),
                "That is the machine as it was, with blocks of 4 kB. Give the work its block_size.",
            ),
            Wrong(
                lambda block_size, split: _largest_ram(block_size, "2G/2G" if split == "3G/1G" else "3G/1G"),
                "That would be the other VM split.",
            ),
        ),
        hints=(
            "`critical_ram` finds the edge, in pages.",
            "Change page_offset of the machine and block_size of the work, then round down.",
            "3G/1G is page_offset=0xC0000000 and 2G/2G is 0x80000000. From this value on it dies.",
        ),
        solution="{answer} GiB. A remedy with a number can be wrong, and so it can be tested.",
    ),
    Exercise(
        id="10.13",
        question="Write the diagnosis of a report: your own, or case A or B. What was short, what filled "
        "it, the lines that prove both, what to do now, and what it will change.",
        kind=Essay(
            rubric=(
                "names the part that was short, and quotes the line that shows it",
                "names what filled it, with an amount and the line it comes from",
                "says of the victim and of the asker what the report proves about them, and no more",
                "says what is missing or not known",
                "says what to do now: something that acts on what filled the part, and not on what stood "
                "beside it",
                "says what keeps it from coming back",
                "predicts the effect as a number or a line of the next report, so that it can turn out wrong",
            )
        ),
        hints=(
            "Go through the five questions at the top of this notebook.",
            "Each claim gets the number of a line.",
            "What would you have to see in the next report to know that you were wrong?",
        ),
        solution="{answer}",
    ),
)

PREDICTIONS = (
    Prediction(
        id="10.a",
        question="Case A is a 64-bit machine without swap. Its log has two incidents, seconds apart. In "
        "the first one web is killed. What happens in the second?",
        kind=Choice(
            {
                "dd": "dd is killed, which asked both times",
                "web": "web is killed again, by another pid",
                "panic": "the kernel panics",
                "fine": "nothing: the kill has helped",
            },
            "panic",
        ),
        says="It was the last of the processes that might be killed; dd was protected.",
    ),
)
