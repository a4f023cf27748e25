"""Build the notebooks: ``source/NN_topic.py`` becomes a learner's copy and one with the answers.

    python -m authoring.build            build and run all of them
    python -m authoring.build 02 03      build and run these
    python -m authoring.build --check    only name those that are out of step with their source

A source is a percent script. Three tags matter:

``exercise``  holds one assignment, to a name of the exercise's own. In the learner's
              copy the value becomes ``...``, or the options to pick from; comments
              on lines of their own stay.
``check``     the cell that checks the exercise above it.
``solution``  is not in the learner's copy at all.

The result depends on the source and the library alone: no times, no addresses,
no widget state, and cell ids that come from the cells' own text.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import os
import re
import sys
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from authoring import glossary
from oomlab.exercises import find
from oomlab.exercises.kinds import Choice, Essay
from oomlab.progress_file import SETTING

HERE = Path(__file__).parent
LEARNERS = HERE.parent / "notebooks"
"""What a learner opens: no answers lie beside it."""
os.environ[SETTING] = ""  # a builder's own guesses and answers are no part of a notebook
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET = "application/vnd.jupyter.widget-view+json"
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")
SET_UP = """\
# Opened alone, as in Colab? Then this gets the library.
from importlib.util import find_spec

if find_spec("oomlab") is None:
    get_ipython().run_line_magic("pip", 'install --quiet "oomlab[widgets]"')"""
"""The first cell of every notebook, folded."""

CHECKED = re.compile(r'check\("(\d\d\.\d+)"')


class SourceError(Exception):
    """A source that cannot be built; the message names the file and the cell."""


def sources(chosen: list[str] | None = None) -> list[Path]:
    """Return the sources in order: all, or those whose names begin with one of the chosen words."""
    paths = sorted((HERE / "source").glob("[0-9][0-9]_*.py"))
    return [path for path in paths if not chosen or path.name.startswith(tuple(chosen))]


def targets(source: Path) -> dict[str, Path]:
    """Return the paths of a source's two notebooks."""
    name = f"{source.stem}.ipynb"
    return {"learner": LEARNERS / name, "solutions": HERE / "solutions" / name}


def compose(source: Path, edition: str) -> NotebookNode:
    """Return one edition of a notebook, not run yet."""
    notebook = nbformat.v4.new_notebook(metadata=METADATA)
    exercise, seen = "", Counter[str]()
    title, *cells = jupytext.reads(source.read_text(), fmt="py:percent").cells
    set_up = nbformat.v4.new_code_cell(SET_UP, metadata={"tags": ["setup"]})
    words = glossary.wanted(source.stem[:2]) if source.stem[:2] != glossary.NOTEBOOK[:2] else set()
    for cell in (title, set_up, *cells):
        tags = cell.metadata.get("tags", [])
        exercise = _exercise_id(cell.source) or exercise
        cell.metadata = _metadata(tags, exercise, seen)
        cell.id = _cell_id(cell.source, seen)
        if edition == "learner" and "exercise" in tags:
            cell.source = stub(cell.source, f"{source.name}, exercise {exercise}", _blank_answer(exercise))
        if cell.cell_type == "markdown":
            cell.source = glossary.link(cell.source, words)
        if edition == "solutions" or "solution" not in tags:
            notebook.cells.append(cell)
    return notebook


def _blank_answer(exercise: str) -> str:
    """Return what takes the place of an answer: the options to pick from, or dots."""
    return f'choose("{exercise}")' if isinstance(find(exercise).kind, Choice) else "..."


def stub(text: str, where: str, blank: str = "...") -> str:
    """Return an exercise cell with ``blank`` for its answer; a blank that can be shown is shown.

    Raises :class:`SourceError` when the cell holds anything but assignments to names.

    >>> print(stub("# How many?\\npages = 2**3  # eight", "a test"))
    # How many?
    pages = ...  # your answer
    """
    lines, kept, start = text.splitlines(), [], 0
    for node in ast.parse(text).body:
        kept += [line for line in lines[start : node.lineno - 1] if not line.strip() or line.startswith("#")]
        kept += _blank(node, lines, where, blank)
        start = node.end_lineno or node.lineno
    return "\n".join(kept)


def _blank(node: ast.stmt, lines: list[str], where: str, blank: str) -> list[str]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return [f"{name} = {blank}  # your answer"] if blank == "..." else [f"{name} = {blank}", name]
    raise SourceError(f"{where}: an exercise cell holds only `name = value`, not: {lines[node.lineno - 1]}")


def _exercise_id(text: str) -> str:
    """Return the exercise that a heading announces or a check cell names, or nothing."""
    found = re.search(r"^#+ Exercise (\d\d\.\d+)", text, re.MULTILINE) or CHECKED.search(text)
    return found[1] if found else ""


def _metadata(tags: list[str], exercise: str, seen: Counter[str]) -> dict[str, object]:
    """Return the tags, and for nbgrader which cell holds the answer and which earns the mark.

    The check earns a point, except that a text is marked by a person, a point for each line of its rubric.
    An exercise earns its mark once: a second check of it is practice.
    """
    metadata: dict[str, object] = {"tags": tags} if tags else {}
    if "setup" in tags:
        metadata["jupyter"] = {"source_hidden": True}
    for role in {"exercise", "check"} & set(tags):
        kind = find(exercise).kind
        by_person = isinstance(kind, Essay)
        answer, mark = role == "exercise", (role == "exercise") == by_person
        grade_id = f"{role}-{exercise.replace('.', '-')}"
        seen[grade_id] += 1
        if seen[grade_id] == 1 and (answer or mark):
            fields = {"schema_version": 3, "grade_id": grade_id, "task": False, "solution": answer}
            points = {"points": len(kind.rubric) if isinstance(kind, Essay) else 1} if mark else {}
            metadata["nbgrader"] = fields | {"grade": mark, "locked": not answer} | points
    return metadata


def _cell_id(text: str, seen: Counter[str]) -> str:
    """Derive an id from the text of a cell, so that a new cell leaves the others alone."""
    digest = hashlib.sha1(text.encode()).hexdigest()[:10]
    seen[digest] += 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def run(notebook: NotebookNode, folder: Path) -> None:
    """Run a notebook in its own folder, and drop what differs from run to run."""
    NotebookClient(
        notebook,
        timeout=120,
        extra_arguments=["--IPKernelApp.log_level=40"],
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
    ).execute()
    notebook.metadata = METADATA
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            _clean(output)


def _clean(output: NotebookNode) -> None:
    """Drop from an output its widget views, which need a kernel, and the addresses of objects."""
    for kind, value in list(output.get("data", {}).items()):
        if kind == WIDGET:
            del output["data"][kind]
        elif kind.startswith("text/"):
            output["data"][kind] = ADDRESS.sub("", value)
    if "text" in output:
        output["text"] = ADDRESS.sub("", output["text"])


def build(source: Path) -> None:
    """Build, run and write both editions."""
    for edition, path in targets(source).items():
        notebook = compose(source, edition)
        run(notebook, path.parent)
        path.write_text(nbformat.writes(notebook) + "\n")
        print(f"wrote {path.relative_to(HERE.parent)}", flush=True)


def out_of_step(source: Path) -> list[str]:
    """Return the notebooks whose cells are not those of their source."""
    return [
        str(path.relative_to(HERE.parent))
        for edition, path in targets(source).items()
        if not path.exists() or _cells(nbformat.read(path, as_version=4)) != _cells(compose(source, edition))
    ]


def _cells(notebook: NotebookNode) -> list[tuple[object, ...]]:
    return [(cell.id, cell.cell_type, cell.source, dict(cell.metadata)) for cell in notebook.cells]


def main() -> int:
    """Build, or check."""
    parser = argparse.ArgumentParser(description="Build the notebooks from their sources.")
    parser.add_argument("chosen", nargs="*", metavar="NN", help="numbers of notebooks; all when left out")
    parser.add_argument("--check", action="store_true", help="run nothing; fail when one is out of step")
    options = parser.parse_args()
    found = sources(options.chosen)
    if not found:
        sys.exit(f"no source in {HERE / 'source'} begins with {' or '.join(options.chosen) or 'two digits'}")
    if options.check:
        stale = [name for source in found for name in out_of_step(source)]
        print("\n".join(f"{name} is out of step: run make notebooks" for name in stale) or "all in step")
        return 1 if stale else 0
    for source in found:
        build(source)
    return 0


if __name__ == "__main__":
    sys.exit(main())
