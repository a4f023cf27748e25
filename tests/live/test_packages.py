"""Unpacking a Debian package and ordering modules, without apt and without a kernel."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from oomlab.errors import LabUnavailable
from oomlab.lab import packages
from oomlab.lab.cache import cache_folder, work_folder
from oomlab.lab.packages import cached_guest, fetch_guest, load_order, package_files


def _module(*depends: str) -> bytes:
    return b"\x7fELF\0license=GPL\0depends=" + ",".join(depends).encode() + b"\0"


def _package(path: Path, files: dict[str, bytes], compression: str = "xz") -> Path:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode=f"w:{compression}") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    members = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", f"data.tar.{compression}": tar.getvalue()}
    ar = b"!<arch>\n"
    for name, content in members.items():
        ar += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content
        ar += b"\n" * (len(content) % 2)
    path.write_bytes(ar)
    return path


def _kernel(folder: Path, **more: bytes) -> Path:
    files = {
        "./boot/vmlinuz-6.1.0-99-686-pae": b"kernel",
        "./lib/modules/6.1.0-99-686-pae/kernel/fs/ext4/ext4.ko": _module("jbd2"),
        "./lib/modules/6.1.0-99-686-pae/kernel/fs/jbd2/jbd2.ko": _module(),
        "./lib/modules/6.1.0-99-686-pae/kernel/drivers/gpu/huge.ko": _module(),
    }
    return _package(folder / "linux-image.deb", files | more)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("OOMLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("compression", ["xz", "gz"])
def test_the_files_of_a_package_are_read_whatever_it_is_compressed_with(tmp_path, compression):
    made = _package(tmp_path / "a.deb", {"./bin/busybox": b"program"}, compression)
    assert dict(package_files(made)) == {"./bin/busybox": b"program"}


def test_a_guest_is_unpacked_into_the_cache_with_the_hash_of_each_package(tmp_path, cache):
    busybox = _package(tmp_path / "busybox.deb", {"./bin/busybox": b"program"})
    guest = fetch_guest(_kernel(tmp_path), busybox)
    assert guest.kernel.read_bytes() == b"kernel"
    assert [module.name for module in guest.modules] == ["jbd2.ko", "ext4.ko"]
    assert guest.release == "6.1.0-99-686-pae"
    assert len(guest.origin["busybox.deb"]) == 64
    assert packages.cached_guest() == guest


def test_fetching_again_replaces_the_guest_and_leaves_nothing_beside_it(tmp_path, cache):
    busybox = _package(tmp_path / "busybox.deb", {"./bin/busybox": b"program"})
    fetch_guest(_kernel(tmp_path), busybox)
    fetch_guest(_kernel(tmp_path), busybox)
    assert [path.name for path in cache.iterdir()] == ["guest-6.1.0-99-686-pae"]


@pytest.mark.parametrize("keep", [0, 4, 70, 200, -20])
def test_a_damaged_package_is_refused_by_name_and_leaves_nothing_behind(tmp_path, cache, keep):
    kernel = _kernel(tmp_path)
    kernel.write_bytes(kernel.read_bytes()[:keep])
    with pytest.raises(LabUnavailable, match=r"linux-image\.deb"):
        fetch_guest(kernel, _package(tmp_path / "busybox.deb", {"./bin/busybox": b"program"}))
    assert list(cache.iterdir()) == []


def test_a_package_without_the_program_says_which_one_is_meant(tmp_path, cache):
    with pytest.raises(LabUnavailable, match="busybox-static for i386"):
        fetch_guest(_kernel(tmp_path), _package(tmp_path / "other.deb", {"./bin/ls": b""}))


def test_a_machine_without_apt_is_told_how_to_name_its_packages(cache, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LabUnavailable, match="--kernel"):
        fetch_guest()


def test_modules_come_after_what_they_depend_on_and_missing_ones_are_left_out():
    available = {"a": _module("b-c", "d"), "b_c": _module("d"), "d": _module("built-in")}
    assert load_order(["a", "missing"], available) == ["d", "b_c", "a"]


def test_a_set_up_removes_what_a_killed_one_left_and_leaves_what_another_works_on(tmp_path, monkeypatch):
    monkeypatch.setenv("OOMLAB_CACHE", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    running = tmp_path / f"work-{os.getppid()}"
    for folder in (tmp_path / f"work-{ended.pid}", running, tmp_path / "guest-6.1"):
        folder.mkdir()
        (folder / "half").write_text("half")
    with work_folder() as work:
        (work / "half").write_text("half")
    assert {path.name for path in tmp_path.iterdir()} == {running.name, "guest-6.1"}


def test_one_package_alone_is_not_ignored(tmp_path, cache):
    with pytest.raises(LabUnavailable, match="name both packages"):
        fetch_guest(kernel=tmp_path / "linux-image.deb")


@pytest.mark.parametrize("text", ["{", "{}", "[]", '"x"', ""])
def test_a_damaged_guest_in_the_cache_is_none(cache, text):
    folder = cache_folder() / "guest-x"
    folder.mkdir(parents=True)
    (folder / "origin.json").write_text(text)
    assert cached_guest() is None
