"""What a reader of a document may type: its code blocks, its commands, and the calls that its text names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_CALL = re.compile(r"([A-Za-z_][\w.]*)\((.*)\)", re.DOTALL)


def blocks(text: str, *languages: str) -> list[str]:
    """Return the fenced blocks of these languages."""
    return [code for language, code in _FENCE.findall(text) if language in languages]


def spans(text: str) -> list[str]:
    """Return what the running text sets in code."""
    return [" ".join(span.split()) for span in _SPAN.findall(_FENCE.sub("", text))]


def shell_lines(text: str) -> list[str]:
    """Return the commands of a document: those in blocks without a language, ``oomlab …`` and ``make …``."""
    lines = [line for block in blocks(text, "", "sh") for line in block.splitlines()]
    commands = [line.partition("  #")[0].strip() for line in lines]
    commands += [span for span in spans(text) if re.match(r"(\.venv/bin/)?oomlab \S+ \S|make [a-z]", span)]
    return [command for command in commands if command]


def calls(text: str) -> list[str]:
    """Return the calls that a text names between backticks, such as ``hint("00.1")``."""
    return [span.replace("…", "...") for span in spans(text) if _CALL.fullmatch(span)]


def resolve(call: str, namespace: Mapping[str, object]) -> object:
    """Return what a call would call.

    Raises :class:`NameError` or :class:`AttributeError` where there is no such name.
    """
    callee = _CALL.fullmatch(call)[1]
    return eval(callee, {"__builtins__": __builtins__}, dict(namespace))


def is_complete(call: str, namespace: Mapping[str, object]) -> bool:
    """Whether a call can be made as it is written: all its arguments are values or names of the namespace."""
    try:
        tree = ast.parse(call, mode="eval")
    except SyntaxError:
        return False
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    has_gap = any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(tree))
    has_arguments = isinstance(tree.body, ast.Call) and bool(tree.body.args or tree.body.keywords)
    return has_arguments and not has_gap and names <= set(namespace)


def try_call(call: str, namespace: Mapping[str, object]) -> None:
    """Make a call that a text names, or, where the text leaves something open, find what it would call."""
    assert callable(resolve(call, namespace)), call
    if is_complete(call, namespace):
        eval(call, {"__builtins__": __builtins__}, dict(namespace))


def missing_paths(text: str, roots: tuple[Path, ...]) -> Iterator[str]:
    """Yield the paths that a text names, in code or as a link's target, and that are in none of the folders.

    A word in capitals stands for a name of the reader's own, as ``NN`` stands for a number.
    """
    named = [
        span
        for span in spans(text)
        if re.fullmatch(r"[\w.*-]+(/[\w.*-]*)+|\w[\w-]*\.(py|md|toml|yml|txt)", span)
    ]
    for path in (*named, *re.findall(r"\]\((?!https?:|#)([^)#]+)", text)):
        pattern = path.replace("NN", "[0-9][0-9]").replace("topic", "*").rstrip("/")
        is_open = path.startswith("/") or re.match(r"[A-Z]+/", path)
        if not is_open and not any(any(root.glob(pattern)) for root in roots):
            yield path
