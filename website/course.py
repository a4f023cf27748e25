"""The course and the documents as one book, by Sphinx: every notebook a page, its answers behind a click."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from zlib import crc32

import oomlab
from oomlab import corpus
from oomlab.cli.links import binder, colab
from oomlab.exercises import find
from website.frame import HERE

_DOCUMENTS = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "data/SOURCES.md")
_REPOSITORY = HERE.parent
_SEARCH = re.compile(r'(class="btn search-button-field[^>]*?) aria-label="Search"')
_CHECK = re.compile(r'check\("(\d\d\.\d+)"')

Cell = dict[str, Any]


def build(site: Path) -> None:
    """Build ``course/``."""
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder)
        _lay_out(sources)
        target = site / "course"
        shutil.rmtree(target, ignore_errors=True)
        command = [sys.executable, "-m", "sphinx", "-q", "-b", "html"]
        subprocess.run([*command, str(sources), str(target)], check=True, cwd=_REPOSITORY)
    shutil.rmtree(target / ".doctrees")
    for path in [target / ".buildinfo", *target.rglob("*.map"), *target.rglob("*webpack-macros.html")]:
        path.unlink(missing_ok=True)
    shutil.rmtree(site / "jupyter_execute", ignore_errors=True)  # myst-nb's copies of what it did not run
    _name_as_seen(target)


def _name_as_seen(target: Path) -> None:
    """Take away the theme's labels of what has words of its own, so that these are heard."""
    for path in target.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        text = text.replace('<summary aria-label="Toggle hidden content">', "<summary>")
        path.write_text(_SEARCH.sub(r"\1", text), encoding="utf-8")


def _lay_out(sources: Path) -> None:
    """Lay notebooks and documents out as they lie in the repository, so that their links hold."""
    shutil.copytree(HERE / "course", sources, dirs_exist_ok=True)
    for name in ("icon.svg", "doors.css"):
        shutil.copy(HERE / "static" / name, sources / "_static")
    shutil.copytree(_REPOSITORY / "docs", sources / "docs")
    (sources / "documents.md").rename(sources / "docs" / "index.md")
    for name in _DOCUMENTS:
        (sources / name).parent.mkdir(exist_ok=True)
        shutil.copy(_REPOSITORY / name, sources / name)
    (sources / "notebooks").mkdir()
    for path in corpus.notebooks():
        book = json.loads(path.read_text(encoding="utf-8"))
        book["cells"] = list(_cells(book["cells"], path.name))
        (sources / "notebooks" / path.name).write_text(json.dumps(book), encoding="utf-8")
    (sources / "api.md").write_text(_api(), encoding="utf-8")
    index = Template((HERE / "course" / "index.md").read_text(encoding="utf-8"))
    (sources / "index.md").write_text(index.substitute(table=_table(), notebooks=_list()), encoding="utf-8")


def _cells(cells: list[Cell], name: str) -> Iterator[Cell]:
    """Yield the cells of a page: how to run it, answers' cells folded, hints and solution behind a click."""
    title, *rest = "".join(cells[0]["source"]).split("\n", 1)
    yield {**cells[0], "source": "\n".join([title, "", _run_it(name), *rest])}
    pending: Cell | None = None
    for cell in cells[1:]:
        tags = cell.get("metadata", {}).get("tags", [])
        if "setup" in tags:
            continue
        if "exercise" in tags:
            pending = cell
        elif "check" in tags:
            yield from _exercise(pending, cell)
        else:
            yield cell


def _exercise(answer: Cell | None, check: Cell) -> Iterator[Cell]:
    """Yield an exercise as a page shows it: the cells folded into one, then the help."""
    source = "\n".join("".join(each["source"]) for each in (answer, check) if each)
    outputs = answer["outputs"] if answer else []
    metadata = {"tags": ["hide-input"] if outputs else ["hide-cell"]}
    yield {**check, "source": source, "outputs": outputs, "metadata": metadata}
    problem = find(_CHECK.findall("".join(check["source"]))[0]).problem()
    hints = [(f"Hint {number}", text) for number, text in enumerate(problem.hints, 1)]
    yield _markdown("\n\n".join(_dropdown(*each) for each in [*hints, ("Solution", problem.solution)]))


def _dropdown(title: str, text: str) -> str:
    return f":::{{dropdown}} {title}\n{_prose(text)}\n:::"


def _prose(text: str) -> str:
    """Return a text of the course as Markdown: only what stands between backticks is set otherwise."""
    pieces = re.split(r"(`[^`\n]+`)", text)
    return "".join(
        each if each.startswith("`") else re.sub(r"([\\*_\[\]<>#])", r"\\\1", each) for each in pieces
    )


def _markdown(text: str) -> Cell:
    id = f"{crc32(text.encode()):08x}"
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": text}


def _run_it(name: str) -> str:
    """Return a line that leads from a page to the notebook itself, wherever it can be run."""
    ways = {"in this browser": f"../../lite/lab/index.html?path={name}"}
    if repository := os.environ.get("OOMLAB_REPO"):
        ways |= {"on Binder": binder(repository, name), "in Colab": colab(repository, name)}
    links = ", ".join(f'<a href="{escape(address)}">{where}</a>' for where, address in ways.items())
    return (
        '<div class="run-it"><p>This is a page to read. To answer the exercises, run it: '
        f"{links}, or on a machine of your own with <code>make lab</code>.</p></div>\n"
    )


def _title(path: Path) -> str:
    first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]
    return "".join(first).splitlines()[0].removeprefix("# ")


def _table() -> str:
    rows = [f"| [{path.name[:2]}](notebooks/{path.name}) | {_title(path)} |" for path in corpus.notebooks()]
    return "\n".join(["| notebook | question |", "|---|---|", *rows])


def _list() -> str:
    return "\n".join(
        f"{path.name[:2]}  {_title(path)} <notebooks/{path.stem}>" for path in corpus.notebooks()
    )


_MODULES = {
    "oomlab": "The beginning",
    "oomlab.corpus": "What comes with the course",
    "oomlab.source": "Where logs come from",
    "oomlab.report": "What a report holds",
    "oomlab.diagnosis": "Why a report was written",
    "oomlab.fitting": "From a report to its machine",
    "oomlab.gfp": "Masks",
    "oomlab.watermarks": "Watermarks",
    "oomlab.procfs": "/proc as types",
}


def _api() -> str:
    """Return a page with what the library offers, from its docstrings."""
    parts = ["# The library", "What `from oomlab import …` gives, and the modules behind it."]
    for module, title in _MODULES.items():
        parts.append(f"## {title}: `{module}`")
        listed = ", ".join(oomlab.__all__)
        names = "\n:members: " + listed if module == "oomlab" else "\n:members:\n:exclude-members: " + listed
        parts.append(f"```{{eval-rst}}\n.. automodule:: {module}{_indented(names)}\n```")
    return "\n\n".join(parts) + "\n"


def _indented(text: str) -> str:
    return text.replace("\n", "\n   ")
