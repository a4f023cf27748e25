"""The course and the documents as one book. ``website/course.py`` lays out the sources and calls Sphinx."""

from html import escape

from docutils.nodes import SkipNode

from oomlab import __version__
from website.frame import doors

project = "oomlab"
author = "The oomlab authors"
copyright = "the oomlab authors, CC BY 4.0"
release = version = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_copybutton", "sphinx_design"]
templates_path = ["_templates"]
html_static_path = ["_static"]
suppress_warnings = ["mystnb.unknown_mime_type"]

# The notebooks are built and checked elsewhere: what they hold is shown.
nb_execution_mode = "off"
nb_code_prompt_show = "The cell for your answer"
nb_code_prompt_hide = "The cell for your answer"
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
# Formulas would need a script from elsewhere: there are none, and what looks like one stays text.
html_math_renderer = "plain"

autodoc_typehints = "signature"
autodoc_member_order = "bysource"

html_theme = "sphinx_book_theme"
html_title = "oomlab"
html_favicon = "_static/icon.svg"
html_context = {"default_mode": "auto"}
html_css_files = ["doors.css", "book.css"]
html_copy_source = False
html_show_sourcelink = False
html_last_updated_fmt = None
html_sidebars = {
    "**": ["search-button-field.html", "sbt-sidebar-nav.html"],
}
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "home_page_in_toc": True,
    "show_toc_level": 2,
    "navbar_start": ["doors.html"],
    "navbar_center": [],
    "navbar_end": [],
    "navbar_persistent": [],
}


def setup(app):
    """Hand the doors of the site to the sidebar, and leave formulas as they are written."""
    app.connect("html-page-context", lambda app, page, template, context, tree: context.update(doors=_doors))
    app.add_html_math_renderer("plain", (_as_written, None), (_as_written, None))
    return {"parallel_read_safe": True}


def _doors(root):
    bar = doors("course/", f"{root}../")
    return bar.replace("<header", "<div").replace("</header", "</div")  # the theme puts it into a header


def _as_written(translator, node):
    translator.body.append(f"<code>{escape(node.astext())}</code>")
    raise SkipNode
