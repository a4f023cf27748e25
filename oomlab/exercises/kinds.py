"""The kinds of answer: a number with its unit, a choice, a set of names, a function, a short text.

Each kind can read what a learner wrote, tell whether it is right, and say
something useful when it is not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from numbers import Real
from random import Random
from typing import Any

from oomlab.render.safe import plain
from oomlab.units import PAGE_KB

_BYTES = {"pages": PAGE_KB * 2**10, "B": 1, "kB": 2**10, "MiB": 2**20, "GiB": 2**30}
"""Units of memory, in bytes. The kernel's kB is 1024 bytes."""

_SPELLINGS = {
    **dict.fromkeys(("page", "pages"), "pages"),
    **dict.fromkeys(("b", "byte", "bytes"), "B"),
    **dict.fromkeys(("k", "kb", "kib"), "kB"),
    **dict.fromkeys(("m", "mb", "mib"), "MiB"),
    **dict.fromkeys(("g", "gb", "gib"), "GiB"),
}
_NUMBER = re.compile(r"([-+−]?(?:0[xX][0-9a-fA-F]+|[\d,_]*\.?\d+(?:[eE][-+]?\d+)?))\s*(.*)", re.DOTALL)


_NAMES_ECHOED, _LONGEST_ECHO = 6, 40


def _echo(name: str) -> str:
    """Return a learner's word as feedback repeats it: short, and safe to show."""
    return plain(name if len(name) <= _LONGEST_ECHO else f"{name[:_LONGEST_ECHO]}…")


class Unreadable(Exception):
    """The answer is not of the kind that was asked for; the message says what to write."""


class NotAnswered(Exception):
    """The answer is still the stub."""


class Kind:
    """What every kind of answer can do. Values are what :meth:`read` gives."""

    __slots__ = ()

    def expected(self, given: Mapping[str, Any]) -> Any:
        """Work out the right answer from the numbers of the question."""
        raise NotImplementedError

    def read(self, answer: Any) -> Any:
        """Turn what the learner wrote into a value, or raise :class:`Unreadable`."""
        raise NotImplementedError

    def same(self, value: Any, expected: Any) -> bool:
        """Tell whether two values count as the same answer."""
        return bool(value == expected)

    def remark(self, value: Any, expected: Any) -> str:
        """Say something useful about a wrong value that nobody foresaw."""
        raise NotImplementedError

    def mistaken(self, answer: Any, given: Mapping[str, Any]) -> Any:
        """Work out a known wrong answer, which may be a function of ``given``."""
        return answer(**given) if callable(answer) else answer

    def shown(self, expected: Any) -> Any:
        """Give the answer as ``{answer}`` in a text shows it."""
        return expected


@dataclass(frozen=True, slots=True)
class Number(Kind):
    """A number of ``unit``: pages, B, kB, MiB, GiB, any other word, or nothing.

    ``answer`` works it out from the exercise's ``given``. A plain number counts as
    being in ``unit``; ``"8 kB"`` and ``"2 pages"`` are converted. ``tolerance`` is in
    ``unit`` too.

    >>> Number(lambda: 2, unit="pages").read("8 kB")
    2.0
    """

    answer: Callable[..., float]
    unit: str = ""
    tolerance: float = 0

    def expected(self, given: Mapping[str, Any]) -> float:
        """Work out the right number."""
        return self.answer(**given)

    def read(self, answer: Any) -> float:
        """Read a number, or text such as ``"8,056 kB"``, and give it in ``unit``."""
        number, unit = _split(answer) if isinstance(answer, str) else (answer, "")
        if isinstance(number, bool) or not isinstance(number, Real) or not math.isfinite(number):
            raise Unreadable(f"That does not read as a number. Write {self._wanted()}.")
        return float(number) * self._factor(unit) if unit else float(number)

    def same(self, value: float, expected: float) -> bool:
        """Tell whether two numbers are the same within the tolerance."""
        return abs(value - expected) <= self.tolerance + 1e-9 * abs(expected)

    def remark(self, value: float, expected: float) -> str:
        """Notice the right amount in another unit, and the wrong sign."""
        for unit, size in _BYTES.items() if self.unit in _BYTES else ():
            if value and self.same(value * size / _BYTES[self.unit], expected):
                return f"That is the right amount in {unit}. It is asked for in {self.unit}."
        if value and self.same(-value, expected):
            return "The size is right, the sign is not."
        return "That is not the number."

    def _factor(self, unit: str) -> float:
        spelled = _SPELLINGS.get(unit.lower(), unit)
        if spelled.lower() == self.unit.lower():
            return 1
        if spelled in _BYTES and self.unit in _BYTES:
            return _BYTES[spelled] / _BYTES[self.unit]
        raise Unreadable(f"That unit is not one that fits here. Write {self._wanted()}.")

    def _wanted(self) -> str:
        if self.unit in _BYTES:
            return f'a number of {self.unit}, or one with its unit, such as "12 kB" or "3 pages"'
        return f"a number of {self.unit}" if self.unit else "a number, such as 12"


def _split(text: str) -> tuple[float | None, str]:
    """Split ``"8,056 kB"`` into ``(8056.0, "kB")``; ``None`` when it does not begin with a number."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        return None, ""
    digits = match[1].replace("−", "-").replace(",", "").replace("_", "")
    return int(digits, 16) if "x" in digits.lower() else float(digits), match[2].strip()


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of several ``options``, a mapping of short keys to what they mean.

    ``answer`` is the right key, or a function of ``given`` that works it out. Case
    and surrounding space do not matter.
    """

    options: Mapping[str, str]
    answer: str | Callable[..., str]

    def expected(self, given: Mapping[str, Any]) -> str:
        """Work out the right key."""
        return str(self.mistaken(self.answer, given))

    def read(self, answer: Any) -> str:
        """Find the option that was meant."""
        for key in self.options:
            if isinstance(answer, str) and answer.strip().lower() == key.lower():
                return key
        raise Unreadable(
            f"That is none of the options. Answer with one of {', '.join(map(repr, self.options))}."
        )

    def remark(self, value: str, expected: str) -> str:
        """Say no more than that it is another one."""
        return "It is another one."


@dataclass(frozen=True, slots=True)
class Names(Kind):
    """A set of names in any order: a list, a tuple, a set, or text with ``|``, commas or spaces between.

    >>> sorted(Names(lambda: ["GFP_KERNEL", "__GFP_ZERO"]).read("__GFP_ZERO|GFP_KERNEL"))
    ['GFP_KERNEL', '__GFP_ZERO']
    """

    answer: Callable[..., Iterable[str]]

    def expected(self, given: Mapping[str, Any]) -> frozenset[str]:
        """Work out the right names."""
        return frozenset(self.answer(**given))

    def read(self, answer: Any) -> frozenset[str]:
        """Read the names."""
        names = re.split(r"[|,\s]+", answer) if isinstance(answer, str) else answer
        if not isinstance(names, list | tuple | set | frozenset) or not all(
            isinstance(n, str) for n in names
        ):
            raise Unreadable('Write the names as text or as a list: "ONE | TWO" or ["ONE", "TWO"].')
        return frozenset(name.strip() for name in names if name.strip())

    def remark(self, value: frozenset[str], expected: frozenset[str]) -> str:
        """Count what is missing, and name what does not belong."""
        missing, extra = expected - value, sorted(value - expected)
        parts = [f"{len(missing)} missing"] if missing else []
        parts += [f"{_echo(name)} does not belong" for name in extra[:_NAMES_ECHOED]]
        more = len(extra) - _NAMES_ECHOED
        parts += [f"{more} more do not belong" if more > 1 else "1 more does not belong"] if more > 0 else []
        return f"Not quite: {'; '.join(parts)}."

    def mistaken(self, answer: Any, given: Mapping[str, Any]) -> frozenset[str]:
        """Work out a known wrong set of names."""
        return frozenset(answer(**given) if callable(answer) else answer)

    def shown(self, expected: frozenset[str]) -> str:
        """Give the names in order, with bars between them."""
        return " | ".join(sorted(expected))


@dataclass(frozen=True, slots=True)
class Code(Kind):
    """A function that does what ``reference`` does.

    ``inputs`` draws the arguments of one trial, a tuple, from a :class:`random.Random`.
    The known wrong answers of such an exercise are wrong functions.
    """

    reference: Callable[..., Any]
    inputs: Callable[[Random], tuple[Any, ...]]
    trials: int = 40

    def expected(self, given: Mapping[str, Any]) -> Callable[..., Any]:
        """Give the reference."""
        return self.reference

    def read(self, answer: Any) -> Callable[..., Any]:
        """Take a function; one that returns nothing has not been written yet."""
        if not callable(answer):
            raise Unreadable("A function is asked for. Define it, and pass its name without brackets.")
        if all(_result(answer, args) in ("None", "Ellipsis") for args in self._trials()):
            raise NotAnswered
        return answer  # type: ignore[no-any-return]

    def same(self, value: Callable[..., Any], expected: Callable[..., Any]) -> bool:
        """Tell whether two functions agree on every trial."""
        return all(_result(value, args) == _result(expected, args) for args in self._trials())

    def remark(self, value: Callable[..., Any], expected: Callable[..., Any]) -> str:
        """Show the first trial on which the two differ."""
        trials = ((args, _result(value, args), _result(expected, args)) for args in self._trials())
        args, got, wanted = next(trial for trial in trials if trial[1] != trial[2])
        return f"For the arguments ({', '.join(map(repr, args))}) yours gives {got}; it should give {wanted}."

    def mistaken(self, answer: Any, given: Mapping[str, Any]) -> Any:
        """Give the wrong function as it is."""
        return answer

    def shown(self, expected: Callable[..., Any]) -> str:
        """Give the reference's name."""
        return expected.__name__

    def _trials(self) -> list[tuple[Any, ...]]:
        rng = Random("trials")
        return [self.inputs(rng) for _ in range(self.trials)]


def _result(function: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """Call a function on its own copy of the arguments; an exception is a result too."""
    try:
        return _plain(function(*deepcopy(args)))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _plain(value: Any) -> str:
    """Write a result so that 8 and 8.0 look the same, and 0.1 + 0.2 like 0.3."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return f"{float(value):.12g}"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_plain, value))})"
    return repr(value)


@dataclass(frozen=True, slots=True)
class Essay(Kind):
    """A few sentences, which no program can judge: the learner does, with the ``rubric``."""

    rubric: tuple[str, ...]

    def expected(self, given: Mapping[str, Any]) -> str:
        """Give the rubric as text."""
        return "\n".join(f"– {point}" for point in self.rubric)

    def read(self, answer: Any) -> str:
        """Take any text with a word in it."""
        if not isinstance(answer, str):
            raise Unreadable('Write your answer as text between three quotes: """…""".')
        if not re.search(r"\w", answer):
            raise NotAnswered
        return answer

    def same(self, value: str, expected: str) -> bool:
        """Never: a text is not right because it is there."""
        return False

    def remark(self, value: str, expected: str) -> str:
        """Show the rubric."""
        return f"Compare what you wrote with this. A good answer says:\n{expected}"
