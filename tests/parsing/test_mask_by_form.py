"""Where no line names the kernel, the form of the report dates the mask."""

from __future__ import annotations

import pytest

from oomlab.kernel_guess import mask_of
from tests.support.texts import only


@pytest.mark.parametrize(
    ("mask", "names", "may_fs"),
    [
        ("0x1f0", ("GFP_KERNEL",), True),
        ("0x1d2", ("GFP_HIGHUSER",), True),
        ("0xf0", ("GFP_NOFS",), False),
        ("0x20", ("GFP_ATOMIC",), False),
    ],
)
def test_a_form_of_2_4_has_a_mask_of_2_4(mask, names, may_fs):
    """Source: include/linux/mm.h, 2.4.18."""
    found = mask_of(
        only(f"Feb 11 04:05:06 box kernel: __alloc_pages: 0-order allocation failed (gfp={mask}/0)")
    )
    assert found
    assert (found.names, found.may_fs, found.basis) == (names, may_fs, "form")


def test_a_form_of_early_2_6_has_no_flag_of_later():
    found = mask_of(
        only("""
        Dec 20 14:02:50 gate kernel: swapper: page allocation failure. order:3, mode:0x4020
        Dec 20 14:02:50 gate kernel: Mem-info:
        Dec 20 14:02:50 gate kernel: Active:630 inactive:4 dirty:0 writeback:0 unstable:0
        """)
    )
    assert found
    assert found.names == ("GFP_ATOMIC", "__GFP_COMP")


def test_a_form_without_a_date_leaves_the_mask_assumed():
    found = mask_of(only("sh: page allocation failure: order:0, mode:0x20"))
    assert found
    assert found.basis == "assumed"


def test_a_named_kernel_dates_the_mask():
    found = mask_of(
        only("""
        [ 1.0] sh: page allocation failure: order:0, mode:0x20
        [ 1.1] Pid: 1, comm: sh Not tainted 2.6.32.1 #1
        """)
    )
    assert found
    assert found.basis == "version"
