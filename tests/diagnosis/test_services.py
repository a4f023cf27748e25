"""Pods, containers and units out of the paths of control groups."""

import pytest

from oomlab.diagnosis.services import kubernetes_level, qos_by_adj, service_of

CID = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
DASHED = "1f2e3d4c-aaaa-bbbb-cccc-0123456789ab"
UNDERSCORED = DASHED.replace("-", "_")
POD = f"pod {DASHED}"
SHORT = "container 001122334455"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (
            f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UNDERSCORED}.slice"
            f"/cri-containerd-{CID}.scope",
            f"{POD} (Burstable), {SHORT} of containerd",
        ),
        (f"/kubepods.slice/kubepods-pod{UNDERSCORED}.slice", f"{POD} (Guaranteed)"),
        (f"/kubepods/besteffort/pod{DASHED}/{CID}", f"{POD} (BestEffort), {SHORT}"),
        (f"/docker/{CID}/kubelet/kubepods/burstable/pod{DASHED}/{CID}", f"{POD} (Burstable), {SHORT}"),
        ("/kubepods.slice", "the pods of Kubernetes"),
        (f"/docker/{CID}", f"{SHORT} of Docker"),
        ("/docker/shop", "container shop of Docker"),
        (f"/system.slice/docker-{CID}.scope", f"{SHORT} of Docker"),
        (f"/machine.slice/libpod-{CID}.scope/container", f"{SHORT} of Podman"),
        (f"/ecs/a-task/{CID}", f"{SHORT} of ECS"),
        ("/system.slice/nginx.service", "nginx.service"),
        ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"),
        ("/user.slice/user-1000.slice/session-3.scope", "session-3.scope, of user 1000"),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-1234.scope",
            "app-firefox-1234.scope, of user 1000",
        ),
        ("/user.slice/user-0.slice", "a session of user 0"),
        ("/lxc.payload.web/system.slice/nginx.service", "LXC container web"),
        ("/lxc/101/ns", "LXC container 101"),
        (r"/machine.slice/machine-qemu\x2d12\x2dwin10.scope/libvirt/emulator", "virtual machine win10"),
        ("/slurm/uid_1000/job_123/step_0/task_0", "Slurm job 123, step 0"),
        ("/system.slice/slurmstepd.scope/job_77/step_batch/user/task_0", "Slurm job 77, step batch"),
    ],
)
def test_a_path_names_its_service(path, words):
    assert service_of(path).words == words


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("/kubepods", "node"),
        ("/kubepods.slice", "node"),
        ("/kubelet.slice/kubelet-kubepods.slice", "node"),
        ("/kubepods/besteffort", "qos"),
        ("/kubepods.slice/kubepods-burstable.slice", "qos"),
        (f"/kubepods/pod{DASHED}", "pod"),
        (f"/kubepods/burstable/pod{DASHED}", "pod"),
        (f"/kubepods.slice/kubepods-pod{UNDERSCORED}.slice", "pod"),
        (f"/docker/{CID}/kubelet/kubepods/burstable/pod{DASHED}", "pod"),
        (f"/kubepods/besteffort/pod{DASHED}/{CID}", "container"),
        (f"/kubepods.slice/kubepods-pod{UNDERSCORED}.slice/crio-{CID}.scope", "container"),
        (f"/kubepods.slice/kubepods-pod{UNDERSCORED}.slice/cri-containerd-{CID[:20]}", "container"),
    ],
)
def test_a_path_below_kubepods_shows_whose_limit_it_is(path, level):
    assert kubernetes_level(path) == level


@pytest.mark.parametrize("path", [None, "", "/", "/lab", "/lxc.monitor.web", "/builds/podium"])
def test_a_path_of_nobody_known_names_none(path):
    assert service_of(path) is None


@pytest.mark.parametrize(
    ("adj", "qos"), [(-997, "Guaranteed"), (1000, "BestEffort"), (2, "Burstable"), (999, "Burstable")]
)
def test_the_adjustment_shows_the_qos_class(adj, qos):
    assert qos_by_adj(adj) == qos


@pytest.mark.parametrize("adj", [None, 0, -1000, -999, 1])
def test_no_other_adjustment_is_one_of_kubernetes(adj):
    assert qos_by_adj(adj) is None
