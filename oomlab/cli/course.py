"""``oomlab course``: the notebooks, out of an installed copy into a folder of one's own."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from oomlab.errors import OomlabError

_EPILOG = """\
examples:
  oomlab course                  write the notebooks into oomlab-course
  oomlab course teaching/memory  write them into a folder of your choice
  oomlab course --check          say whether this machine is ready for the course
"""


def add(subparsers: Any) -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "course",
        help="write the course's notebooks into a folder",
        description="Write the course's notebooks into a folder, which is made if need be. "
        "A notebook that is there already is kept as it is: it may hold your answers.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", nargs="?", default="oomlab-course", help="default: %(default)s")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; say whether this machine is ready for the course"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write those that are not there, or check the seat."""
    return _check() if arguments.check else _write(arguments.folder)


def _check() -> int:
    from oomlab.cli.seat import checks

    ready = True
    for each in checks():
        print(
            f"{each.name:<12} {each.found}" + (f". To do: {each.remedy}" if each.remedy else ""), flush=True
        )
        ready = ready and not each.remedy
    print("This seat is ready." if ready else "This seat is not ready.")
    return 0 if ready else 1


def _write(name: str) -> int:
    from oomlab import corpus
    from oomlab.cli.complaint import shown
    from oomlab.files import write_file
    from oomlab.render.safe import plain

    if not name:
        raise OomlabError("the name of the folder is empty (''): name one, or leave it out for oomlab-course")
    folder = Path(name)
    folder.mkdir(parents=True, exist_ok=True)
    notebooks = corpus.notebooks()
    missing = [each for each in notebooks if not (folder / each.name).exists()]
    for each in missing:
        write_file(str(folder / each.name), each.read_bytes())
    name = plain(shown(name))
    others = "." if len(missing) == len(notebooks) else "; those that were there are kept."
    print(f"Wrote {len(missing)} of {len(notebooks)} notebooks to {name}{others}")
    print(f"Begin with {notebooks[0].name}: jupyter lab {name}")
    if find_spec("jupyterlab") is None:
        print('JupyterLab is not installed here: pip install "oomlab[course]" installs it.')
    return 0
