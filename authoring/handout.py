"""Make the handout: what a learner keeps beside the keyboard, two pages of A4 as a PDF.

    python -m authoring.handout [FILE]     default: handout.pdf

Every number on it is worked out by the library, from the incident's report and the tables. It is
printed by Chromium.
"""

from __future__ import annotations

import re
import sys
from html import escape
from pathlib import Path

from oomlab import corpus, encode_gfp, parse
from oomlab.errors import UnknownKernel
from oomlab.kernel import load_table
from oomlab.kernel_guess import mask_of
from oomlab.verdict import Verdict, verdicts
from tests.support.browser import find_chromium, launch

KERNELS = ("3.2", "4.4", "4.19", "6.1", "6.12")
MASKS = (
    ("GFP_KERNEL", "the kernel's own data; may wait and reclaim"),
    ("GFP_NOFS", "the same from within a file system: may not enter it again"),
    ("GFP_ATOMIC", "cannot wait; may dig into the reserve"),
    ("GFP_USER", "for a process, in lowmem"),
    ("GFP_HIGHUSER_MOVABLE", "for a process, wherever there is room"),
    ("__GFP_DMA", "below 16 MiB only"),
    ("__GFP_DMA32", "below 4 GiB only"),
    ("__GFP_HIGHMEM", "HighMem will do"),
    ("__GFP_ZERO", "filled with zeros"),
    ("__GFP_NORETRY", "give up early rather than kill"),
    ("__GFP_NOFAIL", "never give up"),
)
ANATOMY = (
    ("trigger", 1),
    ("stack", 8),
    ("zone", 54),
    ("reserve", 57),
    ("buddy", 60),
    ("totals", 48),
    ("swap", 66),
    ("tasks", 76),
    ("kill", 78),
)
"""Parts of a report by their key in ``tables/anatomy.toml``, and a line of the incident's that shows each."""

TREE = (
    ("Was anything killed?", "“page allocation failure” alone kills nobody. Look at its order and its mask."),
    (
        "Did a limit decide?",
        "<code>constraint=CONSTRAINT_MEMCG</code>, “Memory cgroup out of memory”: compare the group's usage "
        "with its limit, not the machine's free memory. "
        "<code>CPUSET</code> or <code>MEMORY_POLICY</code>: count only those nodes.",
    ),
    (
        "Which zones would serve?",
        "The mask names the highest; the request falls downwards only. What is free above it does not count.",
    ),
    (
        "Are those zones short, and others not?",
        "free ≤ min + reserve in each of them: lowmem, DMA or one NUMA node is exhausted. Find out what "
        "fills it.",
    ),
    (
        "Are they roomy, and the order above 0?",
        "Look at the buddy lists: blocks of that order or larger must be free. None: fragmentation.",
    ),
    (
        "Is everything short?",
        "Then somebody holds it. Sum it up: anonymous (the task table), shared memory, page cache that is "
        "dirty or locked, unreclaimable slab, page tables, huge pages. What is missing from the sum is in no "
        "counter: often a driver has it.",
    ),
    (
        "Is swap full, or untouched?",
        "Full: more anonymous and shared memory than fits. Untouched: what filled the zone could not be "
        "swapped, as the kernel's own data, or might not be, as locked memory.",
    ),
)
STYLE = (Path(__file__).parent / "handout.css").read_text()


def page() -> str:
    """Return the handout as HTML."""
    title = "<title>oomlab: reading an OOM report</title>"
    head = f'<!doctype html><html lang="en"><meta charset="utf-8">{title}<style>{STYLE}</style>'
    return (
        f"{head}<section>{_anatomy()}</section><section>{_arithmetic()}{_masks()}{_tree()}</section></html>"
    )


def _anatomy() -> str:
    """Return the first page: the parts of the report, each with one line of the incident's."""
    lines = corpus.incident().splitlines()
    parts = {part["key"]: part for part in load_table("anatomy")["part"]}
    rows = "".join(_part(parts[key], lines[number - 1]) for key, number in ANATOMY)
    return f"<h1>Anatomy of an OOM report</h1><p>In the order in which the kernel prints it.</p>{rows}"


def _part(part: dict[str, str], line: str) -> str:
    shown = line.split("] ", 2)[-1].strip()
    return (
        f'<div class="part"><b>{escape(part["title"])}</b><pre>{escape(shown[:210])}</pre>'
        f"<p>{_with_code(part['text'])}</p></div>"
    )


def _with_code(text: str) -> str:
    """Return text as HTML, with code where it has backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _arithmetic() -> str:
    """Return the inequality, worked out for the incident's zones."""
    report = parse(corpus.incident())[0]
    judged = [each for each in verdicts(report, mask_of(report)) if each.allowed]
    rows = "".join(_zone_row(each) for each in judged)
    return (
        "<h2>May this zone serve the request?</h2>"
        "<p>Only if <code>free &gt; watermark + lowmem_reserve</code>. The watermark is <code>min</code> at "
        "the last try; an urgent request may go deeper. From 2.6.38 to 3.2 two pages more are asked for. "
        "The incident, in pages:</p>"
        '<table><tr><th>zone</th><th class="n">free</th><th class="n">min</th><th class="n">reserve</th>'
        f'<th class="n">to spare</th><th>serves</th></tr>{rows}</table>'
        "<p>Zone lines are in kB, <code>lowmem_reserve</code> and the totals in pages of 4 kB.</p>"
    )


def _zone_row(each: Verdict) -> str:
    counts = (each.zone.free, each.watermark, each.reserve, each.spare)
    numbers = "".join(f'<td class="n">{count:,}</td>' for count in counts)
    passes = "yes" if (each.spare or 0) > 0 else "no"
    return f"<tr><td>{each.zone.name}</td>{numbers}<td>{passes}</td></tr>"


def _masks() -> str:
    """Return the table of masks, by kernel."""
    head = "".join(f"<th>{kernel}</th>" for kernel in KERNELS)
    rows = "".join(
        f"<tr><td><code>{name}</code></td><td>{meaning}</td>"
        + "".join(f"<td><code>{_mask(name, kernel)}</code></td>" for kernel in KERNELS)
        + "</tr>"
        for name, meaning in MASKS
    )
    return (
        "<h2>What was asked for</h2>"
        "<p>The same bits mean different things on different kernels: look at the version first. "
        "<code>order</code> n is 2<sup>n</sup> pages in a row.</p>"
        f"<table><tr><th></th><th></th>{head}</tr>{rows}</table>"
    )


def _mask(name: str, kernel: str) -> str:
    try:
        return f"{encode_gfp(name, kernel=kernel):#x}"
    except UnknownKernel:
        return "–"


def _tree() -> str:
    steps = "".join(f"<li><b>{question}</b> {answer}</li>" for question, answer in TREE)
    return (
        f"<h2>Seven questions, in this order</h2><ol>{steps}</ol>"
        "<footer>oomlab. The text is under CC BY 4.0; the incident's lines are from question 724469 on "
        "Server Fault, CC BY-SA 3.0. Every number was worked out by the library.</footer>"
    )


def main() -> int:
    """Print the handout."""
    from playwright.sync_api import sync_playwright

    target = Path(sys.argv[1] if len(sys.argv) > 1 else "handout.pdf")
    chromium = find_chromium()
    if chromium is None:
        sys.exit("Chromium prints the handout, and is not here: apt install chromium")
    with sync_playwright() as playwright:
        running = launch(playwright, chromium)
        tab = running.new_page()
        tab.set_content(page())
        tab.pdf(path=str(target), prefer_css_page_size=True, print_background=True, tagged=True)
        running.close()
    print(f"Wrote {target}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
