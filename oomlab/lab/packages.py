"""Get what the guest is made of: a 32-bit kernel, a few of its modules, and busybox.

They come as Debian packages through the machine's own apt, in a private state that needs no
root, or from two files that somebody names. What was unpacked stays in the cache, with the
version and hash of each package beside it.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from oomlab.errors import LabUnavailable
from oomlab.lab.cache import cache_folder, keep, work_folder

KERNEL_PACKAGE = r"^linux-image-[0-9].*[0-9]-686-pae$"
"""The newest package of this form is taken: 32 bits with PAE, and not the real-time kernel."""

_DRIVERS = (
    *("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk"),
    *("crc32c_generic", "ext4", "ata_piix", "sd_mod"),
)
"""Modules that the guest loads; crc32c_generic is asked for by ext4, which does not list it."""

_FIRMWARE = ("./usr/share/seabios/bios.bin", "./usr/share/seabios/vgabios-stdvga.bin")
"""What an emulator without firmware of its own starts with."""

_UNUSED_IN = re.compile(
    r"/kernel/(?:arch|sound|net|drivers/(?:gpu|net|media|usb|staging|hid|infiniband|iio))/"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """What a guest boots from: files in the cache. ``origin`` has the release, and each package's hash."""

    folder: Path
    origin: Mapping[str, str]

    @property
    def kernel(self) -> Path:
        """The kernel image."""
        return self.folder / "vmlinuz"

    @property
    def busybox(self) -> Path:
        """The one program of the guest."""
        return self.folder / "busybox"

    @property
    def bios(self) -> tuple[Path, Path] | None:
        """The firmware and its screen's, which an emulator in the browser needs; ``None`` if not fetched."""
        both = (self.folder / "bios.bin", self.folder / "vgabios-stdvga.bin")
        return both if all(path.exists() for path in both) else None

    @property
    def modules(self) -> list[Path]:
        """The modules, in the order in which they must be loaded."""
        names = (self.folder / "order").read_text().split()
        return [self.folder / f"{name}.ko" for name in names]

    @property
    def release(self) -> str:
        """The kernel's release, such as ``6.1.0-50-686-pae``."""
        return self.origin["release"]


def cached_guest() -> Guest | None:
    """Return the newest guest in the cache, or ``None``; a damaged description is ignored."""
    found = sorted(cache_folder().glob("guest-*/origin.json"), key=lambda path: path.stat().st_mtime)
    guests = (Guest(folder=path.parent, origin=_origin(path)) for path in reversed(found))
    return next((guest for guest in guests if "release" in guest.origin), None)


def _origin(path: Path) -> dict[str, str]:
    try:
        origin = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return origin if isinstance(origin, dict) else {}


def fetch_guest(kernel: Path | None = None, busybox: Path | None = None, bios: Path | None = None) -> Guest:
    """Fetch the packages, or take those that are named, and unpack what the guest needs.

    ``bios`` is needed by the browser's engine alone. Raises :class:`LabUnavailable` when apt is not there
    or finds no 32-bit kernel.
    """
    named = [path for path in (kernel, busybox, bios) if path is not None]
    if named and (kernel is None or busybox is None):
        raise LabUnavailable(
            f"{named[0]} is not enough: name both packages, --kernel linux-image-….deb and "
            "--busybox busybox-static_….deb, or neither, and apt fetches them"
        )
    with work_folder() as work:
        if kernel is None or busybox is None:
            kernel, busybox, bios = _download(work)
        return _unpack(kernel, busybox, bios, work)


# --- apt, in a state of its own -----------------------------------------------------------------


def _download(work: Path) -> tuple[Path, Path, Path]:
    if shutil.which("apt-get") is None:
        raise LabUnavailable(
            "there is no apt-get here to fetch a 32-bit kernel with: name two Debian packages instead, "
            "with --kernel linux-image-….deb and --busybox busybox-static_….deb"
        )
    environment = _private_apt(work / "apt")
    _apt(environment, "apt-get", "update", "-q", must=False)  # one list out of step must not stop the others
    names = _apt(environment, "apt-cache", "search", "--names-only", KERNEL_PACKAGE).split("\n")
    kernels = [
        name.split()[0] for name in names if name and " -rt-" not in name and "-rt-" not in name.split()[0]
    ]
    if not kernels:
        raise LabUnavailable(
            "apt's sources on this machine have no 32-bit kernel (Debian has them up to 12, bookworm): "
            "name a package with --kernel, or replay a recording with --engine recorded"
        )
    newest = max(kernels, key=_version_key)
    for package in (newest, "busybox-static", "seabios"):
        _apt(environment, "apt-get", "download", "-q", package, folder=work)
    kernel, busybox, bios = (
        next(work.glob(f"{name}*.deb")) for name in ("linux-image-", "busybox-static_", "seabios_")
    )
    return kernel, busybox, bios


def _version_key(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", name)]


def _private_apt(folder: Path) -> Mapping[str, str]:
    """Return an environment in which apt keeps its state in ``folder``, for i386, and the host's sources."""
    for each in ("state/lists/partial", "cache/archives/partial"):
        (folder / each).mkdir(parents=True)
    (folder / "status").touch()
    settings = {
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "APT::Architecture": "i386",
        "APT::Architectures": "i386",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Debug::NoLocking": "true",
    }
    (folder / "apt.conf").write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()))
    return {**os.environ, "APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C"}


def _apt(environment: Mapping[str, str], *command: str, folder: Path | None = None, must: bool = True) -> str:
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if must and done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise LabUnavailable(f"{' '.join(command)} failed: {last}")
    return done.stdout


# --- unpacking ------------------------------------------------------------------------------------


def _unpack(kernel: Path, busybox: Path, bios: Path | None, work: Path) -> Guest:
    ready = work / "guest"
    ready.mkdir()
    available: dict[str, bytes] = {}
    release = ""
    for name, content in package_files(kernel):
        if "/boot/vmlinuz-" in name:
            release = name.rpartition("/vmlinuz-")[2]
            (ready / "vmlinuz").write_bytes(content)
        elif name.endswith(".ko") and not _UNUSED_IN.search(name):
            available[Path(name).stem.replace("-", "_")] = content
    if not release:
        raise LabUnavailable(f"{kernel.name} holds no kernel image (boot/vmlinuz-…)")
    (ready / "busybox").write_bytes(_file_of(busybox, "./bin/busybox", "busybox-static for i386"))
    if bios is not None:
        for name in _FIRMWARE:
            (ready / Path(name).name).write_bytes(_file_of(bios, name, "seabios"))
    order = load_order(_DRIVERS, available)
    for module in order:
        (ready / f"{module}.ko").write_bytes(available[module])
    (ready / "order").write_text("\n".join(order) + "\n")
    origin = {"release": release, **{path.name: sha256(path) for path in (kernel, busybox, bios) if path}}
    (ready / "origin.json").write_text(json.dumps(origin, indent=2) + "\n")
    return Guest(folder=keep(ready, f"guest-{release}"), origin=origin)


def _file_of(package: Path, name: str, meant: str) -> bytes:
    for found, content in package_files(package):
        if found == name:
            return content
    raise LabUnavailable(f"{package.name} holds no {name.removeprefix('./')}: it should be {meant}")


def sha256(path: Path) -> str:
    """Return the hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load_order(wanted: Iterable[str], available: Mapping[str, bytes]) -> list[str]:
    """Return modules in an order in which each comes after all that it depends on.

    A module that is not there is left out: what one kernel has as a module, another has built in.
    """
    order: list[str] = []

    def place(name: str) -> None:
        if name in order or name not in available:
            return
        for dependency in depends_on(available[name]):
            place(dependency)
        order.append(name)

    for name in wanted:
        place(name)
    return order


def depends_on(module: bytes) -> list[str]:
    """Return the modules that a module names in its ``depends=``.

    >>> depends_on(b"\\0license=GPL\\0depends=jbd2,mbcache\\0")
    ['jbd2', 'mbcache']
    """
    found = re.search(rb"\0depends=([\w,-]*)\0", module)
    return [name.replace("-", "_") for name in found[1].decode().split(",") if name] if found else []


def package_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Read the files of a Debian package: name and content of each, without installing anything.

    Raises :class:`LabUnavailable` when the file is damaged or is no package.
    """
    try:
        with path.open("rb") as package, tarfile.open(fileobj=_seek_data(package), mode="r|*") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield member.name, content.read()
    except (OSError, EOFError, ValueError, lzma.LZMAError, tarfile.TarError) as error:
        raise LabUnavailable(f"{path.name} cannot be unpacked: {error}. Fetch it again") from None


def _seek_data(package: IO[bytes]) -> IO[bytes]:
    """Go to ``data.tar.*`` in the ar archive that a Debian package is. Source: ar(5), deb(5)."""
    if package.read(8) != b"!<arch>\n":
        raise ValueError("it does not begin as a Debian package does")
    end = package.seek(0, io.SEEK_END)
    at = 8
    while at < end:
        package.seek(at)
        header = package.read(60)
        size = int(header[48:58])
        at += 60 + size + size % 2
        if header.startswith(b"data.tar"):
            if at > end + 1:
                raise ValueError(f"it should be {at} bytes long and ends after {end}")
            return package
    raise ValueError("it holds no data.tar")
