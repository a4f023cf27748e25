"""The sockets of QEMU, with a stand-in at the other end."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from oomlab.errors import LabUnavailable
from oomlab.lab.debugger import Debugger, Monitor
from oomlab.lab.qemu import _Agent


@pytest.fixture
def serve(tmp_path):
    """Start a server on a unix socket that hands one connection to a function."""
    threads = []

    def start(talk: Callable[[socket.socket], None]) -> Path:
        path = tmp_path / "socket"
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.listen()

        def once() -> None:
            with server, server.accept()[0] as link:
                talk(link)

        threads.append(threading.Thread(target=once, daemon=True))
        threads[-1].start()
        return path

    yield start
    for thread in threads:
        thread.join(timeout=10)


def _packets(link: socket.socket) -> Iterator[str]:
    read = b""
    while data := link.recv(4096):
        read += data
        while found := re.search(rb"\$(.*?)#(..)", read):
            read = read[found.end() :]
            assert sum(found[1]) % 256 == int(found[2], 16)
            yield found[1].decode()


def _stub(memory: bytearray) -> Callable[[socket.socket], None]:
    """Speak GDB's protocol as QEMU does: the stop is announced unasked, answers carry a checksum."""

    def answer(packet: str) -> str:
        if packet.startswith("m"):
            at, size = (int(each, 16) for each in packet[1:].split(","))
            return memory[at : at + size].hex()
        if packet.startswith("M"):
            at, size, data = re.fullmatch(r"M(\w+),(\w+):(\w+)", packet).groups()
            memory[int(at, 16) : int(at, 16) + int(size, 16)] = bytes.fromhex(data)
        return "OK"

    def talk(link: socket.socket) -> None:
        link.sendall(b"$T05thread:01;#07")
        for packet in _packets(link):
            if packet == "D":
                return
            text = answer(packet).encode()
            link.sendall(b"+$" + text[:3])
            link.sendall(text[3:] + b"#%02x" % (sum(text) % 256))

    return talk


def test_memory_is_read_and_written_though_the_stub_speaks_unasked_and_in_pieces(serve):
    memory = bytearray(range(64))
    with Debugger(serve(_stub(memory))) as debugger:
        assert debugger.read_memory(8, 4) == bytes([8, 9, 10, 11])
        debugger.write_memory(8, b"\xff\x7f")
        assert debugger.read_memory(8, 3) == b"\xff\x7f\x0a"


def test_a_guest_that_ends_while_it_is_asked_is_said_to_have_ended(serve):
    with pytest.raises(LabUnavailable, match="the guest has ended"):
        Debugger(serve(lambda link: link.close()))


def test_a_guest_that_ends_while_its_memory_is_open_is_let_go_of(serve):
    def answer_once(link: socket.socket) -> None:
        link.recv(4096)
        link.sendall(b"+$OK#9a")
        link.recv(1)

    with Debugger(serve(answer_once)) as debugger:
        for _ in range(2):
            with pytest.raises(LabUnavailable, match="the guest has ended"):
                debugger.read_memory(0, 4)


@pytest.mark.parametrize("last", ["", '{"ret', '{"return": {}}\n{"return"'])
def test_a_monitor_whose_guest_has_ended_says_so_and_closes(serve, last):
    def talk(link: socket.socket) -> None:
        lines = link.makefile("rw")
        lines.write('{"QMP": {}}\n' + last)
        lines.flush()

    with pytest.raises(LabUnavailable, match="the guest has ended"), Monitor(serve(talk)) as monitor:
        monitor.ask("stop")


def test_a_line_to_a_guest_that_has_ended_says_so():
    ours, theirs = socket.socketpair()
    theirs.sendall(b"[ready]\n")
    with closing(_Agent(ours)) as agent:
        theirs.close()
        for _ in range(2):
            with pytest.raises(LabUnavailable, match="the guest has ended"):
                agent.command("echo", 1.0)


def test_the_monitor_skips_events_and_repeats_what_qemu_refuses(serve):
    def talk(link: socket.socket) -> None:
        lines = link.makefile("rw")
        for answer in (
            '{"QMP": {}}',
            '{"return": {}}',
            '{"event": "STOP"}\n{"return": {}}',
            '{"error": {"desc": "no"}}',
        ):
            lines.write(answer + "\n")
            lines.flush()
            lines.readline()

    with Monitor(serve(talk)) as monitor:
        assert monitor.ask("stop") == {}
        with pytest.raises(LabUnavailable, match="QEMU refuses cont: no"):
            monitor.ask("cont")


def test_a_socket_that_is_not_there_is_named(tmp_path):
    with pytest.raises(LabUnavailable, match=r"gdb\.sock"):
        Debugger(tmp_path / "gdb.sock")
