"""``oomlab lab``: kill a real 32-bit kernel, or watch the recording of one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_EPILOG = """\
Begin with "oomlab lab doctor": it lists what is missing here, and how to get it. "oomlab lab setup"
fetches a kernel, without root. Then "oomlab lab run incident-small" starts a guest of 640 MiB, which dies
with HighMem half empty.

examples:
  oomlab lab list                                what can be tried
  oomlab lab run rescued --engine recorded       a run that was saved, replayed
  oomlab lab page DIR                            the same machine in a browser, with buttons
"""


def add(subparsers: Any) -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "lab",
        help="run a real 32-bit kernel until it dies, or is rescued",
        description="Boot a real 32-bit kernel in QEMU, fill its memory, and read its own report.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    actions.add_parser("list", help="list the scenarios").set_defaults(run=_list)
    actions.add_parser("doctor", help="list what a live guest needs, and what is missing").set_defaults(
        run=_doctor
    )
    setup = actions.add_parser("setup", help="fetch what an engine needs into the cache")
    setup.add_argument(
        "--engine",
        choices=("qemu", "browser"),
        default="qemu",
        help="qemu: a kernel; browser: also an emulator from npm, and a machine saved at its shell (minutes)",
    )
    setup.add_argument("--kernel", type=_path, metavar="DEB", help="a linux-image package of your own")
    setup.add_argument("--busybox", type=_path, metavar="DEB", help="a busybox-static package for i386")
    setup.add_argument("--bios", type=_path, metavar="DEB", help="a seabios package, for the browser")
    setup.set_defaults(run=_setup)
    runs = actions.add_parser("run", help="run a scenario to its end")
    runs.add_argument("scenario", help="its name; oomlab lab list has them")
    runs.add_argument(
        "--engine",
        choices=("qemu", "browser", "recorded"),
        help="default: QEMU if installed, else the recording; browser: the page's emulator, in Node",
    )
    runs.add_argument("--record", type=_path, metavar="DIR", help="a folder for what came out")
    runs.set_defaults(run=_run)
    page = actions.add_parser("page", help="write a folder for a web server: the live kernel in a browser")
    page.add_argument("folder", type=_path, metavar="DIR")
    page.set_defaults(run=_page)


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("'' is no name: give that of a file or a folder")
    return Path(text)


def _list(arguments: argparse.Namespace) -> int:
    from oomlab.lab import SCENARIOS

    width = max(len(scenario.name) for scenario in SCENARIOS)
    for scenario in SCENARIOS:
        print(f"{scenario.name:{width}}  {scenario.title}")
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from oomlab.lab.doctor import needs

    found = needs()
    for need in found:
        print(f"{need.name}: {need.found}" + (f"\n    get it with: {need.remedy}" if need.remedy else ""))
    return int(any(need.remedy for need in found))


def _setup(arguments: argparse.Namespace) -> int:
    from oomlab.lab.packages import fetch_guest

    guest = fetch_guest(arguments.kernel, arguments.busybox, arguments.bios)
    print(f"Ready: Linux {guest.release} in {guest.folder}")
    if arguments.engine == "browser":
        from oomlab.lab.states import prepare_states

        print(f"Ready: saved machines for a browser in {prepare_states(_say)}")
    return 0


def _page(arguments: argparse.Namespace) -> int:
    from oomlab.explore.live_page import write_page
    from oomlab.lab.states import prepare_states

    size = write_page(prepare_states(_say), arguments.folder)
    print(
        f"Wrote {arguments.folder}: {size / 1e6:.0f} MB. Any web server can serve it, for example\n"
        f"    python3 -m http.server --bind 127.0.0.1 --directory {arguments.folder}\n"
        "and then open http://127.0.0.1:8000/."
    )
    return 0


def _say(words: str) -> None:
    print(f"{words} …", file=sys.stderr, flush=True)


def _run(arguments: argparse.Namespace) -> int:
    from oomlab import diagnose, lab

    if arguments.record:
        arguments.record.mkdir(parents=True, exist_ok=True)  # better to fail before the run than after it
    run = lab.run(arguments.scenario, engine=arguments.engine, on_sample=_progress())
    print(f"{run.scenario.title}.\n{_provenance(run)}\n{_told(run)}")
    if run.report is not None:
        print(diagnose(run.report).summary)
    if arguments.record:
        lab.save_run(run, arguments.record)
        print(f"Wrote {arguments.record}: samples.csv, console.log, zoneinfo and run.json.")
    return 0


def _progress() -> Callable[[Mapping[str, float]], None] | None:
    """Return what shows each sample on a terminal, in one line that is written over; nothing elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None

    def show(sample: Mapping[str, float]) -> None:
        print(f"\r\x1b[K{_state(sample)}", end="", file=sys.stderr, flush=True)

    return show


def _state(sample: Mapping[str, float]) -> str:
    from oomlab.simulation import page_cache
    from oomlab.units import kb, pages_to_mib

    cache = pages_to_mib(page_cache(sample))
    free = (
        f"Normal {kb(int(sample['nfree'])):,.0f} kB free (min {kb(int(sample['nmin'])):,.0f}), "
        f"HighMem {pages_to_mib(sample['hfree']):,.0f} MiB free"
    )
    return f"{sample['t']:.1f} s: page cache {cache:,.0f} MiB, {free}"


def _provenance(run: Any) -> str:
    fix = (
        ""
        if run.scenario.fix
        else ", the fix of 2012 switched off in its memory (an emulation of its absence)"
    )
    how = "a recording of Linux" if run.engine == "recorded" else "Linux"
    return f"This is {how} {run.kernel}{fix}."


def _told(run: Any) -> str:
    from oomlab.units import pages_to_mib

    notes = [f"After {seconds:.1f} s: {text}." for seconds, text in run.notes if seconds]
    last = _state(run.samples[-1])
    return "\n".join(
        [
            *notes,
            f"{run.ending} The last sample, {last}.",
            f"The most page cache: {pages_to_mib(run.page_cache):,.0f} MiB.",
        ]
    )
