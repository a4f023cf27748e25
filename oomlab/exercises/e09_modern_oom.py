"""Exercises of notebook 09: what kills machines today."""

from __future__ import annotations

from functools import cache
from random import Random

from oomlab import corpus
from oomlab.badness import rank, total_pages
from oomlab.diagnosis.usage import memory_use
from oomlab.exercises import Exercise, Prediction, Wrong
from oomlab.exercises.kinds import Choice, Essay, Number
from oomlab.parsing import parse
from oomlab.report import Report, Task
from oomlab.units import PAGE_KB, kb

_SIGKILL = 9
_SIGNALS = {6: "SIGABRT", 7: "SIGBUS", 11: "SIGSEGV", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ"}
"""Other signals that end a process, as Linux on a PC numbers them."""


def _ended_by(signal: int) -> dict[str, object]:
    """Return the exit code that a shell makes up for a signal, and what there is to say about it."""
    if signal == _SIGKILL:
        about = (
            "Signal 9 is SIGKILL. The OOM killer sends it, and so does anybody who runs `kill -9`: the "
            "code alone proves nothing. The kernel's log does."
        )
    else:
        about = (
            f"Signal {signal} is {_SIGNALS[signal]}. This was no OOM kill: the OOM killer sends 9, SIGKILL."
        )
    return {"code": 128 + signal, "about": about}


@cache
def recorded(name: str) -> Report:
    """Return the first report of one of our own recordings."""
    return parse(corpus.capture(f"{name}.log"))[0]


def _task(name: str) -> Task:
    return next(each for each in recorded("oom-64-node-scores").tasks if each.comm == name)


def _mib(pages: int | None) -> int:
    """Return pages as whole MiB."""
    return round((pages or 0) * PAGE_KB / 1024)


def _points(rss: int, pgtables: int, adj: int, total: int) -> int:
    """Return the points of a process without swap, on Linux 4.17 to 6.x: pages, and adj in thousandths."""
    return rss + pgtables // (PAGE_KB * 1024) + adj * (total // 1000)


def _scored(rng: Random) -> dict[str, int]:
    return {
        "rss": rng.randrange(1000, 90_000),
        "pgtables": 4096 * rng.randrange(20, 200),
        "adj": rng.choice([-500, 200, 300, 500, 700, 950]),
        "total": rng.randrange(200_000, 4_000_000),
    }


def _nodes() -> dict[str, int]:
    """Return the free memory of the cpuset's report, of all nodes and of the zones listed, in kB."""
    report = recorded("oom-64-cpuset-node")
    return {
        "free": kb(report.totals["free"]),
        "here": sum(kb(zone.free or 0) for zone in report.zones),
    }


def _blocks(rng: Random) -> dict[str, int]:
    return {name: rng.randrange(0, 60) for name in ("a", "b", "c", "d", "e")}


_WEB, _ZRAM = _task("web"), recorded("oom-64-zram")
_SCORED = {
    "rss": _WEB.rss or 0,
    "pgtables": _WEB.pgtables_bytes or 0,
    "adj": _WEB.oom_score_adj or 0,
    "total": total_pages(recorded("oom-64-node-scores")) or 0,
}

EXERCISES = (
    Exercise(
        id="09.1",
        question="A container ends with exit code {code}. Which signal ended its process? Give its number.",
        given=_ended_by(_SIGKILL),
        draw=lambda rng: _ended_by(rng.choice(list(_SIGNALS))),
        kind=Number(lambda code, about: code - 128),
        wrong=(
            Wrong(
                lambda code, about: code,
                "That is the exit code. A shell adds 128 to the number of the signal.",
            ),
            Wrong(lambda code, about: code - 127, "One less: the shell adds 128."),
            Wrong(
                lambda code, about: code - 100, "The shell does not add 100. A signal's number has 7 bits."
            ),
        ),
        hints=(
            "A process that a signal ends has no exit code of its own. The shell makes one up.",
            "128, plus the number of the signal.",
            "`{code} - 128`",
        ),
        solution="{code} − 128 = {answer:g}. {about}",
    ),
    Exercise(
        id="09.2",
        question="A group of cgroup v1 has memory.limit_in_bytes={limit}M and "
        "memory.memsw.limit_in_bytes={both}M. Its memory stands at its limit. How many MiB of swap can it "
        "use?",
        given={"limit": 512, "both": 768},
        draw=lambda rng: (lambda limit: {"limit": limit, "both": limit + 64 * rng.randrange(0, 9)})(
            64 * rng.randrange(2, 20)
        ),
        kind=Number(lambda limit, both: both - limit, unit="MiB"),
        wrong=(
            Wrong(
                lambda limit, both: both,
                "That would be right for memory.swap.max of v2. In v1 this limit is for memory and swap "
                "together.",
            ),
            Wrong(lambda limit, both: limit, "That is its memory. How much more do both limits leave?"),
            Wrong(lambda limit, both: limit + both, "The second limit contains the memory: do not add it."),
        ),
        hints=(
            "memsw: memory and swap.",
            "Take the limit for memory away from the limit for both.",
            "`{both} - {limit}`",
        ),
        solution="{both} − {limit} = {answer:g} MiB. (While its memory is below its limit it could have "
        "more: only the sum is limited.) On cgroup v2 `memory.swap.max` counts swap alone.",
    ),
    Exercise(
        id="09.3",
        question="A process of a pod was killed. Its node's log says constraint=CONSTRAINT_NONE, both "
        "zones are listed, and the request may use either. What was short?",
        kind=Choice(
            {
                "pod": "the pod: it reached its own limit",
                "machine": "the machine: no zone had a page to spare",
                "numa": "one NUMA node of the machine",
                "evicted": "nothing: the kubelet evicted the pod",
            },
            "machine",
        ),
        wrong=(
            Wrong("pod", "Then the log would say CONSTRAINT_MEMCG, and name the group in oom_memcg=."),
            Wrong("numa", "Then it would say CONSTRAINT_CPUSET or CONSTRAINT_MEMORY_POLICY."),
            Wrong(
                "evicted",
                "An eviction is done by the kubelet, before the kernel must kill: there is no such line "
                "then.",
            ),
        ),
        hints=(
            "The constraint says whether a limit or a binding stood in the way. Then look at the zones.",
            "With no constraint and this mask it could choose from all zones. How much may it take of each?",
            "DMA has 1,816 kB and keeps 88 + 1,732. DMA32 has 3,024 and keeps 4,664. There is no other zone.",
        ),
        solution="The machine, a Kubernetes node. The constraint alone does not show it: a request for "
        "lowmem prints CONSTRAINT_NONE with HighMem free. Here the mask allows every zone, and no zone has "
        "more than its min and its reserve. Raising the limit of this pod would change nothing, or make it "
        "worse: its memory request, and those of its neighbours, were too small for what they really use.",
    ),
    Exercise(
        id="09.4",
        question="A process has {rss:,} resident pages, nothing in swap, {pgtables:,} bytes of page tables "
        "and an oom_score_adj of {adj}. The request could choose from {total:,} pages. How many points has "
        "it?",
        given=_SCORED,
        draw=_scored,
        kind=Number(_points, unit="points", tolerance=1),
        wrong=(
            Wrong(
                lambda rss, pgtables, adj, total: rss + adj * (total // 1000),
                "The page tables count too: bytes, divided by 4096.",
            ),
            Wrong(
                lambda rss, pgtables, adj, total: rss + pgtables + adj * (total // 1000),
                "The page tables are in bytes. Points are pages.",
            ),
            Wrong(
                lambda rss, pgtables, adj, total: rss + pgtables // 1024 + adj * (total // 1000),
                "A page has 4,096 bytes: divide the bytes of the page tables by that.",
            ),
            Wrong(
                lambda rss, pgtables, adj, total: rss,
                "That is what it holds in RAM. Its page tables and its oom_score_adj count too.",
            ),
            Wrong(
                lambda rss, pgtables, adj, total: rss + pgtables // 4096,
                "Now its oom_score_adj: each unit is a thousandth of all the pages.",
            ),
            Wrong(
                lambda rss, pgtables, adj, total: rss + pgtables // 4096 + adj * total / 1000,
                "Nearly. The kernel divides first and drops the fraction: {total:,} // 1000, then times adj.",
            ),
            Wrong(
                lambda rss, pgtables, adj, total: rss + pgtables // 4096 + adj,
                "A unit of oom_score_adj is not one page. It is a thousandth of all the pages.",
            ),
        ),
        hints=(
            "Points are pages: what the death would set free, and what the administrator added.",
            "Resident pages, pages of page tables, and adj times a thousandth of all pages (without the "
            "fraction).",
            "`{rss} + {pgtables} // 4096 + {adj} * ({total} // 1000)`",
        ),
        solution="{rss:,} + {pgtables:,} // 4096 + {adj} × ({total:,} // 1000) = {answer:,} points.",
    ),
    Exercise(
        id="09.5",
        question="batch had the highest oom_score_adj, 1000. Why did web die before it, with 900?",
        kind=Choice(
            {
                "order": "web comes earlier in the table",
                "sum": "web is so much larger that 100 steps less of oom_score_adj do not save it",
                "asked": "web asked for the page that could not be had",
                "protected": "1000 means that batch must not be killed",
            },
            "sum",
        ),
        wrong=(
            Wrong("order", "The place in the table decides only between equal points."),
            Wrong(
                "asked", "analytics asked. Who asks is chosen first only with vm.oom_kill_allocating_task."
            ),
            Wrong("protected", "−1000 protects. 1000 is the strongest wish to be killed."),
        ),
        hints=(
            "Compute both: resident pages, and adj.",
            "A hundred steps of adj are worth 100 × 117 pages here. How much larger is web?",
            "What counts is neither the size alone nor the adj alone.",
        ),
        solution="web is 23,203 pages larger, and batch gets 11,700 pages more for its adj. A high "
        "oom_score_adj is a handicap in a race, and not a place in a queue.",
    ),
    Exercise(
        id="09.6",
        question="The machine has {free:,} kB free in all. The zones that the report lists, those of the "
        "NUMA node in the cpuset, have {here:,} kB free together. How many MiB are free on the NUMA nodes "
        "that it does not list?",
        given=_nodes(),
        draw=lambda rng: (lambda here: {"here": here, "free": here + 1024 * rng.randrange(20, 60_000)})(
            4 * rng.randrange(1000, 9000)
        ),
        kind=Number(lambda free, here: (free - here) / 1024, unit="MiB", tolerance=1),
        wrong=(
            Wrong(lambda free, here: free / 1024, "That is the whole machine: the listed node is in it."),
            Wrong(
                lambda free, here: here / 1024,
                "That is the NUMA node that is short. What is left of the total?",
            ),
            Wrong(lambda free, here: (free - here) / 1000, "A MiB is 1,024 kB."),
        ),
        hints=(
            "The totals count every NUMA node. The zone lines show only those that the request could use.",
            "Take the zones from the total, then divide by 1,024.",
            "`({free} - {here}) / 1024`",
        ),
        solution="({free:,} − {here:,}) / 1,024 = {answer:.1f} MiB free, on a node that this process was "
        "not allowed to use.",
    ),
    Exercise(
        id="09.7",
        question="A zone has {a}*4kB {b}*8kB {c}*16kB {d}*32kB {e}*64kB free. How many kB of it can serve "
        "a request of order 3?",
        given={"a": 41, "b": 12, "c": 7, "d": 2, "e": 1},
        draw=_blocks,
        kind=Number(lambda a, b, c, d, e: 32 * d + 64 * e, unit="kB"),
        wrong=(
            Wrong(
                lambda a, b, c, d, e: 4 * a + 8 * b + 16 * c + 32 * d + 64 * e,
                "That is all that is free. Only whole blocks of 32 kB and more will do.",
            ),
            Wrong(
                lambda a, b, c, d, e: 8 * b + 16 * c + 32 * d + 64 * e,
                "Order 3 is 2³ pages, not 8 kB. A page has 4 kB.",
            ),
            Wrong(lambda a, b, c, d, e: d + e, "Those are the blocks that will do. How many kB have they?"),
            Wrong(lambda a, b, c, d, e: 64 * e, "A block of 32 kB is 2³ pages: it will do as well."),
            Wrong(
                lambda a, b, c, d, e: 16 * c + 32 * d + 64 * e, "Order 3 is 8 pages, 32 kB: 16 are too few."
            ),
        ),
        hints=(
            "Order 3 is eight pages in one piece.",
            "Count the blocks of 32 kB and those that can be split.",
            "`32 * {d} + 64 * {e}`",
        ),
        solution="32 × {d} + 64 × {e} = {answer:,g} kB. The rest is free, and of no use to this request. "
        "That is fragmentation.",
    ),
    Exercise(
        id="09.8",
        question="A machine has {swap} MiB of swap on zram. It fills up with data that does not compress. "
        "How much RAM has the machine gained?",
        given={
            "swap": _mib(_ZRAM.swap.total if _ZRAM.swap else None),
            "hidden": _mib(memory_use(_ZRAM).unaccounted),
            "usual": _mib(memory_use(recorded("oom-64-tmpfs")).unaccounted),
        },
        kind=Choice(
            {
                "192": "192 MiB",
                "half": "about half of that",
                "none": "none: what went to swap lies in RAM again, at full size",
            },
            "none",
        ),
        wrong=(
            Wrong("192", "No disk stands behind this zram. Its pages lie in RAM."),
            Wrong("half", "That would be so if each page became half as large. This data does not compress."),
        ),
        hints=(
            "Where does a page go that is written to zram?",
            "Into RAM, compressed.",
            "How large is it there, if compressing it changes nothing?",
        ),
        solution="None. The report of our own machine shows swap full, and {hidden} MiB of RAM that are in "
        "no counter. The same machine without zram has {usual} of these. The rest are the {swap} MiB that "
        "went to swap, at full size, and what zram needs to find them. (Linux 6.18 and later print them.)",
    ),
    Exercise(
        id="09.9",
        question="A group wants more than its memory.high, and has no memory.max. What does the kernel do?",
        kind=Choice(
            {
                "kill": "it kills a process of the group",
                "slow": "it makes the group reclaim, and slows its processes down",
                "move": "it moves the group to another NUMA node",
                "nothing": "nothing: high is only for the statistics",
            },
            "slow",
        ),
        wrong=(
            Wrong("kill", "Only memory.max makes it kill. memory.events of our group shows oom_kill 0."),
            Wrong("move", "The kernel does not move groups between NUMA nodes for want of memory."),
            Wrong(
                "nothing",
                "Look at the total in memory.pressure: 16.7 million microseconds of waiting, in 20 seconds.",
            ),
        ),
        hints=(
            "Read memory.events in the recording.",
            "581 times something happened at high, and nobody was killed.",
            "What does memory.pressure measure?",
        ),
        solution="It slows them down. That can look like a hang. It is meant for somebody who watches: "
        "systemd-oomd or an operator kills, or gives more, before the machine suffers.",
    ),
    Exercise(
        id="09.10",
        question="A colleague writes: 'The pod was OOMKilled with exit code 137, so the node has too "
        "little RAM.' Answer in two or three sentences: which line of which log decides, and what you "
        "would change in each case.",
        kind=Essay(
            rubric=(
                "137 says SIGKILL, and OOMKilled that an OOM killer sent it: neither says what was short",
                "constraint=CONSTRAINT_MEMCG with the pod's path in oom_memcg=, in the node's kernel log, "
                "means the pod's own limit; CONSTRAINT_NONE with all zones below what they keep means the "
                "node",
                "own limit: find what grew, then raise the limit or mend the leak; the node may be half "
                "empty",
                "node: raise the pods' memory requests so that fewer of them come to it, or add RAM; this "
                "pod may be innocent",
                "no line in the kernel's log at all: the kubelet (Evicted), systemd-oomd or a person",
            )
        ),
        hints=(
            "What does the number say, and what not?",
            "Look for constraint= and oom_memcg=.",
            "Two cases, two remedies; and a third where the kernel had no part.",
        ),
        solution="{answer}",
    ),
)

PREDICTIONS = (
    Prediction(
        id="09.a",
        question="A 64-bit kernel on the incident's hardware: how many MiB of its RAM can it not reach "
        "directly?",
        kind=Number(lambda: 0, unit="MiB"),
        says="None. All of it has an address. So that question is gone, and others took its place.",
    ),
    Prediction(
        id="09.b",
        question="A machine of 457 MiB is full. kubelet holds 43 MiB (oom_score_adj −999), database 153 "
        "(−997), web 123 (900), batch 33 (1000), analytics 79 (850), and analytics asks for more. Who is "
        "killed?",
        kind=Choice(
            {
                "database": "database, the largest",
                "web": "web",
                "batch": "batch, whose oom_score_adj is the highest",
                "analytics": "analytics, which asks",
            },
            rank(recorded("oom-64-node-scores"))[0].task.comm,
        ),
        says="It was {answer}. Soon afterwards, when analytics had grown on, analytics.",
    ),
)
