"""What can go wrong, worded so that the reader knows what to do next."""

from __future__ import annotations

from types import UnionType


class OomlabError(Exception):
    """The base of every error that oomlab raises on purpose."""


class ReportError(OomlabError, ValueError):
    """The text holds no OOM report, allocation failure or memory dump at all.

    ``line`` is the 1-based number of the line where reading stopped and
    ``text`` is that line, both ``None`` when no single line is to blame.
    """

    def __init__(self, message: str, *, line: int | None = None, text: str | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.text = text


class UnknownKernel(OomlabError, ValueError):
    """A kernel version could not be read, or no table covers it."""


class MachineError(OomlabError, ValueError):
    """A machine that could not boot, or a size that makes no sense."""


def require(value: object, kind: type | UnionType, advice: str) -> None:
    """Raise :class:`TypeError` with advice unless a value is of a kind: the call is wrong, not the log."""
    if not isinstance(value, kind):
        raise TypeError(f"{advice}; found {type(value).__name__}")


class LabUnavailable(OomlabError, RuntimeError):
    """A live kernel cannot be run here: QEMU, a kernel or memory is missing, or the guest has ended."""
