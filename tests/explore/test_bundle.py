"""JavaScript modules become one text: each made before it is needed, and none of the language lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
import quickjs

from oomlab.explore import bundle as module
from oomlab.explore.bundle import STATIC, bundle, constant, imports, modules, source, widget_script

ENTRIES = (
    "explorer",
    "predict",
    "radios",
    "lab/ui/page",
    "lab/ui/widget",
    "live/page",
    "live/widget",
    "live/worker",
    "live/node",
)
EVERY = sorted(path.relative_to(STATIC).with_suffix("").as_posix() for path in STATIC.rglob("*.js"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of modules made up for one test: ``folder({"a/b": text})``."""

    def write(texts: dict[str, str]) -> None:
        for name, text in texts.items():
            path = tmp_path / f"{name}.js"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    monkeypatch.setattr(module, "STATIC", tmp_path)
    source.cache_clear()
    yield write
    source.cache_clear()


def test_modules_in_folders_import_each_other_by_relative_path(folder):
    folder(
        {
            "top": "export const two = 2;\n",
            "a/x": 'import { two } from "../top.js";\n\nexport function four() { return two * two; }\n',
            "b/c/y": 'import { two as pair } from "../../top.js";\nimport { four } from "../../a/x.js";\n\n'
            "export class Sum { total = four() + pair; }\n",
            "b/entry": 'import { Sum } from "./c/y.js";\n\nexport const sum = new Sum().total;\n',
        }
    )
    assert modules("b/entry") == ["top", "a/x", "b/c/y", "b/entry"]
    engine = quickjs.Context()
    assert engine.eval(bundle("b/entry") + "b_entry.sum") == 6


@pytest.mark.parametrize(
    "line",
    [
        'import x from "./x.js";',
        'import "./x.js";',
        'import * as x from "./x.js";',
        "export default 1;",
        "export { x };",
        'export { x } from "./x.js";',
        "export let x = 1;",
    ],
)
def test_what_the_bundler_does_not_know_is_refused_and_not_dropped(folder, line):
    folder({"x": "export const x = 1;\n", "entry": f"{line}\n"})
    with pytest.raises(ValueError, match="does not understand"):
        bundle("entry")


def test_a_circle_of_imports_is_named(folder):
    folder(
        {
            "a": 'import { b } from "./b.js";\nexport const a = 1;\n',
            "b": 'import { a } from "./a.js";\nexport const b = 1;\n',
        }
    )
    with pytest.raises(ValueError, match="a → b → a"):
        modules("a")


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_module_is_made_once_and_before_it_is_needed(entry):
    order = modules(entry)
    assert len(order) == len(set(order))
    for place, name in enumerate(order):
        assert set(imports(name)) <= set(order[:place])


def test_every_module_is_part_of_some_widget_or_page():
    assert sorted(modules(*ENTRIES)) == EVERY
    assert len({constant(name) for name in EVERY}) == len(EVERY)


def test_the_widget_and_the_page_of_the_lab_share_all_but_their_entry():
    widget, page = modules("lab/ui/widget"), modules("lab/ui/page")
    assert set(page[:-1]) - set(widget[:-1]) == {"lab/ui/address"}
    assert set(widget[:-1]) - set(page[:-1]) == {"opening"}
    assert widget_script("lab/ui/widget").endswith("export default { render: lab_ui_widget.render };\n")


@pytest.mark.parametrize("name", [name for name in EVERY if name.startswith("lab/")])
def test_the_model_draws_nothing_and_drawings_know_no_controls(name):
    above = {"model": ("lab/draw/", "lab/ui/", "dom"), "draw": ("lab/ui/",), "ui": ()}
    folder = name.split("/")[1]
    assert not [each for each in imports(name) if each.startswith(above[folder])]


@pytest.mark.parametrize("name", EVERY)
def test_a_module_can_be_read_in_a_sitting(name):
    lines = source(name).splitlines()
    assert len(lines) <= 250
    assert lines[0].startswith("// "), "a module begins by saying what it is for"
    assert all(a or b for a, b in pairwise(lines)), "one empty line is enough"
