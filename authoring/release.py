"""Make an nbgrader course of the same sources: notebooks that give marks.

    python -m authoring.release DIR

writes ``DIR/source/02_gfp_mask/02_gfp_mask.ipynb`` and so on, and ``DIR/nbgrader_config.py``. In a graded
notebook an answer stands between nbgrader's markers, so that a student's copy keeps ``name = ...``; the check
below it returns the points; a text is marked by a person, a point for each line of its rubric.
"""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from authoring.build import compose, sources, stub
from oomlab.exercises import find
from oomlab.exercises.kinds import Choice

CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "oomlab"
c.ClearSolutions.code_stub = {"python": "# Put your answer in place of the dots above."}
c.ExecutePreprocessor.timeout = 300
"""


def graded(source: Path) -> NotebookNode:
    """Return a notebook with its answers between markers, for nbgrader to take out."""
    notebook = compose(source, "solutions")
    notebook.cells = [cell for cell in notebook.cells if "solution" not in cell.metadata.get("tags", [])]
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            role, id = _role(cell)
            cell.source = answer_cell(cell.source, id) if role == "exercise" else marks_cell(cell.source)
    return notebook


def _role(cell: NotebookNode) -> tuple[str, str]:
    """Return what a cell is for, and its exercise: ``("check", "02.3")``."""
    role, chapter, number = cell.metadata.nbgrader.grade_id.split("-")
    return role, f"{chapter}.{number}"


def answer_cell(text: str, id: str) -> str:
    """Return an answer with its stub above it; the options of a choice are comments."""
    kind = find(id).kind
    options = [f'# "{key}" {meaning}'.rstrip() for key, meaning in kind.options.items()] if _picks(id) else []
    answer = ast.get_source_segment(text, ast.parse(text).body[-1])
    lines = [*options, stub(text, f"exercise {id}"), "### BEGIN SOLUTION", answer, "### END SOLUTION"]
    return "\n".join(line for line in lines if line)


def _picks(id: str) -> bool:
    return isinstance(find(id).kind, Choice)


def marks_cell(text: str) -> str:
    """Return a check that gives points; it fetches ``marks`` itself, whatever an answer's cell has defined.

    >>> print(marks_cell('check("02.3", request_pages)'))
    from oomlab.check import marks
    <BLANKLINE>
    marks("02.3", request_pages)
    """
    return f"from oomlab.check import marks\n\n{text.replace('check(', 'marks(', 1)}"


def write(folder: Path) -> list[Path]:
    """Write the course into a folder, and return its notebooks: those with something to mark."""
    written = []
    for source in sources():
        notebook = graded(source)
        if not any("nbgrader" in cell.metadata for cell in notebook.cells):
            continue
        path = folder / "source" / source.stem / f"{source.stem}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)
        written.append(path)
    (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    return written


def main() -> int:
    """Write the course."""
    parser = argparse.ArgumentParser(description="Make an nbgrader course of the notebooks.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to write it")
    folder = parser.parse_args().folder
    written = write(folder)
    print(f"Wrote {len(written)} assignments to {folder}. There: nbgrader generate_assignment --all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
