"""Read what loggers note beside a message, in the journal's forms and in JSON: who wrote it, and where."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set

from oomlab.parsing.hosts import one_name_each
from oomlab.parsing.origin import SEVERITIES

_NOTE = re.compile(
    r'\s{0,40}"?(__CURSOR|_TRANSPORT|SYSLOG_IDENTIFIER|MESSAGE|_HOSTNAME|_BOOT_ID|pri|fac|msg)"?'
    r'\s{0,4}[=:]\s{0,4}"?([^",]{0,255})'
)
"""What journald notes of an entry, and ``dmesg --json``, where that stands on several lines."""

_HOST = re.compile(
    r'"(_HOSTNAME|(?i:(?:\w{1,20}[._])?(?:host(?:[._-]?name)?|node(?:[._-]?name)?|instance(?:[._-]?id)?|computer)))"'
    r'\s{0,4}:\s{0,4}(?:\{[^{}]{0,400}?"name"\s{0,4}:\s{0,4})?"([^"\\]{1,255})"'
)
"""What an entry on one line calls its host, by the usual names of such a field."""

_BOOT = re.compile(r'"_BOOT_ID"\s{0,4}:\s{0,4}"(\w{1,64})"')

_MAX_PRIORITY_DIGITS = 5
"""The most digits of a priority."""

_Entry = Mapping[str, tuple[int, str]]


def messages_of_others(lines: Sequence[str]) -> Set[int]:
    """Return which lines are messages that the kernel cannot have written, of entries on several lines."""
    entries = _entries(lines)
    has_facilities = any(_is_of_facility(entry) for entry in entries)
    of_others = [
        entry
        for entry in entries
        if _is_of_other(entry) or (has_facilities and _is_of_facility(entry) is False)
    ]
    return {entry[key][0] for entry in of_others for key in ("MESSAGE", "msg") if key in entry}


def hosts_of_entries(text: str, numbers: Sequence[int], lines: Sequence[str]) -> Mapping[int, str]:
    """Return the hosts, and the boots, of entries by their line numbers; nothing where all are of one."""
    found = dict(_hosts_of_json(lines)) if '":' in text else {}
    if "_HOSTNAME" in text:
        found |= {entry["MESSAGE"][0]: _place(entry) for entry in _entries(lines) if "MESSAGE" in entry}
    names = one_name_each(set(found.values()))
    return (
        {numbers[index]: names[host] for index, host in found.items()} if len({*names.values()}) > 1 else {}
    )


def _place(entry: _Entry) -> str:
    """Return the host and the boot in which an entry of the journal was written."""
    return " ".join(entry[key][1] for key in ("_HOSTNAME", "_BOOT_ID") if key in entry)


def _hosts_of_json(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the hosts of entries that stand on one line, by the key that most of them have."""
    entries = {index: line for index, line in enumerate(lines) if '{"' in line}
    named = {index: dict(reversed(_HOST.findall(line))) for index, line in entries.items()}
    keys = Counter(key for entry in named.values() for key in entry).most_common(1)
    for index, line in entries.items():
        hosts = [named[index][key] for key, _ in keys if key in named[index]]
        if len(hosts) == len(keys) and (place := " ".join([*hosts, *_BOOT.findall(line)])):
            yield index, place


def _entries(lines: Sequence[str]) -> Sequence[_Entry]:
    """Return the entries of the journal that stand on several lines: each note's line, and what it says."""
    notes = {index: match for index, line in enumerate(lines) if (match := _NOTE.match(line))}
    is_marked = any(match[1] == "__CURSOR" for match in notes.values())
    entries: list[dict[str, tuple[int, str]]] = [{}]
    for index, line in enumerate(lines) if notes else ():
        match = notes.get(index)
        if _begins_entry(line, match, is_marked=is_marked):
            entries.append({})
        if match is not None:
            entries[-1][match[1]] = (index, match[2])
    return entries


def _is_of_other(entry: _Entry) -> bool:
    """Whether journald notes of an entry that it did not come from the kernel, and not in its name."""
    notes = [entry[key][1] for key in ("_TRANSPORT", "SYSLOG_IDENTIFIER") if key in entry]
    return "_TRANSPORT" in entry and "kernel" not in notes


def _is_of_facility(entry: _Entry) -> bool | None:
    """Whether dmesg notes the kernel's facility of an entry: ``None`` where it notes none."""
    if "fac" in entry:
        return entry["fac"][1] == "kern"
    priority = entry["pri"][1] if "pri" in entry else ""
    return (
        int(priority) < SEVERITIES if priority.isdecimal() and len(priority) < _MAX_PRIORITY_DIGITS else None
    )


def _begins_entry(line: str, note: re.Match[str] | None, *, is_marked: bool) -> bool:
    """Whether an entry of the journal begins: with its place, or as the form has it."""
    if note is not None:
        return note[1] == "__CURSOR"
    text = line.strip()
    return text.endswith("{") or " [s=" in text or not (text or is_marked)
