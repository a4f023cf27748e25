r"""Infer what the loggers of a log write before each message, and strip it.

There are dozens of loggers, in many languages, so no list of their formats is kept.
Some lines of a report begin with words that only the kernel writes (``Mem-Info:``,
``lowmem_reserve[]:``): the *anchors*. Whatever stands before an anchor is a prefix. Its
shape, with any number in place of each number and any word in place of each word, is
stripped from every line::

    Sep 23 02:04:16 [kernel] [1772321.850701] Mem-Info:
    \w+ \d+ \d+:\d+:\d+ \[\w+\] \[\s*\d+\.\d+\]

A line without even the time stamp is *unprefixed*: the second half of a wrapped line, a remark, prose.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice

from oomlab.parsing.hosts import LEVEL, find_hosts, find_labels, may_have_hosts, may_have_labels
from oomlab.parsing.lines import LogLines, Prefix
from oomlab.parsing.origin import by_others

_ANCHORS = (
    "Mem-Info:",
    "lowmem_reserve[]:",
    "Call Trace:",
    "Free swap  =",
    "Out of memory: ",
    "oom-kill:constraint=",
    "Out of Memory: ",
    "Memory cgroup out of memory: ",
    "memory: usage ",
    "Task in /",
    "Mem-info:",
    "Pid: ",
    "Call trace:",
    "Total swap =",
    "Swap cache",
    "Free pages:",
    "Unreclaimable slab info:",
    "Memory allocations",
    "Out of memory in UB ",
    "Memory cgroup stats for /",
)
"""Words that begin a line of the kernel's and seldom stand elsewhere, the common ones first."""

_ANCHORS_WANTED = 5
"""The search ends when so many anchors are found."""

_TOKEN = re.compile(
    r"(?P<caller>\[\s*[TC]\d+\])"  # CONFIG_PRINTK_CALLER: a task or a CPU
    r"|(?P<cpu>\[\d+:\s*[^\[\]:]+:\s*\d+\])"  # Samsung and others: [2: kswapd0: 81]
    r"|caller=(?P<kmsg>[TC]\d+)"
    r"|(?P<blank>\s+)|(?P<number>\d+)|(?P<word>\w+)|(?P<mark>.)"
)
_CALLERS = {
    "caller": r"\[\s{0,20}(?P<caller>[TC]\d{1,20})\]",
    # a task migrates, so its CPU does not count
    "cpu": r"\[\s{0,9}\d{1,9}:\s{0,20}(?P<caller>[^\[\]:]{1,40}:\s{0,20}\d{1,20})\]",
    "kmsg": r"caller=(?P<caller>[TC]\d{1,20})",
}
_NUMBER = "[0-9]{1,20}+"
SAMPLE = 8000
"""Characters that show how a mailer treated a text."""

_CLOCK = f"{_NUMBER}:{_NUMBER}:{_NUMBER}"
_UPTIME = rf"\[ {{0,20}}+{_NUMBER}\.{_NUMBER}\]"
"""The kernel's own time in the pattern of a prefix."""

_TAG = r"(?!kernel\b)[^\s:\[\]]{1,80}(?:\[[0-9]{1,10}\])?(?::| )"
"""What another program of syslog writes in place of the kernel's tag."""

_HOST = re.compile(
    rf"(?<= )(?!0-0-0T)(?!{LEVEL} )(?:(?=\S*[^\W\d])[^\s\[\]<>]+|0\.0\.0\.0)"
    rf"(?= (?:{LEVEL} ){{0,2}}kernel(?:\[0\])?(?::| - ))"
)
"""The host, in a normalized text: several may share a log, and their names have any form."""

FOREIGN = "."
"""What stands for the text of a line that is not the kernel's."""

_LETTER = re.compile(r"[^\W\d_]")
_CALLER = re.compile(r"\[ ?[TC]0\]")
_LEVEL = rf"< {{0,20}}+{_NUMBER}>"
_DIGITS = re.compile(r"\d+")
_KERNEL = re.compile(r"oom-killer|panic")
"""Words of the kernel's that can stand before an anchor."""

_PANIC = " Kernel panic - not syncing:"

_STAMPED = re.compile(r"(.* )kernel: ?\[ ?0\.0\]$")
_BY_KERNEL = r"kernel:\s{0,20}+"
"""A line of a kernel whose other lines have its own time stamp too may lack that."""

_OUTER = re.compile(r"(.*[^\s\[]) ?\[ ?0\.0\](?: ?\[ ?[TC]0\])?$")
"""What another logger wrote before the kernel's own time: it stands alone before the rest of a message."""

_STAMP = re.compile(r"\d\W\d|<\d+>|^kernel:$")
_TAIL = re.compile(
    r"(?:\b[^\W\d]{2,9}\s+\d{1,2}\s+\d\d:\d\d:\d\d\S*\s+\S{1,80}\s+kernel:\s*"  # syslog
    r"|\b\d{4}-\d\d-\d\d[T ]\S{8,30}\s+\S{1,80}\s+kernel:\s*)?"  # rsyslog, journald
    r"(?:<\d{1,2}>\s*)?(?:\[\s*\d+\.\d+\]\s*)?(?:\[\s*[TC]\d+\]\s*)?$"
)
"""A prefix of the common kinds at the end of a text, for lines that were joined.

One of the two lists of formats; the other is ``_STAMP`` in :mod:`oomlab.parsing.stream`, in bytes.
"""

_NAMED = re.compile(r"(?:.*(?:[\]>]\s*|:\s+|\s{2,}))?(.{0,15})(?: invoked |: page allocation failure)")
_ZONE = re.compile(r"(?:Node \d+ )?(?:Zone:)?(?:DMA|DMA32|Normal|HighMem|Movable) free(?:pages)?:")

_LAST_WORDS = re.compile(
    r"Kernel panic(?: - not syncing)?: |VM: killing process |oom_reaper: |__alloc_pages: \d"
    r"|\b[Kk]illed process \d"
)
"""Other beginnings of lines, used where a report has no anchor left."""

_STAMP_LEFT = re.compile(r"\[ {0,12}\d{1,10}\.\d{6}\](?: {0,4}\[ {0,6}[TC]\d{1,9}\])?(?= )", re.A)
"""The uptime, and a caller, where a shorter prefix was stripped."""

_CUT_STAMP = re.compile(r".{1,60}?\d\.\d{6}\]\s{0,4}(?:\[\s{0,6}(?P<caller>[TC]\d{1,9})\])?\s{0,8}")
"""A stamp whose beginning was overwritten by other output on the same console."""

_STAMPED_LINE = re.compile(r"^(.{0,120}\[ {0,12}\d{1,10}\.\d{6}\]) ?(?:(?<= ).{1,20})?$", re.M | re.A)
"""A line of which the uptime is nearly all, for lack of room."""

_CUTS_SAMPLED = 200
_MIN_CUTS = 4
"""The fewest lines that show it."""

_MINUTE = re.compile(r" ?\[\w{3,9} +\d{1,2} \d\d:\d\d\] ")
"""What ``dmesg -H`` writes before the first line of a minute; other lines have an offset."""


def strip_prefixes(lines: LogLines) -> LogLines:
    """Strip the prefix from every line, and find out which lines have none and who printed each."""
    raw = lines.raw
    text = "\n".join(raw)
    prefixes = infer_prefixes(text)
    if not prefixes:
        return lines._replace(texts=[line.strip() for line in raw])
    texts = _strip_first(raw, prefixes)
    longer = _with_uptime(raw, texts, prefixes)
    if longer:
        prefixes = longer
        texts = _strip_first(raw, prefixes)
    unprefixed = None
    if "\n" in texts:  # no line has one: these did not match
        prefixes, unprefixed = _strip_rest(raw, texts, prefixes)
    for index in by_others(text, raw, texts):
        texts[index] = FOREIGN
    callers = _callers(raw, prefixes) if any([prefix.has_caller for prefix in prefixes]) else None
    lines = lines._replace(texts=texts, prefixes=prefixes, unprefixed=unprefixed, callers=callers)
    return lines._replace(hosts=_hosts(lines, text))


def _strip_first(raw: list[str], prefixes: tuple[Prefix, ...]) -> list[str]:
    """Return the lines without the first of the prefixes; a line end stands for each that it does not fit."""
    match = prefixes[0].whole.match
    return [line[found.end() :].strip() if (found := match(line)) else line and "\n" for line in raw]


def _with_uptime(raw: list[str], texts: list[str], prefixes: tuple[Prefix, ...]) -> tuple[Prefix, ...]:
    """Return all prefixes where the first is only a part of what some lines have: the uptime follows it.

    Two daemons may write each message into one file, only one of them with the kernel's own time, and
    all anchors may stand in lines of the other. Return nothing where no line has more than the first.
    """
    if _UPTIME in prefixes[0].whole.pattern:
        return ()
    for line, text in zip(raw, texts, strict=True):
        if text[:1] == "[" and (stamp := _STAMP_LEFT.match(text)):
            longer = _learn((_normalize(line[: line.find(text) + stamp.end()]),))
            return longer + tuple([prefix for prefix in prefixes if prefix not in longer])
    return ()


def _hosts(lines: LogLines, text: str) -> list[str | None] | None:
    """Return the host of each line, if there are several: by the kernel's tag, by an export, by a label."""
    raw, prefixes = lines.raw, lines.prefixes
    are_several = may_have_hosts(text)
    if are_several is not None:
        return find_hosts(raw, _heads(raw, prefixes)) if are_several else None
    if lines.hosts is not None:
        return lines.hosts
    first = next((found[0] for line in raw if (found := prefixes[0].whole.match(line))), "")
    count = len(raw) - raw.count("") - sum(lines.unprefixed or ())
    return find_labels(raw, _heads(raw, prefixes)) if may_have_labels(text, first, count) else None


def _heads(raw: list[str], prefixes: tuple[Prefix, ...]) -> list[str]:
    """Return what each line has of a prefix."""
    matches = (_match_any(line, prefixes) if line else None for line in raw)
    return [match[0] if match else "" for match in matches]


def _strip_rest(
    raw: list[str], texts: list[str], prefixes: tuple[Prefix, ...]
) -> tuple[tuple[Prefix, ...], list[bool] | None]:
    """Try further prefixes on the lines that the first does not fit; also return which lines have none."""
    rest = [index for index, text in enumerate(texts) if text == "\n"]
    rest = _without_other_tags(raw, texts, rest, prefixes[0])
    more = _infer_from_anchors("\n".join([raw[index] for index in rest]))
    prefixes += tuple([prefix for prefix in more if prefix not in prefixes])
    unprefixed = [False] * len(raw)
    outer = _outer(prefixes[0])
    for index in rest:
        line = raw[index]
        found = _match_any(line, prefixes[1:]) or _CUT_STAMP.match(line) or _MINUTE.match(line)
        half = None if found or outer is None else outer.match(line)
        start = found or half
        texts[index] = line[start.end() :].strip() if start else line.strip()
        unprefixed[index] = bool(half) or not (found or any([each.stamp.match(line) for each in prefixes]))
    return prefixes, unprefixed if any(unprefixed) else None


def _without_other_tags(raw: list[str], texts: list[str], rest: list[int], prefix: Prefix) -> list[int]:
    """Leave out lines of syslog with another program's tag, where the kernel's lines have one.

    Anybody may write to syslog what looks like the kernel's words.
    """
    other = _other_tag(prefix.whole.pattern)
    if other is None:
        return rest
    kept = []
    for index in rest:
        if other.match(raw[index]):
            texts[index] = FOREIGN
        else:
            kept.append(index)
    return kept


@lru_cache(64)
def _other_tag(pattern: str) -> re.Pattern[str] | None:
    """Return what matches another program's line, where the kernel's have this pattern with its tag in it."""
    before, tag, _ = pattern.rpartition("kernel")  # a host may be called so, too
    return re.compile(before + _TAG) if tag and _NUMBER in before else None


@lru_cache(64)
def _outer(prefix: Prefix) -> re.Pattern[str] | None:
    """Return what stands before the kernel's own time in a prefix, if it tells no time: a number, a mark.

    Whatever was put so before every line of a log stands before the halves of cut lines too.
    """
    before, stamp, _ = prefix.whole.pattern.partition(_UPTIME)
    before = before.removesuffix(_LEVEL)
    is_plain = bool(stamp) and _CLOCK not in before and before != _in_a_line("")
    return re.compile(before) if is_plain else None


def _match_any(line: str, prefixes: Iterable[Prefix]) -> re.Match[str] | None:
    return next((match for prefix in prefixes if (match := prefix.whole.match(line))), None)


def _callers(raw: list[str], prefixes: tuple[Prefix, ...]) -> list[str | None] | None:
    """Return who printed each line, where a prefix shows it."""
    matches = [_match_any(line, prefixes) or _CUT_STAMP.match(line) for line in raw]
    callers = [match.groupdict().get("caller") if match else None for match in matches]
    return callers if any(callers) else None


def infer_prefixes(text: str) -> tuple[Prefix, ...]:
    """Infer the prefixes of a text, the longest first; none when the kernel's words begin the lines."""
    places = _anchors(text)
    befores: tuple[str, ...] = ()
    if len(places) == 1:
        places += _again(text, places[0])
    if places:
        befores = tuple(
            [_normalize(text[text.rfind("\n", 0, at) + 1 : at]).removesuffix(_PANIC) for at in places]
        )
    if len(set(befores)) > 1 and len(set(map(_shape, befores))) > 1:
        tails = [_normalize(tail[0]) for at in places if (tail := _TAIL.search(text, max(0, at - 150), at))]
        prefixes = _learn((Counter(tails).most_common(1)[0][0],))
        if prefixes and is_run_together(text[:SAMPLE], prefixes[0]):
            return prefixes
    return (
        _learn(befores) or _learn(tuple(map(_normalize, _before_others(text)))) or _learn(_before_cuts(text))
    )


def _infer_from_anchors(text: str) -> tuple[Prefix, ...]:
    return _learn(tuple([_normalize(_line_before(text, at)) for at in _anchors(text)]))


def is_run_together(text: str, prefix: Prefix) -> bool:
    """Whether the prefix stands inside lines, or is broken over two of them, three times or more."""
    if prefix.whole.pattern == _LINE_NUMBER:
        return False  # numbers stand inside lines anyhow
    found = prefix.anywhere.finditer(text)
    return sum(_stands_inside(text, match) for match in found) >= 3


def _stands_inside(text: str, match: re.Match[str]) -> bool:
    before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    is_behind_words = _LETTER.search(before) is not None  # and not only behind a number or a mark
    return is_behind_words or "\n" in match[0].strip()


def _normalize(before: str) -> str:
    """Make texts equal that differ only in their numbers and blanks."""
    return _DIGITS.sub("0", " ".join(before.split()))


@lru_cache(256)
def _learn(befores: tuple[str, ...]) -> tuple[Prefix, ...]:
    """Make prefixes of what stands before anchors; words without a time that stand there once are prose.

    ``kernel:`` alone is not prose: journalctl -o cat and web forms leave no more of a syslog line.
    """
    counts = Counter(before for before in befores if 0 < len(before) < 200 and not _KERNEL.search(before))
    tagged = next((before for before in counts if "kernel" in before), None)
    if tagged is not None and len(counts) > 1 and (other := _other_tag(_shape(tagged))) is not None:
        counts = Counter({before: counts[before] for before in counts if not other.match(f"{before} ")})
    if len(counts) > 1:
        counts = Counter(
            {before: count for before, count in counts.items() if not _adds_words(before, counts)}
        )
    shapes = {_shape(before) for before, count in counts.items() if count > 1 or _STAMP.search(before)}
    shapes |= {_shape(match[1]) + _BY_KERNEL for match in map(_STAMPED.match, counts) if match}
    outer = {match[1] for match in map(_OUTER.match, counts) if match and _STAMP.search(match[1])}
    shapes |= {_shape(before) for before in outer if not before.endswith("kernel:")}
    return tuple(_prefix(shape) for shape in sorted(shapes, key=len, reverse=True))


def _adds_words(before: str, others: Iterable[str]) -> bool:
    """Whether words follow here what stands alone before another anchor: they belong to the message."""
    longer = (before.removeprefix(other) for other in others if before != other and before.startswith(other))
    return any(_LETTER.search(_CALLER.sub("", rest)) for rest in longer)


def _anchors(text: str) -> list[int]:
    """Return where the first few anchors stand."""
    found: list[int] = []
    for anchor in _ANCHORS:
        at = text.find(anchor)
        if at >= 0:
            found.append(at)
        if len(found) == _ANCHORS_WANTED:
            break
    return found


def _again(text: str, at: int) -> list[int]:
    """Return where the same anchor stands once more: one alone does not show that lines are numbered."""
    anchor = next(each for each in _ANCHORS if text.startswith(each, at))
    return [more] if (more := text.find(anchor, at + 1)) >= 0 else []


def _before_others(text: str) -> list[str]:
    """Return what stands before a zone or a name (15 characters at most), for a text without an anchor."""
    at = text.find("kB min:")
    zone = _ZONE.search(_line_before(text, at)) if at >= 0 else None
    if zone is not None:
        return [zone.string[: zone.start()]]
    at = max(text.find("oom-killer:"), text.find("page allocation failure"))
    if at < 0:
        found = _LAST_WORDS.search(text)
        return [_line_before(text, found.start())] if found else []
    before = _line_before(text, at)
    named = _NAMED.match(before + text[at : at + 23])
    return [before[: named.start(1)] if named else before]


def _before_cuts(text: str) -> tuple[str, ...]:
    """Return what stands before few letters where a terminal cut all lines: no anchor is left whole."""
    stamped = list(islice(_STAMPED_LINE.finditer(text), _CUTS_SAMPLED)) if "]" in text else []
    if len(stamped) < _MIN_CUTS:
        return ()
    width = max(map(len, text.split("\n")))
    cut = [match[1] for match in stamped if len(match[0]) == width]
    return tuple(map(_normalize, cut)) if 2 * len(cut) > len(stamped) else ()


def _line_before(text: str, at: int) -> str:
    start = text.rfind("\n", 0, at) + 1
    return text[start:at] if at - start < 200 else ""


@lru_cache(64)
def _prefix(shape: str) -> Prefix:
    clock = shape.find(_CLOCK)
    stamp = shape[: clock + len(_CLOCK)] if clock >= 0 else shape
    return Prefix(
        whole=re.compile(_in_a_line(shape)),
        stamp=re.compile(_in_a_line(stamp)),
        anywhere=re.compile(shape if shape.startswith("\\[") else r"(?<!\w)" + shape),
        has_caller="?P<caller>" in shape,
    )


def _in_a_line(shape: str) -> str:
    """Make the shape match at the start of a line, where all blanks are plain ones by now."""
    return " {0,20}+" + shape.replace(r"\s", " ")


def _shape(before: str) -> str:
    """Return the regular expression of everything that looks like this text."""
    has_digits = any(map(str.isdigit, before))
    host = _HOST.search(before)
    parts = [before] if host is None else [before[: host.start()], before[host.end() :]]
    tokens = "".join(_token_shapes(parts, has_digits))
    return (tokens + r"\s{0,20}+").replace(r"\s{0,20}+\s{1,20}+", r"\s{0,20}+")


def _token_shapes(parts: Iterable[str], has_digits: bool) -> Iterator[str]:
    """Yield the pattern of each token, and of a host's name between two parts; a caller is named once."""
    named = False
    for index, part in enumerate(parts):
        if index:
            yield r"\S{1,255}+"
        for token in _TOKEN.finditer(part):
            kind = token.lastgroup or "mark"
            if kind in _CALLERS:
                yield _CALLERS[kind].replace("?P<caller>", "?:") if named else _CALLERS[kind]
                named = True
            elif kind == "blank":
                yield r"\s{1,20}+"
            elif kind == "number":
                yield _NUMBER
            elif kind == "word":
                yield r"\w{1,64}+" if has_digits and token[0] != "kernel" else token[0]
            else:
                yield re.escape(token[0]) + (r"\s{0,20}+" if token[0] in "[<" else "")


_LINE_NUMBER = _in_a_line(_shape("0"))
"""The pattern of a prefix that is the number of a line."""
