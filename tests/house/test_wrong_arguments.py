"""Whoever calls a public function wrongly is told what it takes, and not what failed within."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import matplotlib as mpl
import pytest

import oomlab
from oomlab import INCIDENT, Workload, badness, corpus, plot, procfs, render, simulation
from oomlab.errors import MachineError
from oomlab.zone_model import zones

REPORT = oomlab.parse(corpus.incident())[0]
ODD = (None, "", [], {}, 3.5, object(), b"x", REPORT, (1, 2), "\x1b[31mx", 10**400)
ADVICE = re.compile(
    r"takes|needs|required|give|expected|should be|choose|write one"
    r"|no OOM report|at least one|is the text empty"
)


def public() -> Iterator[Callable[..., object]]:
    yield from (getattr(oomlab, name) for name in oomlab.__all__ if callable(getattr(oomlab, name)))
    yield from (getattr(plot, name) for name in plot.__all__)
    yield from (getattr(render, name) for name in render.__all__ if name != "Html")
    yield from (getattr(procfs, name) for name in vars(procfs) if name.startswith("parse_"))
    for module in (badness, simulation):
        named = (getattr(module, name) for name in module.__all__)
        yield from (each for each in named if inspect.isfunction(each))


def complaint(function: Callable[..., object], value: object) -> str:
    """Return what a function says of an argument that it cannot take; nothing where it can."""
    try:
        found = function(value)
        if inspect.isgenerator(found):
            list(found)
    except (TypeError, ValueError) as error:
        return str(error)
    return ""


FUNCTIONS = {each.__name__: each for each in public()}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_wrong_argument_is_named_with_what_is_taken(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mpl.use("Agg")
    for value in ODD:
        said = complaint(FUNCTIONS[name], value)
        assert not said or ADVICE.search(said), f"{type(value).__name__}: {said}"
        assert said.replace("\n", " ").isprintable()
        assert len(said) < 400


def needs_nothing(function: Callable[..., object]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return all(each.default is not each.empty or each.kind in kinds for each in parameters)


@pytest.mark.parametrize("name", [name for name, each in FUNCTIONS.items() if needs_nothing(each)])
def test_what_needs_no_argument_can_be_called_without_one(name):
    mpl.use("Agg")
    assert FUNCTIONS[name]() is not None


@pytest.mark.parametrize(
    "value", [*ODD, ["GFP_KERNEL", 3], "GFP_KERNEL|"], ids=lambda value: f"{value!r:.20}"
)
def test_names_of_flags_that_are_none_are_told(value):
    said = complaint(lambda names: oomlab.encode_gfp(names, kernel="3.2"), value)
    assert value in ([], {}) or re.search("takes|give|has no", said)


def test_nothing_to_tell_of_is_no_error():
    assert render.notices_text([]) == ""
    assert oomlab.timeline([]).events == ()


@pytest.mark.parametrize("size", [10**400, float("inf"), float("nan"), "32 GiB", [1]])
def test_a_size_that_no_machine_has_is_refused(size):
    for change in ({"ram": size}, {"swap": size}, {"min_free_kbytes": size}):
        with pytest.raises(MachineError, match=r"larger than any|give a number"):
            zones(replace(INCIDENT, **change))
    for change in ({"anon": size}, {"written": size}):
        with pytest.raises(MachineError, match=r"larger than any|give a number"):
            Workload(**change)
