"""The archive that a guest boots from."""

from __future__ import annotations

import gzip

from oomlab.lab.initramfs import build_initramfs
from oomlab.lab.packages import Guest


def _members(data: bytes) -> dict[str, tuple[int, bytes]]:
    """Read a cpio archive by its own rules: 13 fields of eight digits, everything padded to four bytes."""
    found, at = {}, 0
    while True:
        assert data[at : at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        name_end = at + 110 + fields[11]
        name = data[at + 110 : name_end - 1].decode()
        begin = name_end + -name_end % 4
        if name == "TRAILER!!!":
            return found
        found[name] = (fields[1], data[begin : begin + fields[6]])
        at = begin + fields[6] + -fields[6] % 4


def test_the_archive_holds_the_first_process_busybox_and_the_modules_in_order(tmp_path):
    (tmp_path / "busybox").write_bytes(b"program")
    (tmp_path / "order").write_text("jbd2\next4\n")
    for name in ("jbd2", "ext4"):
        (tmp_path / f"{name}.ko").write_bytes(name.encode())
    archive = build_initramfs(Guest(folder=tmp_path, origin={"release": "x"}))
    members = _members(gzip.decompress(archive))
    assert members["bin/busybox"] == (0o100755, b"program")
    assert members["init"][0] == 0o100755
    assert members["modules/order"][1] == b"jbd2\next4\n"
    assert members["modules/ext4.ko"][1] == b"ext4"
    assert members["dev"][0] == 0o040755
    assert archive == build_initramfs(Guest(folder=tmp_path, origin={"release": "x"}))
