"""What `from oomlab import …` answers to a call that is almost right."""

from __future__ import annotations

from dataclasses import replace

import pytest

import oomlab
from oomlab import corpus
from oomlab.errors import MachineError

REPORT = oomlab.parse(corpus.incident())[0]


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        (lambda: oomlab.parse(corpus.incident().encode()), "parse_bytes its bytes; found bytes"),
        (lambda: oomlab.parse(None), "parse takes the text of a log"),
        (lambda: oomlab.diagnose([REPORT]), "diagnose takes one report.*found list"),
        (lambda: oomlab.diagnose(corpus.incident()), "diagnose takes one report.*found str"),
        (lambda: oomlab.fit([REPORT]), "fit takes one report.*found list"),
        (lambda: oomlab.decode_gfp("0x84d0"), "takes a number, such as 0x84d0; found str"),
        (lambda: oomlab.KernelVersion("3.2"), r'KernelVersion\.of\("3\.2\.59"\); found str'),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_what_to_do(call, advice):
    with pytest.raises(TypeError, match=advice):
        call()


def test_a_size_in_words_is_refused_with_the_way_to_say_it():
    with pytest.raises(MachineError, match=r"ram is '32GiB': give a number, such as gib_to_pages\(32\)"):
        oomlab.zones(replace(oomlab.INCIDENT, ram="32GiB"))


def test_a_machine_takes_its_kernel_as_text_too():
    assert replace(oomlab.INCIDENT, kernel="3.2.59") == oomlab.INCIDENT


def test_a_mask_is_encoded_from_the_text_that_the_kernel_prints():
    text = "GFP_KERNEL|__GFP_ZERO"
    assert oomlab.encode_gfp(text, kernel="3.2") == oomlab.encode_gfp(text.split("|"), kernel="3.2")
