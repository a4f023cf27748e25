"""Tell whose kill a line speaks of.

A kill may be one more of the report that is being collected, the only trace of the next
one (a busy kernel leaves headers out, a log may keep errors only), or some daemon's.
"""

from __future__ import annotations

import re

from oomlab.parsing.kinds import Kind
from oomlab.parsing.sketch import Sketch

NEAR = 10
"""A line that a logger printed twice stands no further from itself than this."""

_KILLS: frozenset[Kind] = frozenset(("killed", "reaped"))
"""Where a report has no other lines, somebody looked for kills: up to 5.0 each had a report of its own."""

_PID = re.compile(r"process (\d+)")


def kills_anew(sketch: Sketch, kind: Kind, text: str) -> bool:
    """Tell whether a kill is one more of this report or the next: a busy kernel leaves headers out."""
    if kind in ("constraint", "chosen"):
        earlier = sketch.of("chosen", "killed") + sketch.of(kind)
        return bool(earlier) and all(line.text != text for line in earlier)
    if "failure" in sketch.lines and 4 <= sketch.stage < 8:
        return True
    if kind != "killed" or "memcg_group" in sketch.lines:
        return False
    if "ut of " not in text and not (sketch.lines.keys() <= _KILLS and "-rss:" in text):
        return False
    if "chosen" in sketch.lines and "total-vm" not in text:
        return False  # up to 2.6.33 the children of the chosen one went first
    earlier = sketch.of("killed")[-NEAR:]
    if not earlier or any(_process(line.text) == _process(text) for line in earlier):
        return False
    return "total-vm" in text or _name(earlier[-1].text) != _name(text)


def _process(text: str) -> str:
    match = _PID.search(text)
    return match[1] if match else text


def _name(text: str) -> str:
    return text[text.find("(") :]


def is_somebody_elses(sketch: Sketch, text: str) -> bool:
    """Tell whether a process was killed by a daemon, after the kernel has said all that it had to say."""
    return not (is_by_kernel(text) or "chosen" in sketch.lines or "killed" not in sketch.lines)


def is_by_kernel(text: str) -> bool:
    """Tell the kernel's own kill from a line of some daemon's that says the same."""
    return "ut of " in text or "-rss:" in text or "vsz:" in text
