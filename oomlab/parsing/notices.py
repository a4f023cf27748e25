"""Find what other programs than the kernel's OOM killer wrote about kills for memory.

systemd-oomd, earlyoom, nohang, Android's killers, kubelet and container runtimes: their messages are rows of
``tables/killers.toml``. Such a message is one line, and lines near it may add to it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from oomlab.clock import are_apart
from oomlab.errors import require
from oomlab.kernel import load_table
from oomlab.parsing.decode import clean, decode
from oomlab.parsing.stream import SOFT_END, count_lines, normalize
from oomlab.report import CLOCK, Notice, SourceLine
from oomlab.units import human_kb

_MAX_BYTES = 64 << 20
"""Bytes of a log in which notices are looked for: doing so costs more than looking for reports."""

_MAX_NOTICES = 100_000
"""The most notices that are kept: they take some 60 MB."""

_NEEDLES = (
    *(
        b"systemd-oomd",
        b"oomd kill: ",
        b"due to memory ",
        b"due to swap ",
        b"oom-kill'",
        b"container oom",
        b"OOM",
        b"ending SIG",
        b"illing process",
        b"/tasks/oom",
        b"owmemorykiller",
        b"Kill '",
    ),
    *(b"send sigkill", b"viction manager", b" resource: ", b"to reclaim ", b"137"),
)
"""One of these stands in every message. Looking for each in turn is far quicker than for all at once."""

_REFUSALS = {
    b"percpu: allocation failed, ": "a per-CPU allocation that failed",
    b"SLUB: Unable to allocate memory on ": "a slab cache that got no page",
    b"SLAB: Unable to allocate memory on ": "a slab cache that got no page",
    b"vmap allocation for size ": "address space for vmalloc that ran out (see vmalloc= at boot)",
    b"OOM request ignored": "an OOM that was asked for and found nobody whom it might kill",
}
"""What a kernel says of a failure without a report of its memory.

Source: mm/percpu.c, ``pcpu_alloc``; mm/slub.c and mm/slab.c, ``slab_out_of_memory``; mm/vmalloc.c,
``alloc_vmap_area``; drivers/tty/sysrq.c, ``moom_callback``.
"""

_LONGEST_REFUSAL = max(map(len, _REFUSALS))

_EXIT = re.compile(rb"(?i)(?:exit|code|status).{0,60}$")
"""What stands before the last of them, which any table of numbers has too."""

_KERNEL = (
    (b"kernel", re.compile(rb"kernel[:\]]|_TRANSPORT.{1,5}kernel")),
    (b".", re.compile(rb"\[ {0,6}\d{1,8}\.\d{6}\]")),
    (b"<", re.compile(rb"<\d>")),
)
"""What a log of the kernel has on its lines: the logger's name for it, a time since boot, or a level.

One by one, each with a sign that is quick to search for: all at once take more than three times as long.
"""

_CHUNK = 256 << 10
_BEHIND = 16 << 10
_AHEAD = 4 << 10
_LINES_BEFORE, _LINES_AFTER = 40, 4
"""How far before and after a message there may be more about it, in bytes and in lines."""

_LINES_FROM_HIT = 20
"""Lines that are read from a hit on: messages seldom come alone."""

_MAX_ECHO_LINES = 40
_MAX_ECHO_NOTICES = 10
"""The farthest that another line about a kill stands from the first, in lines and in notices."""

_MIN_ID_DIGITS = 12
"""The fewest digits of a container's id."""

_WHOLE_ID = re.compile(r"[0-9a-f]{64}", re.A)

_KILL_SECONDS = 120
"""The longest time in which the lines about one kill are written: systemd waits 90 s for a unit to end."""

_HEAD = 400
_HOST = re.compile(r"\d\d:\d\d:\d\d\S{0,16} ([\w.-]{1,255}) [\w./@()-]{1,64}(?:\[\d{1,10}\])?: ", re.A)
_DAY = re.compile(r"(?<![^\s])[IWEF](\d{4}) \d\d:\d\d:\d\d", re.A)
"""A host as syslog names it, and the day of a line of Kubernetes, which has no month in words."""

_MEMORY = re.compile(r"memory|allocatableMemory")
"""What a pod is evicted for, if it is for memory: kubelet makes room on disks too."""

_IN_PROSE = ("container_oom", "exit_137")
_PROSE = re.compile(r"(?i)\b(?:if|whether|when|check|look for|means?|e\.g\.|for example)\b")
"""What manuals and rules say of such kills; a log has a time on such a line."""

_MAX_LISTING_LINES = 6
"""Lines between the two things that a listing says of one container: OOMKilled, and 137."""


class _Message(NamedTuple):
    """A row of the table, compiled."""

    kind: str
    pattern: re.Pattern[str]
    words: str
    detail: str
    noun: str
    before: tuple[re.Pattern[str], ...]
    after: tuple[re.Pattern[str], ...]
    void: re.Pattern[str] | None
    is_echo: bool
    announces: bool
    reach: int


def find_notices(text: str) -> list[Notice]:
    """Return what programs in user space wrote about kills for memory, in the order of the log."""
    require(text, str, "find_notices takes the text of a log")
    search = NoticeSearch()
    for _ in search.through(normalize([text.encode("utf-8", "backslashreplace")])):
        pass
    return search.found


class NoticeSearch:
    """Looks for notices in a log that comes in pieces, of which it holds no more than it needs.

    ``found`` are the notices so far, in ``size`` bytes; ``lines`` are those searched. ``is_cut`` tells that
    the log is longer than ``limit``, which is as many bytes as are searched, fewer where they hold very many
    notices; ``has_kernel_lines`` whether it looks like a log of a kernel; ``refusal`` is the first line of
    which it says that something was refused without a report, by its number and what it tells of.
    """

    limit = _MAX_BYTES

    def __init__(self) -> None:
        self.found: list[Notice] = []
        self._announced: Notice | None = None
        self.has_kernel_lines = False
        self.refusal: tuple[int, str] | None = None
        self._given = 0
        self.is_cut = False
        self._held = b""
        self._counted = (0, 1)
        self._done = 0
        self.size = self.lines = 0

    def through(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Pass the pieces of a log on as they come, and search them."""
        for piece in pieces:
            self._take(piece)
            yield piece
        self._search(len(self._held))

    def before(self, line: int) -> list[Notice]:
        """Return the notices before a line that were not returned yet; what has passed is searched first."""
        self._search(self._held.rfind(b"\n") + 1)
        start = self._given
        self._given = bisect_left(self.found, line, start, key=attrgetter("line"))
        return self.found[start : self._given]

    def rest(self) -> list[Notice]:
        """Return the notices that were not returned yet."""
        rest, self._given = self.found[self._given :], len(self.found)
        return rest

    def _take(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > self.limit:
            if not self.is_cut:
                self._search(len(self._held))
                self.is_cut, self._held, self._done = True, b"", 0
            return
        self.has_kernel_lines = self.has_kernel_lines or _is_by_kernel(piece)
        self.lines += count_lines(piece)
        self._held += piece
        if self.refusal is None:
            self.refusal = self._refusal(max(0, len(self._held) - len(piece) - _LONGEST_REFUSAL))
        if len(self._held) > _CHUNK + _BEHIND + _AHEAD:
            self._search(self._held.rfind(b"\n", 0, len(self._held) - _AHEAD) + 1)
            self._forget()
            if len(self.found) > _MAX_NOTICES:
                self.limit = self.size

    def _refusal(self, start: int) -> tuple[int, str] | None:
        """Look for the first refusal from ``start`` on."""
        places = ((self._held.find(words, start), said) for words, said in _REFUSALS.items())
        place, said = min(((at, said) for at, said in places if at >= 0), default=(-1, ""))
        return (self._line_at(self._held.rfind(b"\n", 0, place) + 1), said) if place >= 0 else None

    def _search(self, stop: int) -> None:
        """Search from where the last search ended to ``stop``, both at the beginning of a line."""
        read_to = self._done
        for hit in self._hits(stop):
            if hit >= read_to:
                read_to = self._read(hit, stop)
        self._done = max(self._done, stop)

    def _hits(self, stop: int) -> list[int]:
        """Find where in the part to be searched there may be a message."""
        found = []
        for needle in _NEEDLES:
            at = self._held.find(needle, self._done, stop)
            while at >= 0:
                if needle != b"137" or _EXIT.search(self._held, max(0, at - 70), at):
                    found.append(at)
                at = self._held.find(needle, at + 1, stop)
        return sorted(found)

    def _forget(self) -> None:
        """Drop what no later message needs."""
        keep = self._held.rfind(b"\n", 0, max(0, self._done - _BEHIND)) + 1
        self._counted = (0, self._line_at(keep))
        self._held, self._done = self._held[keep:], self._done - keep

    def _line_at(self, place: int) -> int:
        """Return the number of the line that begins at ``place``, counted from the last one asked for."""
        before, line = self._counted
        if place >= before:
            line += count_lines(self._held[before:place])
        else:
            line -= count_lines(self._held[place:before])
        self._counted = (place, line)
        return line

    def _read(self, hit: int, stop: int) -> int:
        """Read the messages near a hit; return where the lines end that were read for messages."""
        held = self._held
        begin = held.rfind(b"\n", 0, hit) + 1
        end = min(_lines_on(held, begin, _LINES_FROM_HIT), stop)
        start = _lines_back(held, begin, _LINES_BEFORE)
        text = decode(held[start : _lines_on(held, end, _LINES_AFTER)].replace(SOFT_END, b""))
        given, number = text.split("\n"), self._line_at(start)
        first, last = (number + count_lines(held[start:at]) for at in (begin, end))
        log = clean(text, given, range(number, number + len(given)), of_anybody=True)
        for index, (line, _) in enumerate(zip(log.numbers, log.texts, strict=True)):
            if first <= line < last or (line == last and end == len(held)):
                notice = _notice(log.texts, index, SourceLine(line, given[line - number]))
                if notice is not None:
                    self._keep(*notice)
        return end

    def _keep(self, notice: Notice, message: _Message) -> None:
        """Keep a notice, unless it tells once more of a kill that another line tells of."""
        for place in range(
            max(0, len(self.found) - _MAX_ECHO_NOTICES), len(self.found) if message.is_echo else 0
        ):
            same = self.found[place]
            if notice.line - same.line <= _MAX_ECHO_LINES and _is_of_same(notice, same):
                self.found[place] = replace(same, count=same.count or notice.count)
                return
        if self._tells_better(notice):
            self.found.pop()
        self.found.append(notice)
        self._announced = notice if message.announces else None

    def _tells_better(self, notice: Notice) -> bool:
        """Whether a notice describes the kill of the last one in more detail."""
        if len(self.found) <= self._given:
            return False
        last = self.found[-1]
        if last is self._announced:
            return last.kind == notice.kind and notice.line - last.line <= _MAX_ECHO_LINES
        return notice.kind == "container_oom" and _repeats(last, notice)


def _is_by_kernel(piece: bytes) -> bool:
    """Whether a piece of a log looks like one of the kernel's."""
    return any(sign in piece and line.search(piece) is not None for sign, line in _KERNEL)


def _lines_back(held: bytes, at: int, count: int) -> int:
    """Return where the line begins that stands ``count`` lines before the one at ``at``."""
    for _ in range(count):
        if at <= 0:
            break
        at = held.rfind(b"\n", 0, at - 1) + 1
    return at


def _lines_on(held: bytes, at: int, count: int) -> int:
    """Return where the line begins that stands ``count`` lines after the one at ``at``."""
    for _ in range(count):
        found = held.find(b"\n", at)
        if found < 0:
            return len(held)
        at = found + 1
    return at


def _is_of_same(notice: Notice, earlier: Notice) -> bool:
    """Whether two notices are about one kill: the same group or container, or one place in a listing."""
    if _are_of_two(notice, earlier):
        return False
    if notice.killed is not None and earlier.killed is not None:
        short, long = sorted((_short(notice.killed), _short(earlier.killed)), key=len)
        return short == long or (len(short) >= _MIN_ID_DIGITS and long.startswith(short))
    return notice.kind == "exit_137" and notice.line - earlier.line <= _MAX_LISTING_LINES


def _are_of_two(notice: Notice, earlier: Notice) -> bool:
    """Whether a process, a time or a host tells that two notices of one name are about two kills."""
    if notice.pid is not None and earlier.pid is not None and notice.pid != earlier.pid:
        return True
    own, other = (each.source.text[:_HEAD] if each.source else "" for each in (notice, earlier))
    if are_apart(own, other, _KILL_SECONDS):
        return True
    pairs = ((place.search(own), place.search(other)) for place in (_HOST, _DAY))
    return any(first and second and first[1] != second[1] for first, second in pairs)


def _repeats(earlier: Notice, notice: Notice) -> bool:
    """Whether the 137 that stands just before belongs to the OOMKilled below it."""
    return (
        earlier.kind == "exit_137"
        and earlier.killed is None
        and notice.line - earlier.line <= _MAX_LISTING_LINES
    )


def _notice(texts: list[str], index: int, source: SourceLine) -> tuple[Notice, _Message] | None:
    """Read the message in a line; ``None`` where there is none."""
    for message in _messages():
        match = message.pattern.search(texts[index])
        if match is not None and not _is_void(message, texts, index):
            groups = _around(message, texts, index) | _given(match)
            if _MEMORY.match(groups.get("resource", "memory")):
                return _made(message, groups, source), message
    return None


def _is_void(message: _Message, texts: list[str], index: int) -> bool:
    """Whether a line tells what to look for, or one just after it says that nothing was done."""
    if message.kind in _IN_PROSE and _PROSE.search(texts[index]) and not CLOCK.search(texts[index]):
        return True
    if message.void is None:
        return False
    for text in texts[index + 1 : index + 1 + _LINES_AFTER]:
        if message.void.search(text) or message.pattern.search(text):
            return message.void.search(text) is not None
    return False


def _given(match: re.Match[str]) -> dict[str, str]:
    """Return the groups that are there; a name may stand in one of several (``killed``, ``killed_old``)."""
    groups = {name: text.strip() for name, text in match.groupdict().items() if text}
    killed = next((text for name, text in groups.items() if name.startswith("killed")), None)
    return groups if killed is None else groups | {"killed": killed}


def _around(message: _Message, texts: list[str], index: int) -> dict[str, str]:
    """Find more about a message in the lines around it, the nearest first."""
    before = texts[max(0, index - message.reach) : index][::-1]
    after = texts[index : index + 1 + _LINES_AFTER]
    found: dict[str, str] = {}
    for patterns, lines in ((message.before, before), (message.after, after)):
        for pattern in patterns:
            match = next((match for match in map(pattern.search, lines) if match), None)
            found |= _given(match) if match else {}
    return found


def _made(message: _Message, groups: Mapping[str, str], source: SourceLine) -> Notice:
    return Notice(
        kind=message.kind,  # type: ignore[arg-type]
        line=source.number,
        killed=groups.get("killed"),
        pid=int(groups["pid"]) if "pid" in groups else None,
        count=int(groups["count"]) if "count" in groups else None,
        words=_filled(message.words, message.noun, groups),
        detail=_filled(message.detail, message.noun, groups),
        source=source,
    )


_OPTIONAL = re.compile(r"\[([^\]]*)\]")
_FIELD = re.compile(r"\{(\w+)\}")
_SPAN = re.compile(r"(\d)(?=[a-z])")


def _filled(template: str, noun: str, groups: Mapping[str, str]) -> str:
    """Return the words of a message with its groups; a part in brackets goes where one of them is missing."""
    shown = {"killed": noun} | {name: _shown(name, text) for name, text in groups.items()}
    words = _OPTIONAL.sub(
        lambda part: part[1] if set(_FIELD.findall(part[1])) <= groups.keys() else "", template
    )
    return _FIELD.sub(lambda field: shown.get(field[1], "?"), words).removeprefix(", ")


def _shown(name: str, text: str) -> str:
    if name == "killed":
        return _short(text)
    if name.endswith("_bytes"):
        return human_kb(int(text) / 1024)
    return _SPAN.sub(r"\1 ", text) if name == "span" else text


def _short(killed: str) -> str:
    """Return the last part of a path, ``app-web.scope``; a pod keeps its namespace, an id its beginning."""
    if _WHOLE_ID.fullmatch(killed):
        return killed[:_MIN_ID_DIGITS]
    return killed.rpartition("/")[2] if killed.startswith("/") else killed


@cache
def _messages() -> tuple[_Message, ...]:
    table: Mapping[str, Any] = load_table("killers")
    nouns = {row["name"]: row["noun"] for row in table["kind"]}
    return tuple(
        _Message(
            kind=row["kind"],
            pattern=re.compile(row["pattern"], re.A),
            words=row["words"],
            detail=row.get("detail", ""),
            noun=nouns[row["kind"]],
            before=tuple(re.compile(each, re.A) for each in row.get("before", ())),
            after=tuple(re.compile(each, re.A) for each in row.get("after", ())),
            void=re.compile(row["void"], re.A) if "void" in row else None,
            is_echo=row.get("echo", False),
            announces=row.get("announces", False),
            reach=row.get("reach", _LINES_BEFORE),
        )
        for row in table["message"]
    )
