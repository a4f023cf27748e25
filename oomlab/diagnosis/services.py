"""Which pod, container or unit a control group belongs to, by its path and by ``oom_score_adj``.

The path of a group is all that a kernel prints of containers; each manager names its groups in a way
of its own.

Source: Kubernetes, pkg/kubelet/cm (pod and QoS groups) and pkg/kubelet/qos (oom_score_adj);
systemd.unit(5) and systemd.slice(5); containerd, CRI-O, Docker, Podman, LXC and Slurm: names of groups.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

_POD = re.compile(r"[/-]pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?=[./]|$)", re.A)
_QOS = re.compile(r"kubepods[./-](?:slice/kubepods-)?(burstable|besteffort)\b", re.A)
_SCOPE = re.compile(r"(cri-containerd|crio|docker|libpod|containerd|nerdctl)-([0-9a-f]{12,64})\.scope", re.A)
_HEX = re.compile(r"(?:[/:])([0-9a-f]{64})(?=/|$)", re.A)
_NAMED = re.compile(r"/(docker|ecs|garden)/(?:[\w.-]{1,64}/){0,3}([\w.-]{2,64})$", re.A)
_LXC = re.compile(r"/lxc(?:\.payload)?[/.](?!monitor)([\w.-]{1,64})", re.A)
_VIRTUAL = re.compile(
    r"/machine-(qemu|lxc)(?:\\x2d|-)\d{1,9}(?:\\x2d|-)((?:[\w.-]|\\x2d){1,80})\.scope", re.A
)
_JOB = re.compile(
    r"/(?:slurm[\w.]*|system\.slice)/(?:[\w.]{1,64}/){0,8}job_(\d{1,12})(?:/step_(\w{1,12}))?", re.A
)
_UNIT = re.compile(r"/([\w.:@\\-]{1,200}\.(?:service|scope|socket|mount|swap))(?=/|$)", re.A)
_USER = re.compile(r"/user-(\d{1,10})\.slice", re.A)

_RUNTIMES = {
    "cri-containerd": "containerd",
    "crio": "CRI-O",
    "docker": "Docker",
    "libpod": "Podman",
    "containerd": "containerd",
    "nerdctl": "nerdctl",
}
_BY_FOLDER = {"docker": "Docker", "ecs": "ECS", "garden": "Garden", "libpod_parent": "Podman"}
_QOS_CLASSES = {"burstable": "Burstable", "besteffort": "BestEffort"}
_SHORT_ID = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a control group belongs to; ``None`` where its path does not show it.

    ``manager`` is who made the group: ``"kubernetes"``, ``"docker"``, ``"podman"``, ``"systemd"``, ….
    ``unit`` is a unit of systemd, a container of LXC, a virtual machine or a job of Slurm by its name.
    """

    manager: str
    pod_uid: str | None = None
    qos_class: str | None = None
    container_id: str | None = None
    runtime: str | None = None
    unit: str | None = None
    uid: int | None = None

    @property
    def words(self) -> str:
        """What it is, in a few words: ``pod 1f2e…89ab (Burstable), container 001122334455 of containerd``."""
        parts = []
        if self.manager == "kubernetes":
            parts.append(f"pod {self.pod_uid}" if self.pod_uid else "the pods of Kubernetes")
            parts[0] += f" ({self.qos_class})" if self.qos_class else ""
        if self.container_id:
            runtime = f" of {self.runtime}" if self.runtime else ""
            parts.append(f"container {self.container_id[:_SHORT_ID]}{runtime}")
        if self.unit and not parts:
            parts.append(f"{_KINDS.get(self.manager, '')}{self.unit}")
        if self.uid is not None:
            parts.append(f"of user {self.uid}" if parts else f"a session of user {self.uid}")
        return ", ".join(parts)


_KINDS = {"lxc": "LXC container ", "slurm": "Slurm job ", "machine": "virtual machine "}


def service_of(path: str | None) -> Service | None:
    """Return what the control group of a path belongs to; ``None`` where nothing shows it.

    >>> service_of("/system.slice/nginx.service").words
    'nginx.service'
    >>> service_of("/kubepods/burstable/pod1f2e3d4c-aaaa-bbbb-cccc-0123456789ab/" + "0a" * 32).words
    'pod 1f2e3d4c-aaaa-bbbb-cccc-0123456789ab (Burstable), container 0a0a0a0a0a0a'
    """
    if not path or path == "/":
        return None
    path = path if path.startswith("/") else f"/{path}"
    return _of_kubernetes(path) or _of_container(path) or _of_other(path)


def _of_kubernetes(path: str) -> Service | None:
    """Read a group below ``kubepods``; a pod directly below it is Guaranteed."""
    if "kubepods" not in path:
        return None
    pod, qos, container = _POD.search(path), _QOS.search(path), _container(path)
    uid = pod[1].replace("_", "-") if pod else None
    by_path = _QOS_CLASSES[qos[1]] if qos else "Guaranteed" if pod else None
    own = Service(manager="kubernetes", pod_uid=uid, qos_class=by_path)
    return replace(own, container_id=container[1], runtime=container[0]) if container else own


def kubernetes_level(path: str) -> Literal["node", "qos", "pod", "container"]:
    """Return whose limit a group of Kubernetes has: of all pods, a QoS class, a pod or a container.

    >>> kubernetes_level("/kubepods.slice"), kubernetes_level("/kubepods/burstable")
    ('node', 'qos')

    Source: Kubernetes, pkg/kubelet/cm: node_container_manager_linux.go, qos_container_manager_linux.go and
    pod_container_manager_linux.go make one group within the other.
    """
    pod = _POD.search(path)
    if pod is None:
        return "qos" if _QOS.search(path) else "node"
    return "container" if path[pod.end() :].removeprefix(".slice").strip("/") else "pod"


def _of_container(path: str) -> Service | None:
    container = _container(path)
    if container is None:
        return None
    runtime, identity = container
    return Service(manager=(runtime or "container").lower(), container_id=identity, runtime=runtime)


def _container(path: str) -> tuple[str | None, str] | None:
    """Return the runtime and the id of the innermost container of a path, if it shows one."""
    scopes = _SCOPE.findall(path)
    if scopes:
        return _RUNTIMES[scopes[-1][0]], scopes[-1][1]
    found = _HEX.findall(path)
    if not found:
        named = None if "kubepods" in path else _NAMED.search(path)
        return (_BY_FOLDER[named[1]], named[2]) if named else None
    folder = next((name for part, name in _BY_FOLDER.items() if f"/{part}/" in path), None)
    return folder if "kubepods" not in path else None, found[-1]


def _of_other(path: str) -> Service | None:
    """Read a job, a virtual machine, a container of LXC or a unit of systemd, the innermost one."""
    user = _USER.search(path)
    uid = int(user[1]) if user else None
    if job := _JOB.search(path):
        step = f", step {job[2]}" if job[2] else ""
        return Service(manager="slurm", unit=f"{job[1]}{step}")
    if guest := _VIRTUAL.search(path):
        name = guest[2].replace("\\x2d", "-")
        return Service(manager="machine" if guest[1] == "qemu" else "lxc", unit=name)
    if lxc := _LXC.search(path):
        return Service(manager="lxc", unit=lxc[1])
    units = [unit for unit in _UNIT.findall(path) if not unit.startswith("user@")]
    if units:
        return Service(manager="systemd", unit=units[-1].replace("\\x2d", "-"), uid=uid)
    return Service(manager="systemd", uid=uid) if uid is not None else None


# --- oom_score_adj ----------------------------------------------------------------------------


def qos_by_adj(oom_score_adj: int | None) -> str | None:
    """Return the QoS class that Kubernetes gives this ``oom_score_adj`` to; ``None`` for any other value.

    >>> qos_by_adj(1000), qos_by_adj(-997), qos_by_adj(985), qos_by_adj(0)
    ('BestEffort', 'Guaranteed', 'Burstable', None)

    Source: Kubernetes, pkg/kubelet/qos/policy.go: -997 (before 1.20 -998), 1000, and between them
    1000 less a thousandth of the node's memory for each that the container requests.
    """
    if oom_score_adj is None:
        return None
    if oom_score_adj in (-997, -998):
        return "Guaranteed"
    if oom_score_adj == 1000:
        return "BestEffort"
    return "Burstable" if 2 <= oom_score_adj <= 999 else None
