"""Read ``/proc``: zoneinfo, meminfo, buddyinfo and slabinfo, from text to types.

Every parser is pure: text in, values out. Unknown keys are kept. A line that cannot be
read raises :class:`ReportError` with its number. Only :func:`read_files` touches files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from oomlab.errors import ReportError, require
from oomlab.kernel import KernelRelease
from oomlab.report import FreeBlocks, NodeStat, SourceLine, ZoneStat

FILES = ("zoneinfo", "meminfo", "buddyinfo", "slabinfo", "cmdline", "sys/kernel/osrelease")
SYSCTLS = ("min_free_kbytes", "watermark_scale_factor", "lowmem_reserve_ratio")
"""The ``vm`` sysctls that watermarks and reserves follow from."""

_Value = TypeVar("_Value")

_HEADING = re.compile(r"Node (?P<node>\d{1,9}), zone +(?P<name>\w+)")
_PAIR = re.compile(r"(?P<key>[^\s:]+(?: [^\s:\d]+)*):?\s+(?P<value>\S.*)")
_MEMINFO = re.compile(r"(?P<key>[^\s:]+):\s+(?P<value>\d{1,20})(?P<unit> kB)?$")
_FIELDS = {
    **{"pages free": "free", "free": "free", "boost": "watermark_boost"},
    **{"min": "watermark_min", "low": "watermark_low", "high": "watermark_high"},
    **{"spanned": "spanned", "present": "present", "managed": "managed"},
}


class Slab(NamedTuple):
    """One cache of ``/proc/slabinfo``; ``objsize`` in bytes, counts of objects and slabs."""

    name: str
    active_objs: int
    num_objs: int
    objsize: int
    objperslab: int
    pagesperslab: int
    active_slabs: int
    num_slabs: int

    @property
    def pages(self) -> int:
        """Count the pages that the cache holds, in use or not."""
        return self.num_slabs * self.pagesperslab


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One reading of ``/proc``. What could not be read is ``None`` or empty.

    ``meminfo`` keys carry the unit that the kernel prints: ``MemFree_kb``, ``HugePages_Total``.
    ``sysctls`` hold the values of ``vm.*`` by name: ``{"min_free_kbytes": (8192,)}``.
    """

    zones: tuple[ZoneStat, ...]
    nodes: tuple[NodeStat, ...] = ()
    meminfo: Mapping[str, int] = field(default_factory=dict)
    slabs: tuple[Slab, ...] | None = None
    kernel: KernelRelease | None = None
    cmdline: str | None = None
    sysctls: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def find_zone(self, name: str) -> ZoneStat | None:
        """Return the first zone of that name, or ``None``."""
        return next((zone for zone in self.zones if zone.name == name), None)


# --- zoneinfo ---------------------------------------------------------------------------------


def parse_zoneinfo(text: str) -> tuple[ZoneStat, ...]:
    """Read ``/proc/zoneinfo`` into one :class:`ZoneStat` for each zone, sizes in pages.

    ``watermark_min`` is as printed, boost included. Everything that has no field of its own
    is in ``counters``; per-cpu values are named ``cpu 0 count``.

    >>> text = "Node 0, zone   Normal\\n  pages free     2014\\n        min      2012\\n"
    >>> parse_zoneinfo(text)[0].watermark_min
    2012
    """
    require(text, str, "parse_zoneinfo takes the text of /proc/zoneinfo")
    return tuple(_zone(heading, lines) for heading, lines in _sections(text))


def parse_nodes(text: str) -> tuple[NodeStat, ...]:
    """Read the per-node counters that ``/proc/zoneinfo`` prints since 4.8, in pages."""
    require(text, str, "parse_nodes takes the text of /proc/zoneinfo")
    nodes = []
    for heading, lines in _sections(text):
        counters: dict[str, int] = {}
        flags: dict[str, str] = {}
        for _, part, key, value in _pairs(lines):
            if part == "node":
                _keep(key, value, counters, flags)
        if counters:
            node, _ = _node_and_name(heading)
            nodes.append(NodeStat(node=node, counters=counters, flags=flags, line=heading.number))
    return tuple(nodes)


def _sections(text: str) -> Iterator[tuple[SourceLine, list[SourceLine]]]:
    """Return each zone's heading with the lines below it."""
    sections: list[tuple[SourceLine, list[SourceLine]]] = []
    for line in _lines(text):
        if _HEADING.match(line.text):
            sections.append((line, []))
        elif sections:
            sections[-1][1].append(line)
        else:
            raise _unreadable(line, "a zoneinfo that begins with 'Node 0, zone DMA'")
    if not sections:
        raise ReportError("no zone in this zoneinfo: is the text empty?")
    return iter(sections)


def _zone(heading: SourceLine, lines: list[SourceLine]) -> ZoneStat:
    node, name = _node_and_name(heading)
    zone = ZoneStat(name=name, node=node, line=heading.number)
    fields: dict[str, int] = {}
    counters: dict[str, int] = {}
    flags: dict[str, str] = {}
    for line, part, key, value in _pairs(lines):
        if key == "protection":
            zone = replace(zone, lowmem_reserve=_protection(line, value), reserve_line=line.number)
        elif part == "zone":
            _keep(key, value, fields if key in _FIELDS else counters, flags)
        elif part == "cpu":
            _keep(key, value, counters, flags)
    named = {_FIELDS[key]: value for key, value in fields.items()}
    return replace(zone, counters=counters, flags=flags, **named)  # type: ignore[arg-type]


def _keep(key: str, value: str, numbers: dict[str, int], words: dict[str, str]) -> None:
    first = value.split()[0]
    if re.fullmatch(r"-?\d{1,20}", first):
        numbers[key] = int(first)
    else:
        words[key] = value


def _pairs(lines: list[SourceLine]) -> Iterator[tuple[SourceLine, str, str, str]]:
    """Split lines into key and value, with the part of the zone that they belong to."""
    part, cpu = "zone", ""
    for line in lines:
        stripped = line.text.strip()
        if stripped in ("per-node stats", "pagesets"):
            part = "node" if stripped == "per-node stats" else "cpu"
            continue
        pair = _PAIR.fullmatch(stripped)
        if pair is None:
            raise _unreadable(line, "a name and a value")
        key, value = pair["key"], pair["value"].strip()
        if key == "pages free" or (part == "cpu" and _is_footer(line, key)):
            part = "zone"
        if part == "cpu" and key == "cpu":
            cpu = value
            continue
        yield line, part, f"cpu {cpu} {key}" if part == "cpu" else key, value


def _is_footer(line: SourceLine, key: str) -> bool:
    """Separate the zone's last lines, less indented, from those of its last cpu."""
    indent = len(line.text) - len(line.text.lstrip())
    return indent <= 2 and key != "vm stats threshold"


def _node_and_name(heading: SourceLine) -> tuple[int, str]:
    match = _HEADING.match(heading.text)
    assert match is not None  # _sections kept this line because it matches
    return int(match["node"]), match["name"]


def _protection(line: SourceLine, value: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\((\d{1,20}(, \d{1,20})*)?\)", value):
        raise _unreadable(line, "protection: (0, 869, …)")
    return tuple(int(each) for each in re.findall(r"\d+", value))


# --- the other files --------------------------------------------------------------------------


def parse_meminfo(text: str) -> Mapping[str, int]:
    """Read ``/proc/meminfo``; a key gets ``_kb`` where the kernel prints kB.

    >>> parse_meminfo("MemFree:  561924 kB\\nHugePages_Total:  0\\n")
    {'MemFree_kb': 561924, 'HugePages_Total': 0}
    """
    require(text, str, "parse_meminfo takes the text of /proc/meminfo")
    values = {}
    for line in _lines(text):
        match = _MEMINFO.fullmatch(line.text.strip())
        if match is None:
            raise _unreadable(line, "a line such as 'MemFree: 561924 kB'")
        values[match["key"] + ("_kb" if match["unit"] else "")] = int(match["value"])
    return values


def parse_buddyinfo(text: str) -> Mapping[tuple[int, str], tuple[FreeBlocks, ...]]:
    """Read ``/proc/buddyinfo``: the free blocks of every order, by node and zone.

    >>> parse_buddyinfo("Node 0, zone   Normal    830     80      0")[0, "Normal"][1]
    FreeBlocks(order=1, blocks=80, types='')
    """
    require(text, str, "parse_buddyinfo takes the text of /proc/buddyinfo")
    blocks = {}
    for line in _lines(text):
        match = _HEADING.match(line.text)
        counts = line.text[match.end() :].split() if match else []
        if not counts or not all(re.fullmatch(r"\d{1,20}", count) for count in counts):
            raise _unreadable(line, "a line such as 'Node 0, zone Normal 830 80 0 …'")
        rows = (FreeBlocks(order, int(count)) for order, count in enumerate(counts))
        blocks[_node_and_name(line)] = tuple(rows)
    return blocks


_TYPED = re.compile(
    r"Node {1,8}(\d{1,9}), zone {1,12}(\w{1,20}), type {1,20}(\w{1,20}) {1,20}((?:>?\d{1,20} {0,20}){1,64})"
)


def parse_pagetypeinfo(text: str) -> Mapping[tuple[int, str, str], tuple[int, ...]]:
    """Read ``/proc/pagetypeinfo``: the free blocks of every order, by node, zone and migrate type.

    A count that the kernel gave up on, as ``>100000``, is that number (5.4 and later).

    >>> parse_pagetypeinfo("Node    0, zone   Normal, type    Unmovable     35     15 >100000")
    {(0, 'Normal', 'Unmovable'): (35, 15, 100000)}
    """
    require(text, str, "parse_pagetypeinfo takes the text of /proc/pagetypeinfo")
    found = (_TYPED.match(line.text) for line in _lines(text))
    return {
        (int(match[1]), match[2], match[3]): tuple(int(each.lstrip(">")) for each in match[4].split())
        for match in found
        if match
    }


def parse_slabinfo(text: str) -> tuple[Slab, ...]:
    """Read ``/proc/slabinfo``, version 2.x: one :class:`Slab` for each cache."""
    require(text, str, "parse_slabinfo takes the text of /proc/slabinfo")
    lines = list(_lines(text))
    if not lines or not lines[0].text.startswith("slabinfo - version: 2"):
        raise _unreadable(lines[0] if lines else SourceLine(1, ""), "'slabinfo - version: 2.1'")
    return tuple(_slab(line) for line in lines[1:] if not line.text.startswith("#"))


def _slab(line: SourceLine) -> Slab:
    parts = line.text.split(":")
    slabs = parts[-1].split()[1:3]
    try:
        name, *counts = parts[0].rsplit(maxsplit=5)
        objects, used = [int(each) for each in counts], [int(each) for each in slabs]
        return Slab(name, *objects, *used)
    except (ValueError, TypeError):
        raise _unreadable(line, "a cache's name, five counts, tunables and slabdata") from None


def _lines(text: str) -> Iterator[SourceLine]:
    """Number the lines from 1, leaving out blank ones."""
    numbered = (SourceLine(number, line) for number, line in enumerate(text.splitlines(), 1))
    return (line for line in numbered if line.text.strip())


def _unreadable(line: SourceLine, expected: str) -> ReportError:
    return ReportError(
        f"line {line.number}: {line.text.strip()[:80]!r} where {expected} was expected",
        line=line.number,
        text=line.text,
    )


# --- snapshots --------------------------------------------------------------------------------


def snapshot(files: Mapping[str, str]) -> Snapshot:
    """Build a :class:`Snapshot` from the texts of ``/proc`` files, by name.

    Names are as under ``/proc`` (see :data:`FILES`), sysctls as in :data:`SYSCTLS`.
    Only ``zoneinfo`` is required.
    """
    if "zoneinfo" not in files:
        raise ReportError("a snapshot needs zoneinfo: without it there are no zones to speak of")
    blocks = _parsed("buddyinfo", parse_buddyinfo, files) or {}
    zones = _parsed("zoneinfo", parse_zoneinfo, files) or ()
    release = files.get("sys/kernel/osrelease")
    return Snapshot(
        zones=tuple(replace(zone, free_blocks=blocks.get((zone.node or 0, zone.name))) for zone in zones),
        nodes=parse_nodes(files["zoneinfo"]),
        meminfo=_parsed("meminfo", parse_meminfo, files) or {},
        slabs=_parsed("slabinfo", parse_slabinfo, files),
        kernel=KernelRelease.of(release.strip()) if release else None,
        cmdline=files["cmdline"].strip() if "cmdline" in files else None,
        sysctls={name: _sysctl(name, files[name]) for name in SYSCTLS if name in files},
    )


def _parsed(name: str, parse: Callable[[str], _Value], files: Mapping[str, str]) -> _Value | None:
    """Read one of the files, and name it if it cannot be read; ``None`` where it is not there."""
    if name not in files:
        return None
    try:
        return parse(files[name])
    except ReportError as error:
        raise ReportError(f"{name}: {error}", line=error.line, text=error.text) from None


def _sysctl(name: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split())
    except ValueError:
        raise ReportError(f"vm.{name} reads {text.strip()[:80]!r}: numbers were expected") from None


def read_proc(root: Path | str = "/proc") -> Snapshot:
    """Take a snapshot of this machine, of what its reader may see (slabinfo needs root).

    The order matters: a kernel recomputes every ``lowmem_reserve`` when somebody merely reads
    ``lowmem_reserve_ratio``, so zoneinfo comes first.
    """
    return snapshot(read_files(root, (*FILES, *SYSCTLS)))


def read_files(root: Path | str, names: Iterable[str]) -> dict[str, str]:
    """Return the texts of files and sysctls by their names in :data:`FILES` and :data:`SYSCTLS`.

    What is missing or closed to us is left out.
    """
    proc = Path(root)
    places = {name: proc / "sys/vm" / name if name in SYSCTLS else proc / name for name in names}
    texts = {name: read_text(path) for name, path in places.items()}
    return {name: text for name, text in texts.items() if text is not None}


def read_text(path: Path) -> str | None:
    """Return a file's text, or ``None`` where it is missing, closed to us or no ordinary file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    except OSError:
        return None


def read_number(path: Path) -> int | None:
    """Return the whole number that a file holds, or ``None`` where it holds none."""
    text = (read_text(path) or "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,20}", text) else None
