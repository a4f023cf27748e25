"""A genuine kernel in QEMU: killed, and never left running."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from oomlab import diagnose, lab
from oomlab.errors import LabUnavailable
from oomlab.lab import find_scenario
from oomlab.lab.host import available_mib
from oomlab.lab.packages import Guest, cached_guest, fetch_guest
from oomlab.lab.prediction import predict
from oomlab.lab.qemu import qemu_guest

pytestmark = pytest.mark.qemu


@pytest.fixture(scope="session")
def guest() -> Guest:
    try:
        return cached_guest() or fetch_guest()
    except LabUnavailable as error:
        if os.environ.get("OOMLAB_LIVE"):
            raise
        pytest.skip(f"no live kernel here: {error}")


@pytest.fixture(autouse=True)
def _qemu(guest, tmp_path, monkeypatch):
    """Put every guest's private folder where the test can see whether it is gone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert list(tmp_path.glob("oomlab-*")) == []


def _needs_qemu(call):
    """Run a call; without QEMU or memory skip, unless this machine is meant to have both."""
    try:
        return call()
    except LabUnavailable as error:
        if os.environ.get("OOMLAB_LIVE") or "not installed" not in str(error):
            raise
        pytest.skip(f"no live kernel here: {error}")


def test_the_incident_comes_about_on_a_real_kernel_as_the_model_foresees(guest):
    run = _needs_qemu(lambda: lab.run("incident-small", engine="qemu"))
    assert run.outcome in ("killed", "panic")
    assert diagnose(run.report).cause == "lowmem_exhaustion"
    assert run.samples[-1]["hfree"] > 25_000  # 100 MiB of HighMem lie free
    at_kill = run.report.totals  # the sampler's last look may be a tenth of all the work earlier
    assert predict(run).modelled.end.page_cache == pytest.approx(
        at_kill["active_file"] + at_kill["inactive_file"], rel=0.05
    )


def test_a_guest_that_is_killed_from_outside_ends_the_run_and_leaves_nothing(guest, tmp_path):
    def kill_at_once(sample):
        [socket] = tmp_path.glob("oomlab-*/agent.sock")
        for pid in _users_of(str(socket.parent)):
            os.kill(pid, signal.SIGKILL)

    def call():
        return lab.run("incident-small", engine="qemu", on_sample=kill_at_once)

    with pytest.raises(LabUnavailable, match="ended"):
        _needs_qemu(call)


def test_a_parent_that_is_killed_takes_its_guest_along(guest, tmp_path):
    say = "lambda sample: print('up', flush=True)"
    code = f"from oomlab import lab; lab.run('incident-small', engine='qemu', on_sample={say})"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
    try:
        if child.stdout.readline() != b"up\n":
            pytest.skip("no live kernel here")
        [folder] = tmp_path.glob("oomlab-*")
        assert _users_of(str(folder))
    finally:
        child.kill()
        child.communicate()
    for _ in range(1200):
        if not _users_of(str(folder)):
            break
        time.sleep(0.1)
    assert _users_of(str(folder)) == []
    for path in sorted(folder.rglob("*"), reverse=True):  # nobody was left to tidy up
        path.unlink()
    folder.rmdir()


def test_an_interrupt_ends_the_guest_and_leaves_nothing(guest, tmp_path):
    seen = []

    def interrupt(sample):
        [folder] = tmp_path.glob("oomlab-*")
        seen.append(str(folder))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _needs_qemu(lambda: lab.run("incident-small", engine="qemu", on_sample=interrupt))
    assert _users_of(seen[0]) == []


def test_a_disk_that_is_full_is_named_and_nothing_stays_on_it(monkeypatch):
    def is_full(path, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_bytes", is_full)
    monkeypatch.setattr("oomlab.lab.qemu.build_initramfs", lambda guest: b"")
    guest = Guest(folder=Path("/nonexistent"), origin={})
    full = pytest.raises(LabUnavailable, match=r"cannot be written to .*: No space left on device")
    with full, qemu_guest(find_scenario("group"), guest):
        pass


def test_a_machine_with_too_little_memory_is_told_so_before_anything_starts(guest, monkeypatch):
    monkeypatch.setattr("oomlab.lab.host.available_mib", lambda: 500)
    with pytest.raises(LabUnavailable, match="takes up to 890 MiB of memory, and 500 MiB are available"):
        _needs_qemu(lambda: lab.run("incident-small", engine="qemu"))


def test_a_kernel_that_is_damaged_ends_with_a_reason(guest, tmp_path, monkeypatch):
    broken = tmp_path / "guest"
    broken.mkdir()
    for path in guest.folder.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    (broken / "vmlinuz").write_bytes(b"no kernel" * 1000)
    monkeypatch.setattr("oomlab.lab.qemu._BOOT_SECONDS", 5.0)

    def call():
        with qemu_guest(find_scenario("group"), Guest(folder=broken, origin=guest.origin)):
            pass

    with pytest.raises(LabUnavailable, match=r"QEMU ended at once|did not come up"):
        _needs_qemu(call)


def _users_of(text: str) -> list[int]:
    """Return the processes of QEMU whose folder this is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd") == text and b"qemu" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def test_the_host_says_how_much_memory_it_has():
    assert available_mib() is None or available_mib() > 0
