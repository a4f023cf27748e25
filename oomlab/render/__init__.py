"""What a report looks like: text for a terminal, HTML for a notebook, JSON for a program.

- ``sentences``: what there is to say, in words that all the others share
- ``terminal``, ``mask``, ``run``: a report, a gfp mask and a run of the model as text
- ``ticket``: a report as Markdown
- ``now``: what would fail next on a living machine
- ``notices``: what other programs wrote of kills, as text
- ``pages``: a report, its log and a timeline as HTML, which a notebook shows by itself
- ``data``: a report as plain data and as JSON
- ``safe``: the escapes that every text from a log goes through

Pure functions from :class:`oomlab.report.Report` to text. Whatever a log contains, no control
character and no tag gets through. Each name is loaded on first use, so that the command line
does not wait for the pages of the notebook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oomlab.lazy import lazy_names

if TYPE_CHECKING:
    from oomlab.render.data import as_dict, json_document, json_lines
    from oomlab.render.mask import mask_as_dict, mask_text
    from oomlab.render.notices import notice_line, notices_text
    from oomlab.render.pages.frame import Html
    from oomlab.render.pages.log import annotated
    from oomlab.render.pages.report import html
    from oomlab.render.pages.timeline import timeline_html
    from oomlab.render.terminal import line, text
    from oomlab.render.ticket import markdown

__all__ = [
    "Html",
    "annotated",
    "as_dict",
    "html",
    "json_document",
    "json_lines",
    "line",
    "markdown",
    "mask_as_dict",
    "mask_text",
    "notice_line",
    "notices_text",
    "text",
    "timeline_html",
]

_MODULES = {
    "Html": "pages.frame",
    "annotated": "pages.log",
    "as_dict": "data",
    "html": "pages.report",
    "json_document": "data",
    "json_lines": "data",
    "line": "terminal",
    "markdown": "ticket",
    "mask_as_dict": "mask",
    "mask_text": "mask",
    "notice_line": "notices",
    "notices_text": "notices",
    "text": "terminal",
    "timeline_html": "pages.timeline",
}

__getattr__ = lazy_names(__name__, {name: f"{__name__}.{module}" for name, module in _MODULES.items()})
