"""The fix of 2012, found and switched in memory that the tests made."""

from __future__ import annotations

import struct

import pytest

from oomlab.errors import LabUnavailable
from oomlab.lab.fix import find_fix

CODE_AT, LIMIT_AT, OVER_AT = 0x1324010, 0x1EE6A44, 0x1EE6A40
SYMBOLS = "c1324000 T alloc_buffer_head\nc1324010 t recalc_bh_state.part.0\n"


class Memory:
    """A guest's memory: bytes by physical address."""

    def __init__(self, code: bytes, limit: int = 53312) -> None:
        self.bytes = bytearray(32 << 20)
        self.write_memory(CODE_AT, code)
        self.write_memory(LIMIT_AT, struct.pack("<I", limit))

    def read_memory(self, address: int, size: int) -> bytes:
        return bytes(self.bytes[address : address + size])

    def write_memory(self, address: int, data: bytes) -> None:
        self.bytes[address : address + len(data)] = data

    def word(self, address: int) -> int:
        return int.from_bytes(self.read_memory(address, 4), "little")


def _code(compare: int = 0x39) -> bytes:
    def address(at: int) -> bytes:
        return struct.pack("<I", at + 0xC0000000)

    end = (
        bytes([0x31, 0xC0, compare, 0x15])
        + address(LIMIT_AT)
        + b"\x0f\x9c\xc0\xa3"
        + address(OVER_AT)
        + b"\xc3"
    )
    return b"\x55\x89\xe5" + end


@pytest.mark.parametrize("compare", [0x39, 0x3B])
def test_the_two_variables_are_found_in_either_form_of_the_code(compare):
    fix = find_fix(Memory(_code(compare)), SYMBOLS)
    assert fix == (LIMIT_AT, OVER_AT, 53312)


def test_off_puts_the_limit_out_of_reach_and_on_gives_the_kernels_own_back():
    memory = Memory(_code())
    fix = find_fix(memory, SYMBOLS)
    fix.switch_off(memory)
    assert (memory.word(LIMIT_AT), memory.word(OVER_AT)) == (0x7FFFFFFF, 0)
    fix.switch_on(memory)
    assert (memory.word(LIMIT_AT), memory.word(OVER_AT)) == (53312, 1)


@pytest.mark.parametrize(
    ("memory", "symbols", "says"),
    [
        (Memory(_code()), "c1000000 T schedule\n", "lists no recalc_bh_state"),
        (Memory(b"\x90" * 160), SYMBOLS, "compiled in another way"),
        (Memory(_code(), limit=0), SYMBOLS, "max_buffer_heads would be 0"),
        (Memory(_code(), limit=0xFFFFFFF0), SYMBOLS, "max_buffer_heads would be"),
    ],
)
def test_a_kernel_of_another_form_is_left_alone_with_the_reason(memory, symbols, says):
    before = bytes(memory.bytes)
    with pytest.raises(LabUnavailable, match=says):
        find_fix(memory, symbols)
    assert bytes(memory.bytes) == before
