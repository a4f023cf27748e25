"""Speak to QEMU's two sockets: the debugger's stub for memory, QMP for everything else."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

from oomlab.errors import LabUnavailable

_PATIENCE = 20.0


class Debugger:
    """QEMU's GDB stub, for reading and writing physical memory. The guest stands still while it is attached.

    Source: QEMU's documentation of its GDB stub (``Qqemu.PhyMemMode``) and GDB's remote protocol.
    """

    def __init__(self, path: Path) -> None:
        self._socket = _connect(path)
        self._read = b""
        try:
            self._ask("Qqemu.PhyMemMode:1")
        except BaseException:
            self._socket.close()
            raise

    def read_memory(self, address: int, size: int) -> bytes:
        """Return ``size`` bytes from a physical address on."""
        return bytes.fromhex(self._ask(f"m{address:x},{size:x}"))

    def write_memory(self, address: int, data: bytes) -> None:
        """Write bytes from a physical address on."""
        if (answer := self._ask(f"M{address:x},{len(data):x}:{data.hex()}")) != "OK":
            raise LabUnavailable(f"QEMU would not write to {address:#x}: {answer}")

    def __enter__(self) -> Debugger:
        return self

    def __exit__(self, *exception: object) -> None:
        """Detach: the guest runs on, unless it has ended."""
        with self._socket, suppress(OSError):
            self._send("D")

    def _send(self, packet: str) -> None:
        self._socket.sendall(f"${packet}#{sum(packet.encode()) % 256:02x}".encode())

    def _ask(self, packet: str) -> str:
        try:
            self._send(packet)
            while (answer := self._packet()).startswith("T"):
                pass  # unasked: the stub has stopped the guest
        except OSError:  # reset, or silent for too long
            raise LabUnavailable("QEMU's debugger has gone: the guest has ended") from None
        return answer

    def _packet(self) -> str:
        """Read one packet: ``$text#xx``, with acknowledgements between."""
        while b"#" not in self._read or len(self._read.partition(b"#")[2]) < 2:
            data = self._socket.recv(4096)
            if not data:
                raise ConnectionResetError
            self._read += data
        text, _, rest = self._read.partition(b"#")
        self._read = rest[2:]
        self._socket.sendall(b"+")
        return text.partition(b"$")[2].decode("ascii", "replace")


class Monitor:
    """QEMU's machine protocol, as far as a run needs it. Source: QEMU's QMP reference."""

    def __init__(self, path: Path) -> None:
        with _connect(path) as link:  # the file keeps it open
            self._lines = link.makefile("rw", encoding="utf-8")
        try:
            self._read()  # the greeting
            self.ask("qmp_capabilities")
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Monitor:
        return self

    def __exit__(self, *exception: object) -> None:
        with suppress(OSError):  # what could not be sent is still to be sent
            self._lines.close()

    def ask(self, command: str) -> Any:
        """Run a command and return its result."""
        with suppress(ConnectionError):  # then nothing is left to be read either
            self._lines.write(json.dumps({"execute": command}) + "\n")
            self._lines.flush()
        while True:
            answer = self._read()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise LabUnavailable(f"QEMU refuses {command}: {answer['error'].get('desc')}")

    def _read(self) -> Any:
        try:
            line = self._lines.readline()
        except OSError:  # reset, or silent for too long
            line = ""
        if not line.endswith("\n"):
            raise LabUnavailable("QEMU's monitor has gone: the guest has ended")
        return json.loads(line)


def _connect(path: Path) -> socket.socket:
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(_PATIENCE)
    try:
        link.connect(str(path))
    except OSError as error:
        link.close()
        raise LabUnavailable(f"QEMU does not answer on its socket {path.name}: {error}") from None
    return link
