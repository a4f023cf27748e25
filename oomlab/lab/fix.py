"""Switch the fix of 2012 off and on again, in the memory of a running guest.

The fix (mm/vmscan.c, commit cc715d99e529) lets reclaim look into HighMem as soon as the
kernel holds more buffer_heads than ``max_buffer_heads``. With that limit out of reach it never
does. The variable has no symbol in Debian's kernels, so it is found by the code that reads it.
This emulates a kernel without the fix; it is not a kernel of 2012.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple, Protocol

from oomlab.errors import LabUnavailable
from oomlab.mmzone import VM_SPLITS

PAGE_OFFSET = VM_SPLITS["3G/1G"]
FUNCTION = "recalc_bh_state"
CODE_BYTES = 160

_CODE = re.compile(rb"\x31\xc0(?:\x39|\x3b).(?P<limit>....).*?\xa3(?P<over>....)\xc3", re.DOTALL)
"""The end of the function, as compiled for i386 in 5.10 and 6.1: compare with the limit, store the result."""

_NEVER = 0x7FFFFFFF


class Memory(Protocol):
    """A guest's physical memory."""

    def read_memory(self, address: int, size: int) -> bytes:
        """Return ``size`` bytes from a physical address on."""

    def write_memory(self, address: int, data: bytes) -> None:
        """Write bytes from a physical address on."""


class Fix(NamedTuple):
    """Where the two variables lie, physically, and the limit that the kernel had chosen."""

    limit_at: int
    over_at: int
    limit: int

    def switch_off(self, memory: Memory) -> None:
        """Put the limit out of reach."""
        memory.write_memory(self.limit_at, struct.pack("<I", _NEVER))
        memory.write_memory(self.over_at, struct.pack("<I", 0))

    def switch_on(self, memory: Memory) -> None:
        """Set the kernel's own limit again, and that it is exceeded: reclaim resumes at once."""
        memory.write_memory(self.limit_at, struct.pack("<I", self.limit))
        memory.write_memory(self.over_at, struct.pack("<I", 1))


def find_fix(memory: Memory, kallsyms: str) -> Fix:
    """Find the fix's variables from the guest's ``/proc/kallsyms``.

    Raises :class:`LabUnavailable` where the code is not of the form that was read.
    """
    found = re.search(rf"^([0-9a-f]+) \w {FUNCTION}(?:\.\S+)?$", kallsyms, re.MULTILINE)
    if found is None:
        raise LabUnavailable(f"the guest's kernel lists no {FUNCTION}: the fix cannot be switched off in it")
    code = memory.read_memory(int(found[1], 16) - PAGE_OFFSET, CODE_BYTES)
    variables = _CODE.search(code)
    if variables is None:
        raise LabUnavailable(
            f"{FUNCTION} is compiled in another way than in Debian's 5.10 and 6.1: the fix is left alone"
        )
    limit_at, over_at = (
        int.from_bytes(variables[name], "little") - PAGE_OFFSET for name in ("limit", "over")
    )
    limit = int.from_bytes(memory.read_memory(limit_at, 4), "little")
    if not 0 < limit < _NEVER:
        raise LabUnavailable(f"max_buffer_heads would be {limit}: the fix is left alone")
    return Fix(limit_at, over_at, limit)
