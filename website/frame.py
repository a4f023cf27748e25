"""The frame of the site's own pages: the head, the bar with the doors, and the foot."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template

from oomlab import __version__
from oomlab.explore.bundle import STATIC
from oomlab.palette import css_variables

HERE = Path(__file__).parent

DOORS = {
    "read/": "Read my log",
    "lab/": "Failure lab",
    "kernel/": "Kill a kernel",
    "course/": "Course",
    "course/docs/": "Docs",
}
"""The doors in the bar of every page, by their folder."""

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)
"""What a page may do: run the site's own scripts and ask the site's own server, and nothing else."""

_PAGE = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="referrer" content="no-referrer">
<meta name="description" content="$description">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<link rel="icon" href="${root}icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${root}site.css">$head
</head>
<body class="oom site">
<a class="skip" href="#main">To the content</a>
<header class="top">
<a class="name" href="${root}index.html"><img src="${root}icon.svg" alt="" width="24" height="24">oomlab</a>
<nav aria-label="Doors">$doors</nav>
</header>
<main id="main" tabindex="-1">
$body
</main>
<footer class="foot"><p>oomlab $version. Code under the MIT licence, text under CC BY 4.0.
This site asks no other server for anything, and keeps nothing of what you give it.</p></footer>
</body>
</html>
"""
)


def page(body: str, *, title: str, description: str, here: str = "", head: str = "") -> str:
    """Return a page of the site; ``here`` is its folder, with a slash at the end."""
    root = "../" * here.count("/")
    current = {here: ' aria-current="page"'}
    doors = [
        f'<a href="{root}{folder}index.html"{current.get(folder, "")}>{name}</a>'
        for folder, name in DOORS.items()
    ]
    return _PAGE.substitute(
        title=escape(title),
        description=escape(description),
        policy=POLICY,
        root=root,
        head=head,
        doors="".join(doors),
        body=body,
        version=__version__,
    )


def write(target: Path, text: str) -> None:
    """Write a file of the site, and the folders above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def write_shared(site: Path) -> None:
    """Write what every page loads: the style sheet with the course's colours, and the icon."""
    sheets = [STATIC / "tokens.css", HERE / "static" / "site.css"]
    colours = f".oom {{ {css_variables()} }}"
    write(site / "site.css", "\n".join([colours, *(each.read_text(encoding="utf-8") for each in sheets)]))
    write(site / "icon.svg", (HERE / "static" / "icon.svg").read_text(encoding="utf-8"))
