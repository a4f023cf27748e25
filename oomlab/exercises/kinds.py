"""The kinds of answer: a number with its unit, a choice, a set of names, a short text.

Each kind reads what a learner wrote, judges it, and has a remark for a wrong
answer that the exercise did not foresee.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
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
_BARE_HEX = re.compile(r"(?=.*[a-fA-F])[0-9a-fA-F]+")
_MIN_WORDS = 10
"""Words that a text must have before it is laid beside the rubric: about one sentence."""


_NAMES_ECHOED, _LONGEST_ECHO = 6, 40


def _echo(name: str) -> str:
    """Return a learner's word as feedback repeats it: short, and safe to show."""
    return plain(name if len(name) <= _LONGEST_ECHO else f"{name[:_LONGEST_ECHO]}…")


class Unreadable(Exception):
    """The answer is not of the kind that was asked for; the message says what to write."""


class NotAnswered(Exception):
    """The answer is still the stub."""


class Picker:
    """Anything that keeps in ``value`` the option that a learner picked; ``None`` before there is one."""

    value: Any


class Kind:
    """What every kind of answer can do. A *value* is what :meth:`read` returns."""

    __slots__ = ()

    def expected(self, given: Mapping[str, Any]) -> Any:
        """Return the right answer for the numbers of the question."""
        raise NotImplementedError

    def read(self, answer: Any) -> Any:
        """Return what the learner wrote as a value.

        Raises :class:`Unreadable` for another kind of answer and :class:`NotAnswered` for none.
        """
        raise NotImplementedError

    def same(self, value: Any, expected: Any) -> bool:
        """Whether two values count as the same answer."""
        return bool(value == expected)

    def remark(self, value: Any, expected: Any) -> str:
        """Return a useful message about a wrong value that the exercise did not foresee."""
        raise NotImplementedError

    def mistaken(self, answer: Any, given: Mapping[str, Any]) -> Any:
        """Return a known wrong answer as a value; it may be a function of ``given``."""
        return answer(**given) if callable(answer) else answer

    def shown(self, expected: Any) -> Any:
        """Return the answer as ``{answer}`` in a text shows it."""
        return expected

    def how(self) -> str:
        """Return what a question must add about the form of the answer, or nothing."""
        return ""


@dataclass(frozen=True, slots=True)
class Number(Kind):
    """A number of ``unit``: pages, B, kB, MiB, GiB, any other word, or nothing.

    ``answer`` works it out from the exercise's ``given``. A plain number counts as
    being in ``unit``; ``"8 kB"`` and ``"2 pages"`` are converted, unless ``converts``
    is false because the conversion is the exercise. ``tolerance`` is in ``unit`` too.

    >>> Number(lambda: 2, unit="pages").read("8 kB")
    2.0
    """

    answer: Callable[..., float]
    unit: str = ""
    tolerance: float = 0
    converts: bool = True

    def expected(self, given: Mapping[str, Any]) -> float:
        """Return the right number."""
        return self.answer(**given)

    def read(self, answer: Any) -> float:
        """Return a number, or text such as ``"8,056 kB"``, as a number of ``unit``."""
        number, unit = self._split(answer) if isinstance(answer, str) else (_float(answer), "")
        if number is None:
            raise Unreadable(f"That does not read as a number. Write {self._wanted()}.")
        return number * self._factor(unit) if unit else number

    def same(self, value: float, expected: float) -> bool:
        """Whether two numbers are the same within the tolerance."""
        return abs(value - expected) <= self.tolerance + 1e-9 * abs(expected)

    def remark(self, value: float, expected: float) -> str:
        """Recognize the right amount in another unit or rounded, powers of 1000, and the wrong sign."""
        for unit, size in _BYTES.items() if self.unit in _BYTES else ():
            if value and self.same(value * size / _BYTES[self.unit], expected):
                return f"That is the right amount in {unit}. It is asked for in {self.unit}."
        if self.unit in ("MiB", "GiB") and _thousands(value, expected):
            return "You divided by powers of 1,000. Here units are powers of 1,024: 2**20, not 10**6."
        if value and self.same(-value, expected):
            return "The size is right, the sign is not."
        if self.tolerance < abs(value - expected) <= 0.5 and value == round(expected):
            return "Nearly: one more digit."
        return "That is not the number."

    def _split(self, text: str) -> tuple[float | None, str]:
        """Split ``"8,056 kB"`` into ``(8056.0, "kB")``; ``None`` when it does not begin with a number."""
        match = _NUMBER.fullmatch(text.strip())
        if not self.unit and _BARE_HEX.fullmatch(text.strip()) and not (match and not match[2]):
            raise Unreadable(f"A hexadecimal number begins with 0x, without quotes: 0x{text.strip()[:16]}.")
        if match is None:
            return None, ""
        digits = match[1].replace("−", "-").replace(",", "").replace("_", "")
        return _float(int(digits, 16) if "x" in digits.lower() else float(digits)), match[2].strip()

    def _factor(self, unit: str) -> float:
        spelled = _SPELLINGS.get(unit.lower(), unit)
        if spelled.lower() == self.unit.lower():
            return 1
        if spelled not in _BYTES or self.unit not in _BYTES:
            raise Unreadable(f"That unit does not fit here. Write {self._wanted()}.")
        if not self.converts:
            raise Unreadable(f"The exercise is to convert it: write a number of {self.unit}.")
        return _BYTES[spelled] / _BYTES[self.unit]

    def _wanted(self) -> str:
        if self.unit in _BYTES and self.converts:
            return f'a number of {self.unit}, or one with its unit, such as "12 kB" or "3 pages"'
        return f"a number of {self.unit}" if self.unit else "a number, such as 12"


def _float(number: Any) -> float | None:
    """Return a number as a finite float; ``None`` when it is no number or too large for one."""
    if isinstance(number, bool) or not isinstance(number, Real):
        return None
    try:
        value = float(number)
    except Exception:  # OverflowError, or whatever a stranger's number class raises
        return None
    return value if math.isfinite(value) else None


def _thousands(value: float, expected: float) -> bool:
    """Whether a value would be right if kB, MB and GB were powers of 1000."""
    return any(math.isclose(value / 1.024**power, expected, rel_tol=0.002) for power in (1, 2, 3))


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of several ``options``, a mapping of short keys to what they mean.

    ``answer`` is the right key, or a function of ``given`` that works it out. Case and
    surrounding space do not matter; what an option means is accepted for its key,
    ``True`` and ``False`` for ``"yes"`` and ``"no"``, and a :class:`Picker` for what it keeps.
    """

    options: Mapping[str, str]
    answer: str | Callable[..., str]

    def expected(self, given: Mapping[str, Any]) -> str:
        """Return the right key."""
        return str(self.mistaken(self.answer, given))

    def read(self, answer: Any) -> str:
        """Return the key of the option that was meant."""
        words = answer.value if isinstance(answer, Picker) else answer
        if words is None:
            raise NotAnswered
        if isinstance(words, bool):
            words = "yes" if words else "no"
        if isinstance(words, str) and (wanted := words.strip().lower()):
            for key, meaning in self.options.items():
                if wanted in (key.lower(), meaning.lower()):
                    return key
        raise Unreadable(f"That is none of the options. {self.how()}")

    def remark(self, value: str, expected: str) -> str:
        """Return no more than that it is another one."""
        return "It is another one."

    def how(self) -> str:
        """Name the options."""
        named = (f'"{key}"' + (f" ({meaning})" if meaning else "") for key, meaning in self.options.items())
        return f"Answer with one of {', '.join(named)}."


@dataclass(frozen=True, slots=True)
class Names(Kind):
    """A set of names in any order: a list, a tuple, a set, or text with ``|``, commas or spaces between.

    >>> sorted(Names(lambda: ["GFP_KERNEL", "__GFP_ZERO"]).read("__GFP_ZERO|GFP_KERNEL"))
    ['GFP_KERNEL', '__GFP_ZERO']
    """

    answer: Callable[..., Iterable[str]]

    def expected(self, given: Mapping[str, Any]) -> frozenset[str]:
        """Return the right names."""
        return frozenset(self.answer(**given))

    def read(self, answer: Any) -> frozenset[str]:
        """Return the names."""
        names = re.split(r"[|,\s]+", answer) if isinstance(answer, str) else answer
        if not isinstance(names, list | tuple | set | frozenset) or not all(
            isinstance(n, str) for n in names
        ):
            raise Unreadable('Write the names as text or as a list: "ONE | TWO" or ["ONE", "TWO"].')
        return frozenset(name.strip() for name in names if name.strip())

    def remark(self, value: frozenset[str], expected: frozenset[str]) -> str:
        """Count what is missing and name what does not belong; notice a flag without its underscores."""
        missing, extra = expected - value, sorted(value - expected)
        if short := [name for name in extra if f"__{name}" in expected]:
            return f"Nearly: {_echo(short[0])} is a single flag, which has two underscores in front."
        parts = [f"{len(missing)} missing"] if missing else []
        parts += [f"{_echo(name)} does not belong" for name in extra[:_NAMES_ECHOED]]
        more = len(extra) - _NAMES_ECHOED
        parts += [f"{more} more do not belong" if more > 1 else "1 more does not belong"] if more > 0 else []
        return f"Not quite: {'; '.join(parts)}."

    def mistaken(self, answer: Any, given: Mapping[str, Any]) -> frozenset[str]:
        """Return a known wrong set of names."""
        return frozenset(answer(**given) if callable(answer) else answer)

    def shown(self, expected: frozenset[str]) -> str:
        """Return the names in order, with bars between them."""
        return " | ".join(sorted(expected))


@dataclass(frozen=True, slots=True)
class Essay(Kind):
    """A few sentences, which no program can judge: the learner does, with the ``rubric``."""

    rubric: tuple[str, ...]

    def expected(self, given: Mapping[str, Any]) -> str:
        """Return the rubric as text."""
        return "\n".join(f"– {point}" for point in self.rubric)

    def read(self, answer: Any) -> str:
        """Return a text of one sentence or more."""
        if not isinstance(answer, str):
            raise Unreadable('Write your answer as text between three quotes: """…""".')
        words = re.findall(r"\w+", answer)
        if not words:
            raise NotAnswered
        if len(words) < _MIN_WORDS:
            raise Unreadable("First write a sentence or two. Then you will see what a good answer contains.")
        return answer

    def same(self, value: str, expected: str) -> bool:
        """Whether the text is right: never, since being there does not make it so."""
        return False

    def remark(self, value: str, expected: str) -> str:
        """Return the rubric."""
        return f"Compare what you wrote with this. A good answer contains:\n{expected}"
