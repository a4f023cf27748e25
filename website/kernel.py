"""*Kill a kernel*: the live page where a kernel can be had, otherwise recordings, said plainly."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path

from oomlab import diagnose, lab
from oomlab.lab.runs import Run
from oomlab.render import html
from oomlab.simulation import page_cache
from oomlab.units import human_kb
from website.frame import page, with_doors, write

RECORDINGS = ("incident-small", "rescued", "with-the-fix")
"""The recordings that the page shows: a death, a rescue, and a kernel that needs none."""

_WIDTH, _HEIGHT = 1000, 100
"""The size that charts are drawn in; the page stretches them to its own width."""

Sample = Mapping[str, float]


def build(site: Path) -> None:
    """Build ``kernel/``."""
    folder = site / "kernel"
    shutil.rmtree(folder, ignore_errors=True)
    if _write_live(folder):
        write(folder / "recording" / "index.html", _page("kernel/recording/", ""))
    else:
        write(folder / "index.html", _page("kernel/", _NO_KERNEL))


_NO_KERNEL = """<p class="note">This site was built where no 32-bit kernel could be had for the browser, so
nothing runs here: these are recordings. <code>oomlab lab run incident-small</code> runs the same live in
QEMU, on a machine of your own.</p>"""


def _write_live(folder: Path) -> bool:
    """Let ``oomlab lab page`` write the page; return whether it could."""
    command = [sys.executable, "-m", "oomlab", "lab", "page", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    index = folder / "index.html"
    if done.returncode or not index.is_file():
        print(f"kernel   a recording only: {done.stderr.strip()[-300:]}")
        return False
    write(index, with_doors(index.read_text(encoding="utf-8"), here="kernel/"))
    return True


def _page(here: str, note: str) -> str:
    runs = [lab.run(name, engine="recorded") for name in RECORDINGS]
    body = "\n".join([_HEAD, note, *map(_shown, runs)])
    return page(
        body,
        title="Kill a kernel: recordings · oomlab",
        description="A real 32-bit Debian kernel that dies of lowmem, or is rescued while it is dying.",
        here=here,
    )


_HEAD = """<h1>Kill a kernel</h1>
<p class="lead">A real 32-bit Debian kernel copies zeros into a file until its lowmem is full of records about
the page cache. To emulate a kernel without the fix of 2012, one variable is written in its memory.</p>"""


def _shown(run: Run) -> str:
    """Return a recorded run: what it was, its charts, and its own report."""
    fix = "with its fix" if run.scenario.fix else "without the fix at first"
    told = "".join(f" After {seconds:.1f} s: {escape(text)}." for seconds, text in run.notes if seconds)
    parts = [
        f"<h2>{escape(run.scenario.title)}</h2>",
        f"<p>A recording of Linux {escape(run.kernel)}, {fix}.{told} {run.ending}</p>",
        *_charts(run),
    ]
    if run.report is not None:
        parts.append(
            "<details><summary>What the kernel wrote, explained</summary>"
            f"{html(run.report, diagnose(run.report))}</details>"
        )
    return f'<section class="run">{"".join(parts)}</section>'


def _charts(run: Run) -> list[str]:
    samples = [
        sample for sample in run.samples if sample["nfree"]
    ]  # the first may come before the guest tells
    begin, end = samples[0]["t"], samples[-1]["t"]
    marks = [(seconds - begin) / (end - begin) for seconds, _ in run.notes if seconds]
    return [
        _chart("Page cache", "cache", samples, page_cache, marks),
        _chart("Free in HighMem", "free", samples, lambda sample: sample["hfree"], marks),
        _chart("Free in Normal", "slab", samples, lambda sample: sample["nfree"], marks, samples[0]["nmin"]),
        f'<p class="time"><span>{begin:.0f} s</span><span>{end:.0f} s</span></p>',
    ]


def _chart(
    title: str,
    key: str,
    samples: Sequence[Sample],
    pages: Callable[[Sample], float],
    marks: Sequence[float],
    minimum: float | None = None,
) -> str:
    """Return one quantity over time as an area, with its greatest and its last value in words."""
    values = [pages(sample) for sample in samples]
    whole, begin, end = max(*values, 1), samples[0]["t"], samples[-1]["t"]
    points = [
        ((sample["t"] - begin) / (end - begin) * _WIDTH, _HEIGHT * (1 - value / whole))
        for sample, value in zip(samples, values, strict=True)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    words = f"at most {human_kb(round(whole) * 4)}, in the end {human_kb(round(values[-1]) * 4)}"
    rules = "".join(f'<path class="note-at" d="M{at * _WIDTH:.1f} 0V{_HEIGHT}"/>' for at in marks)
    if minimum is not None:
        words += f"; min is {human_kb(round(minimum) * 4)}"
        rules += f'<path class="min" d="M0 {_HEIGHT * (1 - minimum / whole):.1f}H{_WIDTH}"/>'
    return (
        f'<p class="above"><strong>{title}</strong><span>{words}</span></p>'
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{title}: {words}"><polygon points="0,{_HEIGHT} {line} {_WIDTH},{_HEIGHT}" '
        f'style="fill: var(--oom-{key})"/>{rules}</svg>'
    )
