"""Take lines out of what contains them: JSON, HTML, Markdown, quoted-printable mail.

One line may then become several: loggers fold the kernel's own line ends into ``#012`` or
``\\\\x0a``, web pages into ``<br>``. Few logs need any of this, and everybody waits for
``import oomlab``: so the libraries are imported where they are used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice

from oomlab.parsing.direction import is_newest_first
from oomlab.parsing.entries import messages_of_others

_MAX_LENGTH = 1 << 18
"""The longest line that is searched for lines within it."""

_MAX_UNORDERED = 8
"""With more lines than this within one, it is checked which comes first."""

_MAX_EMPTY = 2
"""The longest line that holds no message whatever it is, such as a bracket or a backslash by itself."""

_LONG_STRING = 16 << 10
"""The least length of a string that can only hold many lines."""

_NO_REFERENCE = re.compile(r"&#(?=[0-9]{8})")
"""No character has a number of so many digits, and Python converts no more than 4,300."""

_TAGS = re.compile(r"</?(?:pre|code|span|tt|ul|ol|table|blockquote|b|strong|em|font)(?: [^<>]{0,200})?>")
_ELEMENTS = re.compile(r"</([\w:.-]{1,60})>\s{0,20}<\1(?: [^<>]{0,200})?>")
"""Where one element ends and the next of its name begins: an entry of a log in XML."""

_ELEMENT = re.compile(r"<([a-z][\w:.-]{0,59})(?: [^<>]{0,200})?>.*</\1>", re.DOTALL)
"""A line that is one element as a whole; the kernel's own marks are in capitals."""

_OUTER = re.compile(r"^(?:<[\w:.-]{1,60}(?: [^<>]{0,200})?>){1,9}|(?:</[\w:.-]{1,60}>){1,9}$")
_BREAKS = re.compile(r"</?(?:br|p|div|tr|td|li)(?: [^<>]{0,200})? ?/?>|#012|\\x0a|\\012|\\n|\n")
_TICKS = re.compile(r"``\s{1,4}``")
"""The seam between lines that a converter marked as inline code, and joined."""

_MARKDOWN = re.compile(r"\\([_*\[\]()#<>.+~=|-])")
"""What Markdown writes behind a backslash, and CEF."""

_BOLD = re.compile(r"(?<!\*)\*\*(?!\*)")
_RARE = ("&", "\\", "{", "`")
_JOINS = (")Out of ", ")Killed ", "childOut of ", "childKilled ", ">] <", ").<")
_JOINED = re.compile(
    r"(?<=\)|d)(?=Out of [Mm]emory: |Killed process \d)|(?:(?<=>\] )|(?<=\)\.))<[0-7]>(?=\S)"
)
"""Where the end of a line was lost, or two CPUs printed at once: a new line begins with its level."""

_OF_PYTHON = ("', '", "', b'")
_PYTHON = re.compile(r"""(?<=['"]), (?=b?['"])""")
"""What stands between the strings of a list that Python wrote; it picks the quotation marks by the string."""

_END_OF_PYTHON = re.compile(r"""\[?b?(['"])(.*?)(?:\1\]?)?""", re.DOTALL)
_BLANK_OF_PYTHON = re.compile(r"\\(?:t|xa0|u20[0-2][0-9a-f])")
_MAX_QUOTED_WORDS = 5
"""The most words that an ordinary line of a program quotes."""

_SYMPTOMS = (
    *_RARE,
    *_OF_PYTHON,
    '", "',
    '","',
    *_JOINS,
    "#012",
    "**",
    "<br",
    "</",
    "<p",
    "<c",
    "<d",
    "<s",
    "<li",
    "<t",
)
_OPENED = ("br", "li", "p>", "td", "tr", "di")
"""How elements begin that lines are made of: HTML may leave out where they end."""

_EQUALS = ("gfp_mask=", "order=", "kB =", "swap  =", "nodemask=", ") =")

_KEYS = ("MESSAGE", "log", "message", "msg", "textPayload", "jsonPayload", "_source")
"""What a message is called, by journald, Docker, most others, and Google's and Elastic's exports."""

_MAX_DEPTH = 8
"""The deepest level of a document that is searched for messages."""

_LEARNED = re.compile(
    r'"([\w@. -]{1,60})"\s{0,4}:\s{0,4}"(?:[^"\\]|\\.)*?'
    r"(?:Mem-[Ii]nfo:|oom-killer: gfp_mask=|lowmem_reserve\[\]|[Kk]illed process \d|ut of memory: K"
    r"|Call Trace:)"
)
"""A key whose value holds the kernel's own words: so messages are called in this log."""

_PROGRAM = re.compile(r'"([\w@.-]{1,60})"\s{0,4}:\s{0,4}"[Kk]ern(?:el)?"')
"""A key whose value is the kernel: so programs are called in this log, or their facilities."""

_OF_HOST = re.compile(r"(?i).*host|name")
"""Keys that do not count: they may name a machine."""

_VALUES_SAMPLED = 5
"""Values with such words that are looked at."""

_LISTS = ('["', '","', '", "', "],\n")
"""What stands between the strings of a list, or before the first of them."""

_STRING = re.compile(r'"((?:[^"\\]|\\.)*+)("(?!\s{0,4}:))?')
"""What follows a quotation mark, and the one that ends it, unless it is a key or goes on behind the line.

It matches either way: so the marks within (``\\"``) are not tried one by one, each to the end of the line.
"""

_UNCLOSED = re.compile(r'[{\[]{1,4}\s{0,4}(?=")(?:[^"]*+"(?:[^"\\]|\\.)*+")*+[^"]*+"((?:[^"\\]|\\.)*+)')
"""A value that ends within a string, since the line was too long to be held whole."""

_RECORDS = re.compile(r"[}\]],\s?[{\[]\s?\"")
_MAX_QUOTES = 60
"""The most quotation marks of an ordinary line: with more, or with several records, it is a document."""

_OPENING = re.compile(r'\s{0,40}[{\[]{1,4}\s{0,4}(?:"[\w@. -]{1,60}"\s{0,4}:\s{0,4})?"')
_TIME = re.compile(r"[\d\s:.,TZ+/-]+", re.A)
_PARTIAL = re.compile(r"(\S{19,40} std(?:out|err)) ([PF]) (.*)", re.DOTALL)
"""A line of a container's log, as CRI writes it: P where it goes on. Source: kubernetes, logs.go."""

_FIELD = re.compile(r'\s{0,40}"([\w@.-]{1,60})"\s{0,4}:\s{0,4}(?:"((?:[^"\\]|\\.)*+)"?)?')
_EXPORT = re.compile(r"\s{0,8}_{0,2}[A-Z][A-Z_]*=")
_BRACKETS = re.compile(
    r'\s{0,40}(?:[{}\[\]]{1,4},?\s{0,8}$|[{\[]{1,2}"|"[\w@. -]{1,60}"\s{0,4}:\s{0,4}[{\[]\s{0,8}$)'
)


def is_wrapped(text: str, starts: set[str]) -> bool:
    """Whether a text shows signs of HTML, Markdown, JSON or folded lines.

    ``starts`` are the first characters of its lines.
    """
    if "*" in starts or any(map(text.__contains__, _RARE)):
        return True
    if '"' in text and any(map(text.__contains__, _LISTS)):
        return True
    if "', " in text and _may_be_by_python(text):
        return True
    return _has_tags(text) or "MESSAGE=" in text[:4096] or _has(text, "#", "012") or _has_damaged_kill(text)


def _has(text: str, rare: str, rest: str) -> bool:
    """Whether ``rest`` follows ``rare`` in a text; quick where ``rare``, one character, is rare."""
    at = text.find(rare)
    while at >= 0 and not text.startswith(rest, at + 1):
        at = text.find(rare, at + 1)
    return at >= 0


def _has_tags(text: str) -> bool:
    """Whether there are line breaks, ends of elements, or levels (``<4>``) inside a line.

    The kernel's own tags are in capitals (``</TASK>``).
    """
    at = text.find("<")
    while at >= 0:
        name = text[at + 1 : at + 3]
        if name in _OPENED or (name[:1] == "/" and name[1:].islower()):
            return True
        if name[1:] == ">" and name[0].isdigit() and _JOINED.match(text, at):
            return True
        at = text.find("<", at + 1)
    return False


def _has_damaged_kill(text: str) -> bool:
    """Whether a kill shares its line with others, or has its name set in bold."""
    at = text.find("illed process ")
    while at >= 0:
        end = text.find("\n", at)
        line = text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else len(text)]
        if "**" in line or (any([joint in line for joint in _JOINS]) and _JOINED.search(line)):
            return True
        at = text.find("illed process ", end) if end >= 0 else -1
    return False


def join_partial(numbers: Sequence[int], lines: list[str]) -> tuple[list[int], list[str]]:
    """Join lines that a container's runtime cut into parts."""
    found: list[int] = []
    texts: list[str] = []
    goes_on = ""
    for number, line in zip(numbers, lines, strict=True):
        match = _PARTIAL.match(line)
        if match and goes_on == match[1].rpartition(" ")[2] and len(texts[-1]) < _MAX_LENGTH:
            texts[-1] += match[3]
        else:
            found.append(number)
            texts.append(f"{match[1]} F {match[3]}" if match else line)
        goes_on = match[1].rpartition(" ")[2] if match and match[2] == "P" else ""
    return found, texts


def unwrap(
    numbers: Sequence[int], lines: list[str], *, of_anybody: bool = False
) -> tuple[list[int], list[str]]:
    """Take each line out of JSON, HTML or Markdown, and split it where lines were folded into one.

    Of the entries of a journal those that the kernel cannot have written are left out, unless ``of_anybody``.
    """
    found: list[int] = []
    texts: list[str] = []
    keys = _message_keys(lines)
    is_json = any([_BRACKETS.match(line) for line in lines if "[" in line])
    programs = None if of_anybody else _program_keys(lines)
    others = set() if of_anybody else messages_of_others(lines)
    for index, (number, line) in enumerate(zip(numbers, lines, strict=True)):
        line = "" if index in others else line
        if len(line) > _MAX_EMPTY and (any(map(line.__contains__, _SYMPTOMS)) or _is_field(line)):
            line = _string_of_list(line) if is_json else _from_python(line)
            whole = _unescape(_from_json(line[:_MAX_LENGTH], keys, programs))
            parts = _BREAKS.split(whole.encode("utf-8", "backslashreplace").decode())
            parts = [part for part in parts if not part.isdigit()]  # line numbers, in a table
            parts = [text for part in parts for text in _JOINED.split(part)]
            if len(parts) > _MAX_UNORDERED and is_newest_first("\n".join(parts)):
                parts.reverse()
            found.extend([number] * len(parts))
            texts.extend(parts)
        else:
            found.append(number)
            texts.append(_string_of_list(line) if is_json else line)
    return found, texts


def _unescape(line: str) -> str:
    if "&" in line:
        import html

        line = html.unescape(_NO_REFERENCE.sub("&amp;#", line))
    if "<" in line:
        line = _TAGS.sub("", line)
        line, elements = _ELEMENTS.subn("\n", line)
        if elements or _ELEMENT.fullmatch(line.strip()):
            line = _OUTER.sub("", line.strip())
    if "**" in line:
        line = _BOLD.sub("", line)
    if "``" in line:
        line = _TICKS.sub("\n", line).replace("``", "")
    if "\\" in line:
        line = _MARKDOWN.sub(r"\1", line)
    return line.strip("`") if line.startswith("`") else line


def is_quoted_printable(text: str) -> bool:
    """Whether the first equals sign of a report is written ``=3D``.

    One that ends its line proves nothing: raw mail breaks lines so.
    """
    for mark in _EQUALS:
        at = text.find(mark)
        while at >= 0 and text.startswith("\n", at + len(mark)):
            at = text.find(mark, at + 1)
        if at >= 0:
            return text.startswith("3D", at + len(mark))
    return False


def from_quoted_printable(numbers: Sequence[int], lines: list[str]) -> tuple[list[int], list[str]]:
    """Undo what quoted-printable mail does to long lines and to the equals sign."""
    import quopri

    found: list[int] = []
    parts: list[str] = []
    goes_on = False
    for number, line in zip(numbers, lines, strict=True):
        text = _decode(quopri.decodestring(line.removesuffix("=").encode("utf-8", "backslashreplace")))
        if goes_on and len(parts[-1]) < 1000:
            parts[-1] += text
        else:
            found.append(number)
            parts.append(text)
        goes_on = line.endswith("=")
    return found, parts


def _decode(data: bytes) -> str:
    """Decode UTF-8, or Latin-1, which mailers used before it."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _is_field(line: str) -> bool:
    """Whether a line is one field of an entry, or only its brackets."""
    return bool(_FIELD.match(line) or _EXPORT.match(line) or _BRACKETS.match(line))


def _message_keys(lines: list[str]) -> tuple[str, ...]:
    """Return what messages are called in this log: by the kernel's own words, and as most loggers do."""
    keyed = (key for line in lines if '"' in line and ":" in line for key in _LEARNED.findall(line))
    return (*dict.fromkeys(islice(keyed, _VALUES_SAMPLED)), *_KEYS)


def _from_json(line: str, keys: tuple[str, ...], programs: Set[str] | None) -> str:
    """Return the message of an entry, or of a field of one; what is no JSON comes back as it is.

    ``programs`` are the keys that tell whose an entry is, of which only the kernel's count; ``None`` for all.
    """
    text = line.strip().removesuffix(",")
    if not text.startswith(("{", "[")) and text.endswith("}"):
        text = text[max(text.find('{"'), 0) :]  # as a stream of events has it, or a logger within a logger
    if text[:1] + text[-1:] in ("{}", "[]"):
        message = _message(_by_kernel(_loads(text), programs, _MAX_DEPTH), keys, _MAX_DEPTH)
        if message is not None:
            return message
    if text.startswith("MESSAGE="):
        return text[8:]
    cut = _UNCLOSED.fullmatch(text) if len(text) > _LONG_STRING else None
    if cut is not None:
        return str(_loads(f'"{cut[1]}"') or cut[1])
    pair = _FIELD.match(line)
    if pair is not None and pair[1] in keys and pair[2] is not None:
        value = _message(_loads(f'"{pair[2]}"'), keys, _MAX_DEPTH) or pair[2]
        return "" if _TIME.fullmatch(value) else value
    if _RECORDS.search(line) or line.count('"') > _MAX_QUOTES:
        return _from_fragment(line, keys)
    return "" if _is_field(line) else line


def _program_keys(lines: Iterable[str]) -> Set[str]:
    """Return the keys under which some entries of this log name the kernel."""
    named = [line for line in lines if line and '"kern' in line.lower()]
    keyed = (key for line in named for key in _PROGRAM.findall(line))
    return {key for key in islice(keyed, _VALUES_SAMPLED) if not _OF_HOST.match(key)}


def _by_kernel(entry: object, programs: Set[str] | None, depth: int) -> object:
    """Return an entry, or a list of them, without what others wrote by the logger's note."""
    if isinstance(entry, list) and depth:
        return [_by_kernel(each, programs, depth - 1) for each in entry]
    if not isinstance(entry, dict) or not depth or programs is None:
        return entry
    if entry.get("_TRANSPORT", "kernel") != "kernel":
        return entry if entry.get("SYSLOG_IDENTIFIER") == "kernel" else {"MESSAGE": ""}
    named = list(_programs(entry, programs, depth)) if programs else []
    if named and not any(name.lower().startswith("kern") for name in named):
        return {"MESSAGE": ""}
    return {
        key: _by_kernel(value, programs, depth - 1) if isinstance(value, (list, dict)) else value
        for key, value in entry.items()
    }


def _programs(entry: Mapping[str, object], programs: Set[str], depth: int) -> Iterator[str]:
    """Yield the values of the keys that tell whose an entry is, at any depth but in lists."""
    for key, value in entry.items():
        if isinstance(value, dict) and depth:
            yield from _programs(value, programs, depth - 1)
        elif isinstance(value, str) and key in programs:
            yield value


def _string_of_list(line: str) -> str:
    """Return the one string of a list that a line is, nothing of a time, and any other line as it is."""
    text = line.strip().removesuffix(",")
    found = _STRING.fullmatch(text)
    if found is None or found[2] is None:
        return line
    return "" if _TIME.fullmatch(found[1]) else str(_loads(text) or found[1])


def _from_python(line: str) -> str:
    """Return the strings of a list that Python wrote on one line, or of a part of it, one on each line."""
    if not any(map(line.__contains__, _OF_PYTHON)) or not _is_by_python(line):
        return line
    parts = (_END_OF_PYTHON.fullmatch(part.strip(" ,")) for part in _PYTHON.split(line))
    texts = (_BLANK_OF_PYTHON.sub(" ", part[2]) for part in parts if part)
    return "\n".join(re.sub(r"\\(['\"])", r"\1", text) for text in texts)


def _may_be_by_python(text: str) -> bool:
    counts = sum(map(text.count, _OF_PYTHON))
    return counts > _MAX_QUOTED_WORDS or (counts > 0 and ("['" in text or "[b'" in text))


def _is_by_python(line: str) -> bool:
    if line.startswith('["'):
        return _loads(line.strip()) is None
    return line.startswith(("['", "[b'", '[b"')) or sum(map(line.count, _OF_PYTHON)) > _MAX_QUOTED_WORDS


def _from_fragment(line: str, keys: tuple[str, ...]) -> str:
    """Return the messages in a part of a document: those of known keys, or else all strings but times."""
    names = "|".join(map(re.escape, keys))
    found = re.findall(rf'"(?:{names})"\s{{0,4}}:\s{{0,4}}"((?:[^"\\]|\\.)*+)', line)
    if not found:
        found = [each for each, end in _STRING.findall(line) if end and not _TIME.fullmatch(each)]
    if not found:
        return _OPENING.sub("", line, count=1)
    return "\n".join(str(_loads(f'"{each}"') or each) for each in found)


def _message(entry: object, keys: tuple[str, ...], depth: int) -> str | None:
    """Return the message of an entry, or those of a list of entries, one on each line."""
    if isinstance(entry, str):
        return entry
    if isinstance(entry, list) and depth:
        return _of_list(entry, keys, depth)
    if not isinstance(entry, dict) or not depth:
        return None
    named = [entry[key] for key in keys if key in entry]
    others = [
        each
        for each in entry.values()
        if isinstance(each, (dict, list)) or (isinstance(each, str) and "\n" in each)
    ]
    found = (_message(each, keys, depth - 1) for each in named or others)
    return next((message for message in found if message), "" if "" in named else None)


def _of_list(entries: list[object], keys: tuple[str, ...], depth: int) -> str | None:
    """Join messages, but for times; journald writes one with unprintable bytes as a list of numbers."""
    numbers = [each for each in entries if isinstance(each, int) and 0 <= each < 256]
    if entries and len(numbers) == len(entries):
        return bytes(numbers).decode("utf-8", "backslashreplace")
    found = [_message(each, keys, depth - 1) for each in entries]
    return "\n".join(message for message in found if message is not None and not _TIME.fullmatch(message))


def _loads(text: str) -> object:
    import json

    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
