"""Score the reading and the diagnosis of real reports against an answer key.

    python -m tests.support.corpus DIR

The project's own key is ``data/index.json``. Tests that ask for the fixture ``keyed`` run on it, and
on the folder that the environment variable ``OOMLAB_CORPUS`` names, if it names one.

DIR holds logs and ``index.json``: a list of objects with ``file`` and what is known of it:
``reports`` (how many of them are OOMs), ``trigger``, ``gfp_mask``, ``order``, ``killed``,
``zones_listed``, ``cause_id``. One line is printed for each file, and one in all. What a
key leaves open (a name without a pid, ``null`` in a list) is not held against the reader.
``trigger`` and ``cause_id`` may speak of each report, parted by ``;``; what is empty is open.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from oomlab.diagnosis import CAUSES, diagnose
from oomlab.errors import ReportError
from oomlab.parsing import parse_bytes
from oomlab.report import Report

Entry = Mapping[str, Any]

ALIASES = (
    ("lowmem", "lowmem_exhaustion"),
    ("premature", "swap_unused"),
    ("crashkernel", "too_little_ram"),
    ("cpuset", "cpuset_or_mempolicy"),
    ("mempolicy", "cpuset_or_mempolicy"),
    ("numa", "numa_node_bound"),
    ("memcg", "memcg_limit"),
    ("slab", "slab_unreclaimable"),
    ("bpf", "bpf_oom"),
    ("sysrq", "sysrq_manual"),
    ("near_miss", "not_oom"),
    ("unknown", "undetermined"),
)
"""How causes are called in the key, by their first words, and what they are called here."""


DATA = Path(__file__).parents[2] / "data"
"""The repository's own logs, with their key."""


def outside() -> Path | None:
    """Return the folder of other people's reports that ``OOMLAB_CORPUS`` names, or ``None``."""
    folder = os.environ.get("OOMLAB_CORPUS")
    if folder and not (Path(folder) / "index.json").is_file():
        raise FileNotFoundError(f"OOMLAB_CORPUS={folder}: there is no index.json in that folder")
    return Path(folder).resolve() if folder else None


def logs(folder: Path) -> list[Path]:
    """Return the logs that a folder's key describes."""
    return [folder / entry["file"] for entry in entries(folder)]


def entries(folder: Path) -> list[Entry]:
    """Read a folder's key."""
    found: list[Entry] = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return found


def read(path: Path) -> list[Report]:
    """Read a log; no report at all is an answer too."""
    try:
        return parse_bytes(path.read_bytes())
    except ReportError:
        return []


def reports(entry: Entry, found: list[Report]) -> bool:
    """Compare the number of OOM reports; a fragment may be one."""
    return entry["reports"] == sum(report.may_be_oom for report in found)


def trigger(entry: Entry, found: list[Report]) -> bool:
    """Compare who asked, report by report; a pid only where the key and the log have one."""
    if entry["trigger"] is None:
        return all(report.trigger.comm is None for report in found)
    wanted = [re.fullmatch(r"(.*?)(?: \((\d+)\))?", each.strip()) for each in entry["trigger"].split(";")]
    asked = [report.trigger for report in found]
    return len(asked) >= len(wanted) and all(
        match is not None
        and match[1] in ("", one.comm)
        and (match[2] is None or one.pid is None or int(match[2]) == one.pid)
        for match, one in zip(wanted, asked, strict=False)
    )


def gfp_mask(entry: Entry, found: list[Report]) -> bool:
    """Compare what was asked for; one value speaks for all reports."""
    masks = [report.trigger.gfp_mask for report in found if report.trigger.gfp_mask is not None]
    if entry["gfp_mask"] is None:
        return not masks
    wanted = [int(each, 16) for each in entry["gfp_mask"].split(";")]
    return masks == wanted if len(wanted) > 1 else set(masks) == set(wanted)


def order(entry: Entry, found: list[Report]) -> bool:
    """Compare the orders; one value speaks for all reports."""
    orders = {report.trigger.order for report in found} - {None}
    wanted = [] if entry["order"] is None else str(entry["order"]).split(";")
    return orders == {int(each) for each in wanted}


def killed(entry: Entry, found: list[Report]) -> bool:
    """Compare the victims of all reports; one without a pid in the key stands for any number."""
    victims = [(victim.comm, victim.pid) for report in found for victim in report.victims]
    wanted = [(name, pid) for name, pid in entry["killed"] if pid is not None]
    if len(wanted) < len(entry["killed"]):
        return bool(victims) and set(wanted) <= set(victims)
    return sorted(victims, key=str) == sorted(wanted, key=str)


def zones(entry: Entry, found: list[Report]) -> bool:
    """Compare the zones of all reports, with their nodes."""
    named = {
        zone.name if zone.node is None else f"Node {zone.node} {zone.name}"
        for report in found
        for zone in report.zones
    }
    return named == set(entry["zones_listed"])


def cause(entry: Entry, found: list[Report]) -> bool:
    """Compare the causes that the key names, report by report; no report at all is not an OOM."""
    wanted = [each.partition(" + ")[0].strip() for each in entry["cause_id"].split(";")]
    if not found:
        return entry["reports"] == 0 and wanted == ["not_oom"]
    return len(wanted) <= len(found) and all(
        not each or diagnose(one).cause == called(each) for each, one in zip(wanted, found, strict=False)
    )


def advice(entry: Entry, found: list[Report]) -> bool:
    """Whether each report gets advice, and nothing in what is shown of it contradicts itself.

    A log without a report has none to get. A key has no column for it.
    """
    from tests.support.contradictions import contradictions

    judged = [(each, diagnose(each)) for each in found]
    return all(one.remedies and not contradictions(report, one) for report, one in judged)


def called(wanted: str) -> str | None:
    """Return our name of a cause in the key."""
    known = [each for each in sorted(CAUSES, key=len, reverse=True) if wanted.startswith(each)]
    known += [ours for theirs, ours in ALIASES if wanted.startswith(theirs)]
    return known[0] if known else None


CHECKS: tuple[Callable[[Entry, list[Report]], bool], ...] = (
    reports,
    trigger,
    gfp_mask,
    order,
    zones,
    killed,
    cause,
    advice,
)


def score(folder: Path) -> dict[str, list[str]]:
    """Return, for each thing that is compared, the files in which it is wrong."""
    wrong: dict[str, list[str]] = {check.__name__: [] for check in CHECKS}
    for entry in entries(folder):
        found = read(folder / entry["file"])
        for check in CHECKS:
            if not check(entry, found):
                wrong[check.__name__].append(entry["file"])
    return wrong


def main(arguments: list[str]) -> int:
    """Print the score of a folder."""
    if len(arguments) != 1:
        print("usage: python -m tests.support.corpus DIR", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    total = len(entries(folder))
    for name, files in score(folder).items():
        print(
            f"{name:10} {total - len(files)} of {total}" + "".join(f"\n    wrong: {each}" for each in files)
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
