"""``oomlab links``: where the notebooks of a public repository can be opened without an installation."""

from __future__ import annotations

import argparse
import re
from typing import Any
from urllib.parse import quote

_EPILOG = """\
examples:
  oomlab links --repo OWNER/NAME
  oomlab links --repo OWNER/NAME --branch main --hub https://hub.example.org
"""

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?"


def add(subparsers: Any) -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "links",
        help="print the links that open the notebooks on Binder, in Colab and on a hub",
        description="Print, as Markdown, the links that open each notebook of a public repository on GitHub.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--repo", type=_repository, required=True, metavar="OWNER/NAME")
    parser.add_argument("--branch", default="main", help="default: %(default)s")
    parser.add_argument("--hub", type=_hub, metavar="URL", help="a JupyterHub with nbgitpuller")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a table with a row for each notebook."""
    from oomlab import corpus

    repo, branch, hub = arguments.repo, arguments.branch, arguments.hub
    print("| notebook | open it |\n|---|---|")
    for path in corpus.notebooks():
        ways = {"Binder": binder(repo, path.name, branch), "Colab": colab(repo, path.name, branch)}
        if hub:
            ways["hub"] = nbgitpuller(repo, path.name, branch, hub)
        links = " · ".join(f"[{where}]({address})" for where, address in ways.items())
        print(f"| {path.name} | {links} |")
    return 0


def binder(repo: str, notebook: str, branch: str = "main") -> str:
    """Return the address at which Binder opens a notebook.

    >>> binder("ann/oomlab", "00_start.ipynb")
    'https://mybinder.org/v2/gh/ann/oomlab/main?urlpath=lab%2Ftree%2Fnotebooks%2F00_start.ipynb'

    Source: BinderHub's documentation, "URL parameters".
    """
    return f"https://mybinder.org/v2/gh/{repo}/{quote(branch, '')}?urlpath={_lab(notebook)}"


def colab(repo: str, notebook: str, branch: str = "main") -> str:
    """Return the address at which Colab opens a notebook.

    >>> colab("ann/oomlab", "00_start.ipynb")
    'https://colab.research.google.com/github/ann/oomlab/blob/main/notebooks/00_start.ipynb'
    """
    return f"https://colab.research.google.com/github/{repo}/blob/{quote(branch)}/notebooks/{quote(notebook)}"


def nbgitpuller(repo: str, notebook: str, branch: str, hub: str) -> str:
    """Return the address at which a hub pulls the repository and opens a notebook.

    >>> nbgitpuller("ann/oomlab", "00_start.ipynb", "main", "https://hub.example.org").split("?")[0]
    'https://hub.example.org/hub/user-redirect/git-pull'

    Source: nbgitpuller's documentation, "Link generator".
    """
    address = quote(f"https://github.com/{repo}", "")
    target = _lab(notebook, repo.split("/")[1])
    return f"{hub}/hub/user-redirect/git-pull?repo={address}&branch={quote(branch, '')}&urlpath={target}"


def _lab(notebook: str, folder: str = "") -> str:
    """Return the path at which JupyterLab opens a notebook of the course, for a query."""
    return quote(f"lab/tree/{folder}/notebooks/{notebook}".replace("//", "/"), "")


def _repository(text: str) -> str:
    if not re.fullmatch(f"{_NAME}/{_NAME}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no repository: give OWNER/NAME, such as ann/oomlab")
    return text


def _hub(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s?#]+", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no hub: give its address, such as https://hub.example.org"
        )
    return text.rstrip("/")
