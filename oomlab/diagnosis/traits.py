"""What remedies need of a report: its numbers, and whether it is of a certain kind."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache

from oomlab.diagnosis.case import Case
from oomlab.diagnosis.contributing import mem_map_pages
from oomlab.diagnosis.finding import causes_of, threshold
from oomlab.diagnosis.holders import Holder
from oomlab.diagnosis.named import fills_all_but_a_reserve, largest_caches, main_holder
from oomlab.diagnosis.rules.constraint import is_full_elsewhere, kernel_part
from oomlab.diagnosis.rules.consumers import has_secondary_tables, idle_huge_pages, unevictable_kind
from oomlab.diagnosis.rules.exhaustion import empty_zones, kept_by_min
from oomlab.diagnosis.rules.trigger import is_booting, refused_cache, vmalloc_pages
from oomlab.diagnosis.services import kubernetes_level, service_of
from oomlab.diagnosis.takers import taker_of
from oomlab.diagnosis.trace import certain
from oomlab.kernel import KernelVersion, load_table
from oomlab.report import Memcg
from oomlab.units import human_kb, pages_to_gib

_IN_GROUPS = " In a control group of v1 look at memory.swappiness, in v2 at memory.swap.max."

_LOWERED = frozenset(("memory_max_write", "mem_cgroup_resize_max", "mem_cgroup_resize_limit"))
"""Functions that set a limit, and kill until the group fits. Source: mm/memcontrol.c."""

_NETWORK = ("skb", "napi", "netdev", "tcp_", "page_frag", "net_rx", "xmit", "fill_recv", "dev_alloc")
_RESUMING = frozenset(
    ("dpm_run_callback", "device_resume", "device_resume_noirq", "pci_pm_resume", "dpm_resume")
)
_RESUMING |= frozenset(("__device_resume", "async_resume", "pm_generic_resume", "suspend_devices_and_enter"))
"""Functions that wake devices after the machine slept. Source: drivers/base/power/main.c."""

_LOADERS = ("modprobe", "insmod", "kmod", "udevd", "systemd-udevd", "(udev-worker)")
_COSTLY_ORDER = 3
"""Up to this order the kernel kills rather than let a request fail. Source: include/linux/mmzone.h."""

_GROUPS, _UNIFIED, _OWN_WORDS = map(KernelVersion, ((2, 6, 25), (4, 5), (5, 3)))
"""The first kernels with control groups for memory, of v1 and of v2, and with a report of its own for v2."""

_MIN_WORKERS = 5
"""The fewest processes of one command that are a pool of workers."""

_MIN_VICTIM_KB = 2**18


def traits(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the traits of a case by name: a number as text, or an empty text; absent ones are left out."""
    yield from _sizes(case)
    if case.cause in causes_of("lowmem"):
        yield from _less_ram(case)
        yield from _less_cma(case)
    yield "limit_by", _limit_by(case)
    locked = ", and look for locked memory (VmLck in /proc/PID/status)"
    yield "or_locked", "" if "unevictable" in case.used else locked
    yield "in_groups", "" if _version(case) < _GROUPS else _IN_GROUPS
    yield from _holder(case)
    if case.cause == "page_tables":
        yield from _tables(case)
    yield from _cache(case)
    yield from _in_no_counter(case)
    if case.report.scope == "memcg":
        yield from _group(case)
    if case.cause == "vm_fault_oom_spurious":
        yield from _fault(case)
    if case.cause == "not_oom":
        yield from _failure(case)
    yield ("full_elsewhere" if is_full_elsewhere(case) else "other_nodes"), ""
    kept = kept_by_min(case.report.zones)
    if kept:
        yield "kept", case.human(kept)
        yield "kept_kb", f"{kept * case.report.page_size_kb:,}"
    min_free_kb = _min_free_kb(case)
    if min_free_kb:
        yield "min_free", str(min_free_kb)
    yield from ((name, "") for name, has in _events(case).items() if has)


# --- numbers ----------------------------------------------------------------------------------


def _sizes(case: Case) -> Iterator[tuple[str, str]]:
    report, used = case.report, case.used
    known = {
        "ram": used.size or 0,
        "swap": (report.swap.total or 0) - (report.swap.free or 0) if report.swap else 0,
        "locked": used.pages("unevictable"),
        "pool_idle": min(used.pages("hugetlb"), idle_huge_pages(case)),
        "pool_in_use": max(0, used.pages("hugetlb") - idle_huge_pages(case)),
        "shmem": used.pages("shmem"),
        "processes_hold": used.pages("anon", "shmem") if fills_all_but_a_reserve(case) else 0,
        "zram": used.pages("zram"),
        "balloon": used.pages("balloon"),
    }
    if case.cause in causes_of("lowmem"):
        movable = _movable(case)
        known |= {
            "lowmem": 0 if movable else case.lowmem.size or 0,
            "movable": movable,
            "mem_map": mem_map_pages(case),
            "cma": report.totals.get("cma_reserved", 0),
            "cached": used.pages("file") if used.share("file") >= threshold("file") else 0,
        }
        if not movable and not case.lowmem.size:
            yield "unknown_lowmem", ""
    yield from ((name, case.human(pages)) for name, pages in known.items() if pages > 0)
    if report.hugepages:
        size_kb = max(report.hugepages, key=lambda each: each.total * each.size_kb).size_kb
        yield "pool_file", f"/sys/kernel/mm/hugepages/hugepages-{size_kb}kB/nr_hugepages"
    if "file" in used and used.share("file") < threshold("little_file"):
        yield "little_cache", ""
        yield "cache", case.human(used.pages("file"))
    if used.share("unevictable") >= threshold("much_unevictable"):
        yield _UNEVICTABLE[unevictable_kind(case)], ""
    reclaimable = used.pages("slab_reclaimable")
    is_most = reclaimable > used.pages("slab_unreclaimable")
    yield ("slab_reclaimable" if is_most else "slab_unreclaimable"), case.human(reclaimable)
    victim = next(iter(report.victims), None)
    if victim and (victim.anon_rss_kb or 0) >= _MIN_VICTIM_KB and (report.adjustment_of(victim) or 0) <= 0:
        yield "victim_held", f"{human_kb(victim.anon_rss_kb or 0)} (pid {victim.pid})"


def _movable(case: Case) -> int:
    """Return the pages closed to the kernel on a machine that has no HighMem: those of ZONE_MOVABLE."""
    if _has_highmem(case):
        return 0
    return sum(zone.size or 0 for zone in case.barred if zone.name == "Movable")


def _has_highmem(case: Case) -> bool:
    return bool(case.report.totals.get("highmem")) or case.report.find_zone("HighMem") is not None


def _less_cma(case: Case) -> Iterator[tuple[str, str]]:
    half = case.report.totals.get("cma_reserved", 0) * case.report.page_size_kb // 2**11
    if half >= 4:
        yield "cma_half", f"{half}M"


def _less_ram(case: Case) -> Iterator[tuple[str, str]]:
    """Work out what ``mem=`` with three quarters of the RAM would give back of ``mem_map``."""
    ram = case.report.totals.get("ram", 0)
    gib = int(pages_to_gib(ram, case.report.page_size_kb) * 3 / 4)
    if gib >= 4 and mem_map_pages(case):
        kept = gib * 2**20 // case.report.page_size_kb
        yield "less", f"{gib}G"
        yield "less_saves", case.human(mem_map_pages(case) * (1 - kept / ram))


def _min_free_kb(case: Case) -> int | None:
    """Work out a value for vm.min_free_kbytes: twice what is kept now, or at least 1 % of memory.

    There is none beyond 5 % of memory, and none on a machine with HighMem, where it takes from lowmem.
    """
    size_kb = (case.used.size or 0) * case.report.page_size_kb
    now_kb = sum(zone.watermark_min or 0 for zone in case.report.zones) * case.report.page_size_kb
    new_kb = max(2 * now_kb, size_kb // 100)
    return new_kb if not _has_highmem(case) and 0 < new_kb <= size_kb // 20 else None


# --- who holds it -----------------------------------------------------------------------------


def _limit_by(case: Case) -> str:
    """Return what limits the memory of processes on the kernel of the report."""
    version = _version(case)
    if version >= _UNIFIED:
        return "memory.max, or MemoryMax= in systemd"
    return "memory.limit_in_bytes" if version >= _GROUPS else "ulimit -v"


def _holder(case: Case) -> Iterator[tuple[str, str]]:
    holder = main_holder(case)
    if holder is None:
        yield "no_holder", ""
        return
    one = holder.count == 1
    yield "holder_upper", holder.words[:1].upper() + holder.words[1:] if _is_phrase(holder) else holder.words
    yield "held", f"{'at least ' if holder.is_bound else ''}{case.human(holder.held)}"
    yield from zip(
        ("s", "their", "them", "they", "are"),
        ("s", "its", "it", "it", "is") if one else ("", "their", "them", "they", "are"),
        strict=True,
    )
    program = _known("program", holder.name)
    if program is not None:
        yield "program", program
    else:
        yield "workers" if holder.count >= _MIN_WORKERS else "single", ""
        yield "unknown_program", ""
    adj = holder.first.oom_score_adj or 0
    if adj < 0 and holder.first.pid not in {victim.pid for victim in case.report.victims}:
        yield "protected", ""
        yield "adj", str(adj)


_UNEVICTABLE = {
    "locked": "mlocked",
    "pinned": "pinned_shmem",
    "kept": "files_in_ram",
    "unknown": "mlocked_or_files",
}


def _is_phrase(holder: Holder) -> bool:
    return holder.words.startswith("the ")


def _tables(case: Case) -> Iterator[tuple[str, str]]:
    if has_secondary_tables(case):
        yield "secondary_tables", case.human(case.used.pages("secondary_tables"))
        return
    holder = max(case.holders, key=lambda each: each.page_tables or 0, default=None)
    if holder is None or not holder.page_tables:
        yield "no_tables", ""
        return
    yield "tables", case.human(holder.page_tables)
    yield (
        "table_holder_upper",
        holder.words[:1].upper() + holder.words[1:] if _is_phrase(holder) else holder.words,
    )
    yield "table_have", "has" if holder.count == 1 else "have"


def _cache(case: Case) -> Iterator[tuple[str, str]]:
    for name, size_kb in largest_caches(case)[:1]:
        advice = _known("cache", name)
        if advice is not None:
            yield "known_cache", ""
            yield "cache_name", name
            yield "cache_size", human_kb(size_kb)
            yield "cache_advice", advice.replace("NAME", name)


def _in_no_counter(case: Case) -> Iterator[tuple[str, str]]:
    """Yield what may have the pages that are in no counter: who asked for some, and swap that lies in RAM."""
    pages, swap = case.used.unaccounted or 0, case.report.swap
    if not pages or pages < threshold("unaccounted") * (case.used.size or 0):
        return
    taker = taker_of(case.report)
    if taker is not None:
        yield "taker_advice", taker.row["text"]
    used = (swap.total or 0) - (swap.free or 0) if swap else 0
    if taker is None and used >= threshold("swap_in_ram") * pages:
        yield "swap_in_ram", case.human(used)


@lru_cache(1024)  # names come from logs
def _known(table: str, name: str) -> str | None:
    """Return what ``tables/diagnosis.toml`` advises for a command or a slab cache of that name."""
    rows = load_table("diagnosis")[table]
    found = (row["text"] for row in rows if any(fnmatchcase(name, each) for each in row["names"]))
    return next(found, None)


# --- control groups ---------------------------------------------------------------------------

_LEVELS = {"node": "all_pods", "qos": "qos_class", "pod": "pod", "container": "pod_container"}
_OF_KUBELET = ("all_pods", "qos_class")
"""Groups above the pods: the kubelet writes their limits anew whenever pods come and go."""
_MANAGERS = {
    "systemd": "unit",
    "slurm": "job",
    "lxc": "plain_group",
    "machine": "plain_group",
}


def _group(case: Case) -> Iterator[tuple[str, str]]:
    group = case.report.memcg
    limit = (group.swap_limit_kb if group.met_with_swap else None) or group.limit_kb if group else None
    yield "now", f" (now {human_kb(limit)})" if limit else ""
    owner, unit = _owner((group.oom_path or group.path or "") if group else "")
    if group is not None and group.met_with_swap:
        owner, unit = "memsw", None
    yield owner, ""
    yield "limit_file", _limit_file(case)
    if unit:
        yield "unit", unit
    if group is not None and group.swap_limit_kb == 0:
        yield "no_group_swap", ""
    if group is not None and not _is_v1(case):
        yield "v2", ""
    part = kernel_part(group) if group else None
    if part is None:
        yield "mixed_kernel", ""
    else:
        yield from {"kernel_words": part["words"], "kernel_advice": part["text"]}.items()
    if owner not in _OF_KUBELET:
        yield "own_settings", ""


def _limit_file(case: Case) -> str:
    """Return the file that holds a group's limit; both names where the log does not show the hierarchy."""
    group = case.report.memcg or Memcg()
    is_counted = (group.swap_usage_kb or 0) >= (group.usage_kb or 0)
    if _is_v1(case) and (is_counted or not group.memsw or not _UNIFIED <= _version(case) < _OWN_WORDS):
        return "memory.limit_in_bytes"
    is_v2 = not _is_v1(case) and (group.stats or group.swap_limit_kb is not None)
    return "memory.max" if is_v2 else "memory.max; memory.limit_in_bytes in v1"


def _is_v1(case: Case) -> bool:
    """Whether a group is printed as those of cgroup v1 are, or by a kernel that has no others.

    Until 5.2 those of v2 look alike; but nothing is counted there as memory and swap together.
    Source: mm/memcontrol.c, ``mem_cgroup_print_oom_info`` (5.2) and ``mem_cgroup_print_oom_meminfo`` (5.3).
    """
    group = case.report.memcg or Memcg()
    is_printed = group.memsw or group.kmem_usage_kb is not None or "rss" in group.stats
    return is_printed or _version(case) < _UNIFIED


def _version(case: Case) -> KernelVersion:
    return KernelVersion.of(case.version)


def _owner(path: str) -> tuple[str, str | None]:
    """Return whose group it is, as remedies call it, and its unit if it has one."""
    service = service_of(path)
    if service is None or (service.manager == "systemd" and not service.unit):
        return "plain_group", None
    if service.manager == "kubernetes":
        return _LEVELS[kubernetes_level(path)], None
    return _MANAGERS.get(service.manager, "docker"), service.unit


def _fault(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the group whose limit refused a page inside a page fault, or that no such group is known."""
    refused = refused_cache(case)
    yield ("refused_group", refused.group) if refused else ("unknown_group", "")


# --- requests that failed ---------------------------------------------------------------------


def _failure(case: Case) -> Iterator[tuple[str, str]]:
    report, trace = case.report, certain(case.report)
    line = report.quote(report.trigger.line) if report.trigger.line else None
    is_vmalloc = report.trigger.vmalloc_bytes is not None or (line is not None and "vmalloc" in line.text)
    is_empty = bool(empty_zones(case))
    yield ("empty_zone" if is_empty else "has_pages"), ""
    failed = report.kind == "allocation_failure" and not report.is_stall and not is_empty
    is_beyond = bool(case.used.size) and vmalloc_pages(case) > (case.used.size or 0)
    loads = is_booting(case) or (report.trigger.comm or "") in _LOADERS
    found = {
        "stall": report.is_stall,
        "listing": report.kind == "show_mem",
        "vmalloc": failed and is_vmalloc and not is_beyond,
        "vmalloc_beyond": failed and is_beyond,
        "atomic": failed and case.mask_known and not case.mask.may_sleep,
        "several": failed and case.order > 0,
        "costly": failed and case.order > _COSTLY_ORDER,
    }
    yield from ((name, "") for name, has in found.items() if has)
    answered = ("vmalloc", "vmalloc_beyond", "costly", *(["atomic"] if _min_free_kb(case) else []))
    if failed and not any(found[name] for name in answered):
        yield "failed_other", ""
    if any(part in name for name in trace for part in _NETWORK):
        yield "network", ""
    if not _RESUMING.isdisjoint(trace):
        yield "resume", ""
    if loads or any(name.endswith("_probe") for name in trace):
        yield "probe", ""
    yield "block", case.human(case.pages)


# --- what happened ----------------------------------------------------------------------------


def _events(case: Case) -> dict[str, bool]:
    groups = [victim.memcg or "" for victim in case.report.victims]
    return {
        "limit_lowered": not _LOWERED.isdisjoint(case.report.trace),
        "kubernetes": any("kubepods" in group for group in groups),
        "impossible": any(zone.is_impossible for zone in case.report.zones),
        "lost_state": not (case.judged and case.used.is_known and case.mask_known),
    }
