"""What a hand can change: the controls of an explorer, declared as plain data.

A control knows its name, its label and its value. :meth:`spec` is what the page
draws; :meth:`accept` turns what the page sends back into a value, and keeps the
old one when it makes no sense. The page itself calculates nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any

Value = int | str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The part all controls share. ``hint`` is a line below; ``off`` greys the control out."""

    name: str
    label: str
    hint: str = ""
    off: bool = False

    def _spec(self, kind: str, **more: Any) -> dict[str, Any]:
        shared = {"name": self.name, "label": self.label, "hint": self.hint, "off": self.off}
        return {"kind": kind, **shared, **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slider(Control):
    """A slider over a list of values, each with the words a person reads.

    ``steps`` may be spaced as you like: the page only moves from one to the next.
    """

    value: int
    steps: tuple[int, ...]
    readout: Callable[[int], str] = str

    def spec(self) -> dict[str, Any]:
        """Return what to draw: the steps, and what each is called."""
        readouts = [self.readout(step) for step in self.steps]
        return self._spec("slider", value=self.value, steps=list(self.steps), readouts=readouts)

    def accept(self, sent: object) -> int:
        """Take the step nearest to a number; keep the old value for anything else."""
        if not isinstance(sent, int | float):
            return self.value
        return min(self.steps, key=lambda step: abs(step - sent))


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Control):
    """A whole number to type, between two limits."""

    value: int
    low: int
    high: int
    unit: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what to draw: the limits and the unit."""
        return self._spec("number", value=self.value, low=self.low, high=self.high, unit=self.unit)

    def accept(self, sent: object) -> int:
        """Take a whole number within the limits; keep the old value for anything else."""
        fits = isinstance(sent, int | float) and sent == sent // 1 and self.low <= sent <= self.high
        return int(sent) if fits else self.value  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Control):
    """One of a few: ``options`` maps each value to its label."""

    value: str
    options: Mapping[str, str]

    def spec(self) -> dict[str, Any]:
        """Return what to draw: values and labels, in order."""
        return self._spec("choice", value=self.value, options=[list(each) for each in self.options.items()])

    def accept(self, sent: object) -> str:
        """Take a value that is on offer; keep the old one for anything else."""
        return next((value for value in self.options if value == sent), self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Toggle(Control):
    """Yes or no."""

    value: bool

    def spec(self) -> dict[str, Any]:
        """Return what to draw."""
        return self._spec("toggle", value=self.value)

    def accept(self, sent: object) -> bool:
        """Take true or false; keep the old value for anything else."""
        return sent if isinstance(sent, bool) else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Bits(Control):
    """The bits of a number, each with its name, and the number itself in hexadecimal.

    ``names[n]`` is the name of bit *n*; a bit without one is ``""`` and can still be set.
    """

    value: int
    names: tuple[str, ...]

    def spec(self) -> dict[str, Any]:
        """Return what to draw: the hexadecimal digits, highest first, each with its four bits."""
        highest = (len(self.names) - 1) // 4
        digits = [self._digit(place) for place in range(highest, -1, -1)]
        return self._spec("bits", value=f"{self.value:#x}", digits=digits)

    def _digit(self, place: int) -> dict[str, Any]:
        bits = [self._bit(bit) for bit in range(4 * place + 3, 4 * place - 1, -1) if bit < len(self.names)]
        return {"digit": f"{self.value >> 4 * place & 0xF:x}", "place": place, "bits": bits}

    def _bit(self, bit: int) -> dict[str, Any]:
        return {"bit": bit, "name": self.names[bit], "on": bool(self.value >> bit & 1)}

    def accept(self, sent: object) -> int:
        """Take a number, hexadecimal text or a list of set bits; keep the old value for anything else."""
        try:
            mask = _mask(sent)
        except (ValueError, TypeError):
            return self.value
        return mask if 0 <= mask < 1 << 32 else self.value


def _mask(sent: object) -> int:
    if isinstance(sent, str):
        return int(sent, 16)
    if isinstance(sent, list):
        return sum(1 << bit for bit in set(sent) if bit in range(32))
    return operator.index(sent)  # type: ignore[arg-type]


AnyControl = Slider | Number | Choice | Toggle | Bits


def doubling_steps(low: int, high: int, *, parts: int = 4, keep: tuple[int, ...] = ()) -> tuple[int, ...]:
    """Space values for a slider from ``low`` to ``high``: each doubling in equal parts.

    So every step is about as large in proportion, and a round number. ``keep`` are more values
    that must be among them.

    >>> doubling_steps(256, 1024)
    (256, 320, 384, 448, 512, 640, 768, 896, 1024)
    """
    starts = takewhile(lambda each: each < high, (low << n for n in count()))
    steps = (start + start * part // parts for start in starts for part in range(parts))
    return tuple(sorted({high, *keep, *(step for step in steps if step < high)}))
