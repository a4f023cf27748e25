"""Build the guest's initramfs: an archive of busybox, a few modules and the first process."""

from __future__ import annotations

import gzip
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from oomlab.lab.packages import Guest

_SCRIPTS = Path(__file__).parent / "guest"
_FOLDERS = ("bin", "dev", "modules")


def build_initramfs(guest: Guest) -> bytes:
    """Return a compressed cpio archive that a kernel unpacks as its first file system."""
    files: dict[str, tuple[int, bytes]] = {name: (stat.S_IFDIR | 0o755, b"") for name in _FOLDERS}
    files["bin/busybox"] = (stat.S_IFREG | 0o755, guest.busybox.read_bytes())
    files["modules/order"] = (stat.S_IFREG | 0o644, (guest.folder / "order").read_bytes())
    for module in guest.modules:
        files[f"modules/{module.name}"] = (stat.S_IFREG | 0o644, module.read_bytes())
    for script in sorted(_SCRIPTS.iterdir()):
        files[script.name] = (stat.S_IFREG | 0o755, script.read_bytes())
    return gzip.compress(b"".join(_archive(files)), 6, mtime=0)


def _archive(files: Mapping[str, tuple[int, bytes]]) -> Iterator[bytes]:
    """Yield a cpio archive in the "newc" form.

    Source: Documentation/driver-api/early-userspace/buffer-format.rst.
    """
    for number, (name, (mode, content)) in enumerate({**files, "TRAILER!!!": (0, b"")}.items(), start=1):
        encoded = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        yield _padded(header + encoded) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
