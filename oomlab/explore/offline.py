"""A page that carries all it needs: its styles, its script and its data stand in the one document."""

from __future__ import annotations

import json
from string import Template

from oomlab.palette import as_dict

_PAGE = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="$policy">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
$styles
</style>
</head>
<body class="oom oom-page">
<main>
$content
</main>
<script>
$script
$module.start({ facts: $facts, palette: $palette, place: document.getElementById("$place") });
</script>
</body>
</html>
"""
)


def offline_page(
    title: str, content: str, *, start: tuple[str, str], facts: object, styles: str, script: str, policy: str
) -> str:
    """Return a whole HTML document.

    ``start`` is the module of the script that is started, and the id of the element in ``content`` that it
    fills; ``facts`` is the data it is given, ``policy`` what the page may load.
    """
    module, place = start
    return _PAGE.substitute(
        title=title,
        content=content,
        module=module,
        place=place,
        facts=as_json(facts),
        palette=as_json(as_dict()),
        styles=styles,
        script=script,
        policy=policy,
    )


def as_json(data: object) -> str:
    """Return data as text that can stand inside a script element."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
