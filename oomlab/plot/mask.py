"""The picture of a gfp mask: its bits in a row, and what each of them asks for."""

from __future__ import annotations

from matplotlib.axes import Axes

from oomlab.errors import require
from oomlab.gfp import GfpMask
from oomlab.plot.canvas import FAINT, INK, PAPER, QUIET, SMALL, TEXT, block, paper, say
from oomlab.render.sentences.request import Flag, fallback_in_words, mask_flags, mask_in_words

_UNKNOWN = "#888888"
_BITS, _NAMES, _MEANINGS, _RIGHT = 0, 208, 345, 640  # where each column begins, in points on the usual page
_LINE = 19


def gfp_bits(mask: GfpMask, *, ax: Axes | None = None) -> Axes:
    """Draw a mask bit by bit, the highest on the left as in a number, with each set bit explained.

    Needs a mask that was decoded for a kernel version: without one no bit has a certain name.
    """
    require(mask, GfpMask, "gfp_bits takes what decode_gfp gives")
    named = [each for each in mask_flags(mask) if each.bit is not None]
    count = max(16, -(-mask.value.bit_length() // 4) * 4)
    step = (_NAMES - 12) / count
    ax = paper(ax, height=1.6 + _LINE / 72 * max(1, len(named)))
    _row_of_bits(ax, mask.value, count, step, {each.bit for each in named})
    for row, each in enumerate(named):
        _explain(ax, each, (count - (each.bit or 0).bit_length() + 0.5) * step, -_LINE * (row + 0.85))
    ax.set(xlim=(_BITS - 2, _RIGHT), ylim=(-_LINE * (len(named) + 0.5), 46), xticks=[], yticks=[])
    say(
        ax,
        f"{mask.value:#x} = {mask.text.replace('|', ' | ')}",
        f"{mask_in_words(mask)} {fallback_in_words(mask)}",
    )
    return ax


def _row_of_bits(ax: Axes, value: int, count: int, step: float, named: set[int | None]) -> None:
    for place in range(count):
        x, bit = (count - 1 - place) * step, 1 << place
        on = bool(value & bit)
        ground = "#f4f4f4" if not on else INK if bit in named else _UNKNOWN
        block(ax, x + 0.6, 0, step - 1.2, 18, facecolor=ground, edgecolor=FAINT, linewidth=0.6)
        color = PAPER if on else "#999999"
        ax.text(x + step / 2, 8.5, str(int(on)), ha="center", va="center", fontsize=SMALL, color=color)
        if place % 4 == 0:
            digit = f"{(value >> place) & 0xF:x}"
            ax.text(x - step, 25, digit, ha="center", fontsize=TEXT + 3, color=INK, family="monospace")
            ax.plot([x - 3 * step + 1, x + step - 1], [22, 22], color=FAINT, linewidth=0.8)


def _explain(ax: Axes, flag: Flag, x: float, y: float) -> None:
    """Lead from a bit down and to the right, where its name and its meaning stand."""
    ax.plot([x, x, _NAMES - 5], [0, y, y], color="#999999", linewidth=0.9, solid_joinstyle="round")
    ax.text(_NAMES, y, flag.name, va="center", fontsize=SMALL, color=INK, weight="bold")
    ax.text(_MEANINGS, y, flag.meaning, va="center", fontsize=SMALL, color=QUIET)
