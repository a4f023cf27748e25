"""What a report looks like: text for a terminal, HTML for a notebook, JSON for a program.

Pure functions from :class:`oomlab.report.Report` to text. Whatever a log holds, none of them
lets a control character or a tag through.
"""

from oomlab.render.annotated import annotated
from oomlab.render.data import as_dict, json_document
from oomlab.render.mask import mask_as_dict, mask_text
from oomlab.render.summary import html
from oomlab.render.terminal import line, text

__all__ = ["annotated", "as_dict", "html", "json_document", "line", "mask_as_dict", "mask_text", "text"]
