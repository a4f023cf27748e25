"""A guest in the emulator that browsers run, here in Node: the same modules as in a page."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from oomlab.errors import LabUnavailable
from oomlab.lab.host import check_memory, writing_to
from oomlab.lab.initramfs import build_initramfs
from oomlab.lab.npm import INSTALL, Emulator, cached_emulator, fetch_emulator, find_program
from oomlab.lab.packages import Guest, cached_guest, fetch_guest
from oomlab.lab.qemu import KERNEL_OPTIONS
from oomlab.lab.scenarios import Scenario

SCRIPTS = Path(__file__).parents[1] / "explore" / "static" / "live"
OVERHEAD_MIB = 250
_BOOT_SECONDS = 300.0


class NodeGuest:
    """A running guest. Leaving the ``with`` block that :func:`node_guest` opens ends it."""

    engine = "browser"
    disks = ("/dev/sda", "/dev/sdb")
    pace = 10

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._texts = {"console": "", "samples": ""}
        self._answers: Queue[Mapping[str, Any]] = Queue()
        self._asked = 0
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def is_running(self) -> bool:
        """Whether the guest still runs: it stops when its kernel panics."""
        return self._process.poll() is None and bool(self.ask("isRunning"))

    def console(self) -> str:
        """Return what the kernel has printed so far."""
        return self._texts["console"]

    def samples(self) -> str:
        """Return the sampler's table so far: whole lines of comma-separated values."""
        return self._texts["samples"]

    def command(self, line: str, seconds: float = 120.0) -> str:
        """Run a line of shell in the guest and return what it prints.

        Raises :class:`LabUnavailable` when the guest ends, or does not answer within ``seconds``.
        """
        return str(self.ask("command", seconds, line=line))

    @contextmanager
    def memory(self) -> Iterator[NodeGuest]:
        """Open the guest's memory; it stands still meanwhile."""
        self.ask("stop")
        yield self
        self.ask("run")

    def read_memory(self, address: int, size: int) -> bytes:
        """Return ``size`` bytes from a physical address on."""
        return bytes(self.ask("read", address=address, size=size))

    def write_memory(self, address: int, data: bytes) -> None:
        """Write bytes from a physical address on."""
        self.ask("write", address=address, bytes=list(data))

    def save_state(self) -> Path:
        """Write all of the guest to a file in its private folder, and return the file."""
        self.ask("stop")
        return Path(self.ask("save"))

    def ask(self, what: str, seconds: float = 120.0, **given: Any) -> Any:
        """Ask for one of the things that ``static/live/serve.js`` lists, and return its result."""
        self._asked += 1
        request = {"id": self._asked, "ask": what, **given}
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._answers.get(timeout=seconds)
        except Empty:
            raise LabUnavailable(f"the guest does not answer within {seconds:.0f} s") from None
        except OSError:
            raise LabUnavailable("the emulator has ended") from None
        if "died" in answer:
            raise LabUnavailable(f"the emulator has failed: {answer['died']}")
        if "error" in answer:
            raise LabUnavailable(answer["error"])
        return answer.get("result")

    def end(self) -> None:
        """End the guest, and wait until all that it said is sorted."""
        self._process.kill()
        self._listener.join()  # before somebody closes what it reads

    def _listen(self) -> None:
        """Sort what comes, in a thread of its own, until nothing comes any more."""
        assert self._process.stdout is not None
        for row in self._process.stdout:
            if not row.endswith("\n"):  # it ended while it spoke
                break
            message = json.loads(row)
            if "line" in message:
                self._texts[message["line"]] += message["text"]
            else:
                self._answers.put(message)
        self._answers.put({"died": "it has ended without a word"})


@contextmanager
def node_guest(scenario: Scenario, guest: Guest, emulator: Emulator) -> Iterator[NodeGuest]:
    """Start a guest, wait until its shell answers, and end it when the block is left, however it is left.

    Raises :class:`LabUnavailable` where Node or memory is missing, or the guest does not come up.
    """
    node = find_program("node")
    if node is None:
        raise LabUnavailable(f"Node is not installed: {INSTALL}")
    check_memory(scenario, OVERHEAD_MIB)
    with tempfile.TemporaryDirectory(prefix="oomlab-") as name:
        command = [node, str(SCRIPTS / "node.js"), str(emulator.file("libv86.mjs"))]
        with subprocess.Popen(
            command, cwd=name, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        ) as process:
            live = NodeGuest(process)
            try:
                initramfs = Path(name) / "init.gz"
                with writing_to(Path(name)):
                    initramfs.write_bytes(build_initramfs(guest))
                files = {**machine_files(guest, emulator), "kernel": guest.kernel, "initramfs": initramfs}
                paths = {each: str(path) for each, path in files.items()}
                live.ask("start", _BOOT_SECONDS, files=paths, machine=machine(scenario))
                yield live
            finally:
                live.end()
                if process.stdin is not None:
                    with suppress(OSError):  # what could not be sent is still to be sent
                        process.stdin.close()


def machine_files(guest: Guest, emulator: Emulator) -> dict[str, Path]:
    """Return the files that every start of a guest needs, by the names of ``static/live/guest.js``."""
    if guest.bios is None:
        raise LabUnavailable("the cache holds no firmware for the browser's engine: run oomlab lab setup")
    bios, vgabios = guest.bios
    return {"wasm": emulator.file("v86.wasm"), "bios": bios, "vgabios": vgabios}


def machine(scenario: Scenario) -> dict[str, Any]:
    """Return the machine as ``static/live/guest.js`` takes it: memory in MiB, two disks in bytes, cmdline."""
    options = [each for each in KERNEL_OPTIONS if not each.startswith("panic=")]
    vmalloc = [f"vmalloc={scenario.vmalloc}M"] if scenario.vmalloc else []
    return {
        "memory": scenario.memory,
        "disks": [scenario.disk_gib << 30, 1 << 30],
        "cmdline": " ".join([*options, "tsc=reliable", "nowatchdog", *vmalloc]),  # a pause is no lockup
    }


def browser_parts() -> tuple[Guest, Emulator]:
    """Return what a guest in the browser is made of, from the cache or fetched now."""
    guest = cached_guest()
    if guest is None or guest.bios is None:
        guest = fetch_guest()
    return guest, cached_emulator() or fetch_emulator()
