"""``oomlab simulate``: the copy of a large file on a machine of your choice, in the model."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from oomlab.cli.complaint import complain, shown
from oomlab.errors import OomlabError, ReportError
from oomlab.files import write_file
from oomlab.machine import INCIDENT
from oomlab.mmzone import VM_SPLITS
from oomlab.rules import on_kernel
from oomlab.simulation import INCIDENT_WORKLOAD
from oomlab.units import PAGE_KB, parse_size

if TYPE_CHECKING:
    from oomlab.machine import Machine
    from oomlab.simulation import Workload

_EPILOG = """\
What is not given is the incident's machine: Linux 3.2.59, 32-bit with PAE, 32 GiB of RAM.

examples:
  oomlab simulate                              the incident
  oomlab simulate --ram 16GiB                  less RAM lives
  oomlab simulate --swap 64GiB                 swap changes nothing
  oomlab simulate --ram 16GiB --block-size 512 --plot run.png
  oomlab simulate --from-report oom.log --fix  the machine of a report, with the fix of 2012

Sizes are such as 32GiB or 512M.
"""
_PICTURES = ("png", "svg", "pdf")
_SPLITS = {label.partition("/")[0]: address for label, address in VM_SPLITS.items()}
_MACHINE = {
    "ram": "ram",
    "swap": "swap",
    "mem": "mem_limit",
    "kernel": "kernel",
    "fix": "buffer_head_fix",
    "arch": "arch",
    "vmsplit": "page_offset",
    "vmalloc": "vmalloc_mib",
    "min_free_kbytes": "min_free_kbytes",
    "highpte": "highpte",
    "allocator": "allocator",
}
"""Which option sets which field of a machine."""
_WORKLOAD = {"file": "written", "block_size": "block_size", "other_lowmem_pages": "other_lowmem"}


def add(subparsers: Any) -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "simulate",
        help="model a machine while it copies a large file",
        description="Fill a machine with page cache, and see whether it lives.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    machine = parser.add_argument_group("the machine")
    machine.add_argument("--ram", type=_pages, metavar="SIZE", help="RAM, 32GiB if not given")
    machine.add_argument("--swap", type=_pages, metavar="SIZE", help="swap space")
    machine.add_argument("--mem", type=_pages, metavar="SIZE", help="the boot parameter mem=, an address")
    machine.add_argument("--kernel", type=_version, metavar="VERSION", help="kernel version, such as 3.2.59")
    machine.add_argument("--arch", choices=("i386", "x86_64"), help="32 or 64 bits")
    machine.add_argument(
        "--fix",
        action=argparse.BooleanOptionalAction,
        help="the fix of 2012, which lets lowmem reclaim cache from HighMem; by version if not given",
    )
    machine.add_argument(
        "--vmsplit", type=_split, metavar="SPLIT", help="address space of a process: 3G, 2G or 1G"
    )
    machine.add_argument("--vmalloc", type=_mib, metavar="SIZE", help="what vmalloc= sets aside")
    machine.add_argument("--min-free-kbytes", type=_count, metavar="KB", help="the sysctl of that name")
    machine.add_argument("--highpte", action="store_true", help="page tables may lie in HighMem")
    machine.add_argument("--allocator", choices=("slab", "slub"), help="how kernel objects are packed")
    work = parser.add_argument_group("the work")
    work.add_argument("--file", type=_pages, metavar="SIZE", help="the file, 50GiB if not given")
    work.add_argument("--block-size", type=_blocks, metavar="BYTES", help="512 to 4096, or none")
    work.add_argument("--other-lowmem-pages", type=_count, metavar="N", help="lowmem in use for other things")
    parser.add_argument("--from-report", metavar="FILE", help="begin from the machine that wrote this report")
    parser.add_argument("--json", action="store_true", help="write JSON (schema 1) for programs")
    parser.add_argument("--plot", type=_picture, metavar="FILE", help="draw the run: .png, .svg or .pdf")
    parser.set_defaults(run=run, from_report=None, json=False, plot=None)


def run(arguments: argparse.Namespace) -> int:
    """Run the model and print the outcome."""
    from oomlab.simulation import critical_ram, simulate, to_json

    machine, workload = machine_and_work(arguments)
    trajectory = simulate(machine, workload)
    critical = critical_ram(machine, workload)
    if arguments.plot:
        _plot(trajectory, arguments.plot)
    if arguments.json:
        from oomlab.render.safe import dumps

        print(dumps(to_json(trajectory, critical)))
    else:
        from oomlab.render.run import run_text

        sys.stdout.write(run_text(trajectory, critical))
    return 0


def machine_and_work(arguments: argparse.Namespace) -> tuple[Machine, Workload]:
    """Put the options over the machine they begin from: the incident's, or that of a report."""

    given = vars(arguments)
    machine, workload = INCIDENT, INCIDENT_WORKLOAD
    if arguments.from_report is not None:
        machine, workload = _fitted(arguments.from_report)
    machine_changes = {field: given[option] for option, field in _MACHINE.items() if option in given}
    work_changes = {field: given[option] for option, field in _WORKLOAD.items() if option in given}
    if "kernel" in machine_changes:
        machine = on_kernel(machine, machine_changes["kernel"])
    return replace(machine, **machine_changes), replace(workload, **work_changes)


def _fitted(log: str) -> tuple[Machine, Workload]:
    from oomlab.fitting import fit
    from oomlab.parsing import read_pieces
    from oomlab.source import pieces

    report = next(read_pieces(pieces(log, on_damage=complain)), None)
    if report is None:
        raise ReportError(f"no OOM report in {shown(log)}: look for lines with 'oom-killer'")
    found = fit(report)
    if found.machine is None or found.workload is None:
        raise ReportError(
            f"{shown(log)} fits no machine: the report must name its kernel and show the zones of a PC"
        )
    return found.machine, found.workload


_MAGIC_BYTES = 4
"""The first bytes of a picture, which name its format: only such a file is replaced by another."""


def _plot(trajectory: Any, target: str) -> None:
    try:
        from oomlab.plot import trajectory as draw
    except ImportError as error:
        raise OomlabError("--plot needs matplotlib: pip install 'oomlab[widgets]'") from error
    figure = draw(trajectory).get_figure(root=True)
    assert figure is not None
    picture = BytesIO()
    figure.savefig(picture, format=_suffix(target), dpi=200)
    content = picture.getvalue()
    write_file(target, content, kind=content[:_MAGIC_BYTES])


# --- reading option values -------------------------------------------------------------------


def _reading(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return the reader with its own messages, where argparse would put one of its own."""

    def reader(text: str) -> Any:
        try:
            return read(text)
        except OomlabError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return reader


@_reading
def _pages(text: str) -> int:
    return parse_size(text) // (PAGE_KB * 1024)


@_reading
def _mib(text: str) -> int:
    size = parse_size(text)
    if 0 < size < 2**20:
        raise OomlabError(f"{text!r} is less than a MiB: give at least 1MiB")
    return size // 2**20


@_reading
def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise OomlabError(f"{text!r} is not a number of 0 or more")
    return int(text)


@_reading
def _version(text: str) -> Any:
    from oomlab.kernel import KernelVersion

    return KernelVersion.of(text)


@_reading
def _blocks(text: str) -> int | None:
    return None if text == "none" else int(_count(text))


@_reading
def _picture(text: str) -> str:
    if _suffix(text) not in _PICTURES:
        raise OomlabError(f"{text!r} is no picture: its name must end in .png, .svg or .pdf")
    return text


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].removeprefix(".").lower()


@_reading
def _split(text: str) -> int:
    if text not in _SPLITS:
        raise OomlabError(f"{text!r} is not a VM split: choose {', '.join(_SPLITS)}")
    return _SPLITS[text]
