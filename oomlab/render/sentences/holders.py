"""Who holds the memory by name, and which pod, container or unit a group or a process belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from oomlab.diagnosis.holders import Holder
from oomlab.diagnosis.services import Service, qos_by_adj, service_of
from oomlab.render.safe import plain
from oomlab.report import Report, Victim
from oomlab.units import human_kb
from oomlab.words import listed, several

_SHOWN = 5
_USERS_SHOWN = 3
_MIN_SHARE = 0.02
"""The least part of what the first command holds that is worth a line."""


def holders_in_words(holders: Sequence[Holder], page_kb: int) -> list[str]:
    """Return what each command holds, those that hold the most first, and what the numbers count twice."""
    if not holders:
        return []
    most = holders[0].held + (holders[0].swap or 0)
    shown = [each for each in holders[:_SHOWN] if each.held + (each.swap or 0) >= _MIN_SHARE * most]
    lines = [_holder_in_words(each, page_kb) for each in shown]
    rest = holders[len(shown) :]
    left = sum(each.held for each in rest)
    if left >= max(1, _MIN_SHARE * most):
        lines.append(f"{several(len(rest), 'other command')}: {human_kb(left * page_kb)}.")
    if any(each.count > 1 for each in shown):
        lines.append(_SHARED[holders[0].anon is not None])
    return lines


_SHARED = {
    True: "Shared memory is counted in each process that maps it, so these sums count it many times.",
    False: "Memory that processes share counts in each of them, so sums may count it many times.",
}


def _holder_in_words(holder: Holder, page_kb: int) -> str:
    """Return who it is, how much it holds, and how much each of several processes does."""

    def size(pages: int) -> str:
        return human_kb(pages * page_kb)

    users = listed([*map(str, holder.users[:_USERS_SHOWN]), *["others"] * (len(holder.users) > _USERS_SHOWN)])
    user = f", user{'s' if len(holder.users) > 1 else ''} {users}" if users else ""
    is_range = holder.is_bound and size(holder.held) != size(holder.rss)
    sizes = [f"{size(holder.held)} to {size(holder.rss)}" if is_range else size(holder.rss)]
    if holder.anon is not None:
        sizes = [f"{size(holder.anon)} of {'its' if holder.count == 1 else 'their'} own"]
        shared = (holder.shmem or 0) + (holder.file or 0)
        sizes += [f"{size(shared)} shared"] if shared else []
    sizes += [f"{size(holder.swap)} in swap"] if holder.swap else []
    each = f", {size(holder.first.rss or 0)} the largest" if holder.count > 1 else ""
    return f"{plain(holder.words)}{user}: {listed(sizes)}{each}."


# --- pods, containers and units ---------------------------------------------------------------


def victim_service(report: Report, victim: Victim) -> Service | None:
    """Return what the control group of a victim belongs to, where the log names that group."""
    group = victim.memcg
    if group is None and report.memcg is not None and victim is report.victims[0]:
        group = report.memcg.task_path or report.memcg.oom_path
    return service_of(group)


def service_in_words(report: Report, victim: Victim) -> str:
    """Return what a victim belonged to, and what its ``oom_score_adj`` stands for there."""
    service, adj = victim_service(report, victim), report.adjustment_of(victim)
    words = [f"It belonged to {plain(service.words)}."] if service else []
    if "allocating_task" in (victim.reason or ""):
        return "".join(words)
    in_pod = service is not None and service.manager == "kubernetes"
    qos = qos_by_adj(adj) if in_pod else None
    if adj == 1000:
        who = _who_has_1000(service) if in_pod else "as Kubernetes has it for BestEffort pods"
        words.append(
            f"Its oom_score_adj is 1000, {who}: the kernel adds as much as all of memory to what it weighs, "
            "and kills before it only what weighs more still."
        )
    elif adj is not None and qos == "Burstable":
        part = (1000 - adj) / 10
        words.append(
            f"Its oom_score_adj of {adj} stands for a request of about {part:.1f} % of the node's memory."
        )
    return " ".join(words)


def _who_has_1000(service: Service | None) -> str:
    """Return which pods have an ``oom_score_adj`` of 1000: the kubelet gives Burstable ones 999 at the most.

    Source: Kubernetes, pkg/kubelet/qos/policy.go, GetContainerOOMScoreAdjust.
    """
    if service is not None and service.qos_class in ("Burstable", "Guaranteed"):
        return f"which the kubelet gives no {service.qos_class} pod, so something else has set it"
    return "as that of every BestEffort pod is"
