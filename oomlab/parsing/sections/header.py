"""Read who asked, for what, on which kernel, and the call trace."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from oomlab.errors import UnknownKernel
from oomlab.kernel import KernelRelease, KernelVersion
from oomlab.parsing.grammar import Draft
from oomlab.parsing.lines import Line, LineKind
from oomlab.parsing.release import release_in
from oomlab.report import MEMCG_OOM_FRAMES, Kind, Trigger

_MASK = re.compile(
    r"(?:gfp_mask|mode|gfp)[=:]\s{0,4}(0x[0-9a-f]{1,16}|[0-9a-f]{1,16})([*?xX]{0,16})"
    r"(?:\(([\w|+ ]{0,2000})\)?)?",
    re.A,
)
"""The number, what hides some of its digits, and the names."""

_ORDER = re.compile(r"order[=:]\s{0,4}(-?1?\d|20)(?!\d)|\b(1?\d|20)-order allocation", re.A)
"""No kernel can be built with an order above 20 (``ARCH_FORCE_MAX_ORDER``): such a number is damage."""

_VMALLOC = re.compile(
    r"vmalloc\b.{0,60}?(?:allocated (\d{1,19}) of (\d{1,19}) bytes|: (\d{1,19}) bytes|: size (\d{1,19}))",
    re.A,
)
"""What was asked of vmalloc: mm/vmalloc.c, ``__vmalloc_area_node``, from 3.0, and otherwise from 5.14."""

_ADJ = re.compile(r"(oom_adj|oomkilladj|oom_score_adj)=(-?\d{1,10})", re.A)
_PLACE = re.compile(r"(nodemask|mems_allowed)=([^\s,]{1,500}(?:,[\d-]{1,200})*)")
_PROMPT = re.compile(r"[\]>:]\s{1,8}")
_PID = re.compile(r"(?:PID:|Pid:|\(pid:)\s{0,8}(\d{1,10})", re.A)
_COMM = re.compile(r"(?:Comm:|comm:)\s{1,8}(.{0,15}\S)(?=\s{1,8}(?:Not tainted|Tainted:|Kdump:|Kernel)|\s*$)")
_CPUSET = re.compile(r"(\S.{0,14}?) cpuset=")
_PROCESS = re.compile(r"Process (.{1,16}?) \(pid:")
_PATCHED = re.compile(r"#\d.{0,60}? Debian (\d{1,3}\.\d{1,4}\.\d{1,5})", re.A)
"""The stable release that a Debian kernel is made of, where its name ends in a zero."""

_FUNCTION = re.compile(r"(?<![\w.$])([\w.$]{1,200}+)\+0x[0-9a-f]{1,16}/0x", re.A)
_ARM = re.compile(r"\(([\w.$]{1,200})(?:\+0x[0-9a-f]{1,16}/0x[0-9a-f]{1,16})?\) from", re.A)
_DECODED = re.compile(r"(?<![\w.$])([\w.$]{1,200}+) \([\w/.-]{1,200}\.[chS]:\d", re.A)
_OLD = re.compile(r"\{([\w.:$]{1,200})\+\d{1,10}\}", re.A)

_UNUSUAL = ("}", ") from ", ".c:", ".h:", ".S:")
"""Signs of a call trace that does not name all functions as ``name+0x1a/0x2b``."""

_FAILING = frozenset(("warn_alloc", "warn_alloc_failed"))
"""They report a failed allocation, never an OOM. Source: mm/page_alloc.c, since 3.0."""

_KILLING = MEMCG_OOM_FRAMES | {"out_of_memory", "__out_of_memory", "pagefault_out_of_memory", "dump_header"}
_KILLING |= {"__alloc_pages_may_oom", "oom_kill_process", "check_panic_on_oom"}
"""They stand in the trace of an OOM, and never in that of a failed allocation. Source: mm/oom_kill.c."""

_OF_ANY_REPORT: frozenset[LineKind] = frozenset(
    (
        *("identity", "cpuset", "trace", "context", "slab_failure", "meminfo", "pcp_zone", "pcp"),
        *("free_pages", "totals", "node", "zone", "reserve", "blocks", "huge", "pages", "swap"),
        *("alloc_title", "alloc"),
    )
)
"""Lines that a failed allocation and a listing have as well; the table of tasks has an OOM only."""

_FAILED_BEFORE = "warn_alloc_show_mem:"
"""How a line begins between trace and state of memory when earlier such states were left out."""

_ASKED = re.compile(r"(.{0,200}?)(?: invoked oom-killer|: page allocation (?:failure|stalls)|: vmalloc)")


def read_trigger(draft: Draft) -> Trigger:
    """Read the header, and the process from the line below it."""
    header = next(iter(draft.of("header", "failure")), None)
    pid, comm = read_process(draft)
    if comm is None:
        named = (_CPUSET.match(line.text) for line in draft.of("cpuset"))
        comm = next((match[1] for match in named if match), None)
    if header is None:
        return Trigger(pid=pid, comm=comm)
    asked = _behind_name(header.text)
    mask = _MASK.search(asked)
    order = _ORDER.search(asked)
    vmalloc = _VMALLOC.search(asked) if "vmalloc" in asked else None
    adjustments = dict(_ADJ.findall(asked))
    return Trigger(
        comm=_asker(header.text, comm),
        pid=pid,
        gfp_mask=int(mask[1], 16) if mask and not mask[2] and not _is_cut_at(mask, asked) else None,
        gfp_names=_names(mask[3]) if mask and mask[3] else None,
        order=int(order[1] or order[2]) if order else None,
        oom_adj=_number(adjustments.get("oom_adj", adjustments.get("oomkilladj"))),
        oom_score_adj=_number(adjustments.get("oom_score_adj")),
        vmalloc_bytes=int(vmalloc[2] or vmalloc[3] or vmalloc[4]) if vmalloc else None,
        vmalloc_got=int(vmalloc[1]) if vmalloc and vmalloc[1] else None,
        line=header.number,
    )


def _is_cut_at(mask: re.Match[str], asked: str) -> bool:
    """Whether a header ends in its mask, which may have had more digits: the order follows it.

    Kernels that put the order first, or print none, do not say "invoked".
    """
    return " invoked oom-killer" in asked and mask.end(1) == len(asked.rstrip())


def _behind_name(text: str) -> str:
    """Return what a header says behind the name of the process, which may hold any words."""
    match = _ASKED.match(text)
    return text[match.end(1) :] if match else text


def read_kind(draft: Draft, trace: tuple[str, ...]) -> Kind:
    """Return what the report is: an OOM unless its header or trace shows otherwise, or neither is there."""
    if not {"header", "killed", "chosen", "exiting"}.isdisjoint(draft.lines):
        return "oom"
    if "failure" in draft.lines:
        return "allocation_failure"
    if "show" in draft.lines:
        return "show_mem"
    if any(line.text.startswith(_FAILED_BEFORE) for line in draft.of("context")):
        return "allocation_failure"
    if not _FAILING.isdisjoint(trace):
        return "allocation_failure"
    return "fragment" if _is_fragment(draft, trace) else "oom"


def _is_fragment(draft: Draft, trace: tuple[str, ...]) -> bool:
    """Whether nothing is left that only an OOM prints: the table of tasks, a group's usage, its functions."""
    return draft.lines.keys() <= _OF_ANY_REPORT and _KILLING.isdisjoint(trace)


def read_process(draft: Draft) -> tuple[int | None, str | None]:
    """Return pid and name of the process on whose behalf the kernel was running.

    A kernel names it above the call trace: below, without a header, it is another processor's.
    """
    header = next((text for _, text in draft.of("header", "failure")), None)
    is_headless = header is None
    trace_end = draft.of("trace")[-1].number if is_headless and "trace" in draft.lines else None
    found: list[tuple[int, str | None]] = []
    for number, text in draft.of("identity"):
        if trace_end is not None and number > trace_end:
            break
        pid = _PID.search(text)
        if pid is not None and pid.end() < len(text.rstrip()):  # or it is cut, and may be longer
            comm = _COMM.search(text) or _PROCESS.match(text)
            found.append((int(pid[1]), comm[1] if comm else None))
    asked = _ASKED.match(header) if header is not None and len(found) > 1 else None
    named = (each for each in found if asked and each[1] and asked[1].endswith(each[1]))
    return next(named, found[0] if found else (None, None))


def read_kernel(draft: Draft) -> KernelRelease | None:
    """Read the release from the line that names the process, or from another line of the same boot."""
    for _, text in [*draft.of("identity"), *([draft.release] if draft.release else ())]:
        release = release_in(text)
        if release is not None:
            return _release(release, _patched(text))
    return None


def _patched(text: str) -> str | None:
    match = _PATCHED.search(text)
    return match[1] if match else None


@lru_cache(64)
def _release(text: str, patched: str | None) -> KernelRelease | None:
    """Return a release; of Debian's ``4.9.0-6-686-pae`` the version is the stable one it is made of."""
    try:
        release = KernelRelease.of(text)
    except UnknownKernel:
        return None
    made_of = KernelVersion.of(patched) if patched else release.version
    return replace(release, version=made_of) if made_of.parts[:2] == release.version.parts[:2] else release


def read_places(draft: Draft) -> dict[str, str]:
    """Read ``nodemask=`` and ``mems_allowed=`` from wherever this kernel prints them."""
    found: dict[str, str] = {}
    kinds: tuple[LineKind, ...] = ("failure", "header", "cpuset", "constraint")
    for kind in kinds:
        for _, text in reversed(draft.of(kind)):
            places = text.partition(",task_memcg=")[0] if kind == "constraint" else _behind_name(text)
            found |= dict(_PLACE.findall(places))
    return found


def read_trace(lines: Iterable[Line]) -> tuple[str, ...]:
    """Return the functions of the call trace, innermost first."""
    texts = [text for _, text in lines]
    trace = "\n".join(texts)
    if not any([sign in trace for sign in _UNUSUAL]):
        return tuple(_FUNCTION.findall(trace))
    return tuple(name for text in texts for name in _functions(text))


def _functions(text: str) -> list[str]:
    if ") from " in text:
        return _ARM.findall(text)
    if "}" in text:
        return _FUNCTION.findall(text) or _OLD.findall(text)
    return _FUNCTION.findall(text) or _DECODED.findall(text)[:1]


def _asker(text: str, comm: str | None) -> str | None:
    """Return the name before "invoked"; where the next line repeats a name there, it is that one."""
    match = _ASKED.match(text)
    before = match[1] if match else ""
    if comm is not None and before.endswith(comm):
        return comm
    if len(before) > 15:  # longer than any name: something such as a prompt stands before it
        before = _PROMPT.split(before)[-1][-15:]
    return before.strip(" ") if before.strip(" .…") else comm  # dots stand for a name left out


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in re.split(r"[|+\s]+", text) if name)


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
