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
$doors
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
    return _PAGE.substitute(
        title=escape(title),
        description=escape(description),
        policy=POLICY,
        root=_root(here),
        head=head,
        doors=doors(here),
        body=body,
        version=__version__,
    )


def doors(here: str, root: str | None = None) -> str:
    """Return the bar with the doors for a page in ``here``; ``root`` leads from it to the site's folder."""
    root = _root(here) if root is None else root
    links = [
        f'<a href="{root}{folder}index.html"{_current(folder, here)}>{name}</a>'
        for folder, name in DOORS.items()
    ]
    home = f'<a class="name" href="{root}index.html">{_text("icon.svg").strip()}oomlab</a>'
    return f'<header class="doors-bar">{home}\n<nav aria-label="Doors">{"".join(links)}</nav></header>'


def with_doors(document: str, *, here: str, below: str = "") -> str:
    """Return a page that the library wrote, with the bar above its content and ``below`` at its end.

    Such a page carries all that it needs, and its policy lets nothing be loaded: so the style is inside.
    """
    head, body = document.split("</head>", 1)
    begin, content = body.split("<main>", 1)
    style = f"<style>\n{_text('doors.css')}</style>\n"
    content = content.replace("</main>", f"{below}\n</main>", 1)
    return f"{head}{style}</head>{begin}{doors(here)}\n<main>{content}"


def _root(here: str) -> str:
    return "../" * here.count("/")


def _current(folder: str, here: str) -> str:
    if folder == here:
        return ' aria-current="page"'
    return ' aria-current="true"' if here.startswith(folder) else ""


def _text(name: str) -> str:
    return (HERE / "static" / name).read_text(encoding="utf-8")


def write(target: Path, text: str) -> None:
    """Write a file of the site, and the folders above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def write_shared(site: Path) -> None:
    """Write what every page loads: the style sheet with the course's colours, and the icon."""
    colours = f".oom {{ {css_variables()} }}"
    tokens = (STATIC / "tokens.css").read_text(encoding="utf-8")
    write(site / "site.css", "\n".join([colours, tokens, _text("doors.css"), _text("site.css")]))
    write(site / "icon.svg", _text("icon.svg"))
