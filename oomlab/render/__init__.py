"""What a report looks like: text for a terminal, HTML for a notebook, JSON for a program.

Pure functions from :class:`oomlab.report.Report` to text. Whatever a log holds, none of them
lets a control character or a tag through. Each is loaded when it is first asked for, so that
the command line does not wait for the pages of the notebook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oomlab.lazy import lazy_names

if TYPE_CHECKING:
    from oomlab.render.data import as_dict, json_document
    from oomlab.render.log import annotated
    from oomlab.render.mask import mask_as_dict, mask_text
    from oomlab.render.summary import html
    from oomlab.render.terminal import line, text
    from oomlab.render.timeline import timeline_html

__all__ = [
    "annotated",
    "as_dict",
    "html",
    "json_document",
    "line",
    "mask_as_dict",
    "mask_text",
    "text",
    "timeline_html",
]

_MODULES = {
    "annotated": "log",
    "as_dict": "data",
    "html": "summary",
    "json_document": "data",
    "line": "terminal",
    "mask_as_dict": "mask",
    "mask_text": "mask",
    "text": "terminal",
    "timeline_html": "timeline",
}

__getattr__ = lazy_names(__name__, {name: f"{__name__}.{module}" for name, module in _MODULES.items()})
