"""A guest in QEMU: started in a private folder, driven over serial lines, ended on every way out."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from oomlab.errors import LabUnavailable
from oomlab.lab.debugger import Debugger, Monitor
from oomlab.lab.host import check_memory, writing_to
from oomlab.lab.initramfs import build_initramfs
from oomlab.lab.packages import Guest
from oomlab.lab.scenarios import Scenario

QEMU = "qemu-system-x86_64"
"""With ``-cpu pentium3`` it boots a 32-bit kernel too; qemu-system-i386 hangs with 4 GB and more."""

INSTALL = "apt-get install --no-install-recommends qemu-system-x86"

KERNEL_OPTIONS = (
    *("console=ttyS0", "panic=-1", "printk.time=1", "nokaslr", "mitigations=off", "init_on_alloc=0"),
    *("hardened_usercopy=off", "cryptomgr.notests", "audit=0", "transparent_hugepage=never"),
)
OVERHEAD_MIB = 250
"""What QEMU takes beside the guest's own memory; 110 to 190 MiB were seen."""

_BOOT_SECONDS = 90.0
_KVM_SECONDS = 4.0


class QemuGuest:
    """A running guest. Leaving the ``with`` block that :func:`qemu_guest` opens ends it."""

    engine = "qemu"
    disks = ("/dev/vda", "/dev/vdb")
    pace = 1

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process, self._folder = process, folder
        self._agent = _Agent(_when_there(folder / "agent.sock", process))

    def close(self) -> None:
        """Let go of the guest's serial line."""
        self._agent.close()

    @property
    def is_running(self) -> bool:
        """Whether the guest is still there: it ends when its kernel panics."""
        return self._process.poll() is None

    def console(self) -> str:
        """Return what the kernel has printed so far."""
        return (self._folder / "console.log").read_text(errors="replace").replace("\r", "")

    def samples(self) -> str:
        """Return the sampler's table so far: whole lines of comma-separated values."""
        text = (self._folder / "samples.csv").read_text(errors="replace").replace("\r", "")
        return text[: text.rfind("\n") + 1]

    def command(self, line: str, seconds: float = 120.0) -> str:
        """Run a line of shell in the guest and return what it prints.

        Raises :class:`LabUnavailable` when the guest ends, or does not answer within ``seconds``.
        """
        return self._agent.command(line, seconds)

    def send(self, line: str) -> None:
        """Start a line of shell in the guest and do not wait for it."""
        self._agent.send(line)

    @contextmanager
    def memory(self) -> Iterator[Debugger]:
        """Attach to the guest's memory; it stands still meanwhile."""
        with Debugger(self._folder / "gdb.sock") as debugger:
            yield debugger

    def pause(self) -> None:
        """Let the guest stand still."""
        with Monitor(self._folder / "qmp.sock") as monitor:
            monitor.ask("stop")

    def resume(self) -> None:
        """Let it run on."""
        with Monitor(self._folder / "qmp.sock") as monitor:
            monitor.ask("cont")


class _Agent:
    """The shell at the other end of the second serial line. Each answer stands between two marks."""

    _READY, _ANSWER = (
        re.compile(rb"\[ready\]\r?\n"),
        re.compile(rb"\[begin\]\r?\n(.*?)\[end (\d+)\]\r?\n", re.DOTALL),
    )

    def __init__(self, link: socket.socket) -> None:
        self._socket, self._read = link, b""
        try:
            self._wait(self._READY, _BOOT_SECONDS)
        except BaseException:
            link.close()
            raise

    def close(self) -> None:
        self._socket.close()

    def send(self, line: str) -> None:
        try:
            self._socket.sendall(line.encode() + b"\n")
        except ConnectionError:
            raise LabUnavailable("the guest has ended") from None

    def command(self, line: str, seconds: float) -> str:
        self.send(line)
        return self._wait(self._ANSWER, seconds)[1].decode(errors="replace").replace("\r", "")

    def _wait(self, pattern: re.Pattern[bytes], seconds: float) -> re.Match[bytes]:
        end = time.monotonic() + seconds
        while (found := pattern.search(self._read)) is None:
            self._socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                raise LabUnavailable(f"the guest does not answer within {seconds:.0f} s") from None
            except ConnectionError:
                data = b""
            if not data:
                raise LabUnavailable("the guest has ended")
            self._read += data
        self._read = self._read[found.end() :]
        return found


@contextmanager
def qemu_guest(scenario: Scenario, guest: Guest) -> Iterator[QemuGuest]:
    """Start a guest, wait until its shell answers, and end it when the block is left, however it is left.

    Raises :class:`LabUnavailable` where QEMU or memory is missing, or the guest does not come up;
    the message ends with the last lines of its console.
    """
    _check_host(scenario)
    with tempfile.TemporaryDirectory(prefix="oomlab-") as name, ExitStack() as at_the_end:
        folder = Path(name)
        _write_files(folder, guest, scenario)
        process = _started(scenario, guest, folder)
        at_the_end.callback(_end, process)
        yield at_the_end.enter_context(closing(_booted(process, folder)))


def _started(scenario: Scenario, guest: Guest, folder: Path) -> subprocess.Popen[bytes]:
    """Start QEMU: with KVM where a guest gives a sign of life under it, for some hosts offer it in vain."""
    for accelerator in accelerators():
        command = _command(scenario, guest, folder, accelerator)
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if accelerator == "tcg" or _gives_a_sign(folder / "console.log"):
            break
        _end(process)
    return process


def accelerators() -> list[str]:
    """Return how QEMU can run a guest here, the quickest first. ``OOMLAB_ACCEL`` chooses one."""
    chosen = os.environ.get("OOMLAB_ACCEL")
    if chosen:
        return [chosen]
    return ["kvm", "tcg"] if os.access("/dev/kvm", os.W_OK) else ["tcg"]


def _gives_a_sign(console: Path) -> bool:
    end = time.monotonic() + _KVM_SECONDS
    while time.monotonic() < end:
        if console.exists() and console.stat().st_size:
            return True
        time.sleep(0.1)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def _booted(process: subprocess.Popen[bytes], folder: Path) -> QemuGuest:
    try:
        return QemuGuest(process, folder)
    except LabUnavailable as error:
        console = folder / "console.log"
        last = console.read_text(errors="replace").splitlines()[-5:] if console.exists() else []
        raise LabUnavailable("\n".join([f"the guest did not come up: {error}", *last])) from None


def _check_host(scenario: Scenario) -> None:
    if shutil.which(QEMU) is None:
        raise LabUnavailable(f"{QEMU} is not installed: {INSTALL}")
    check_memory(scenario, OVERHEAD_MIB)


def _write_files(folder: Path, guest: Guest, scenario: Scenario) -> None:
    with writing_to(folder):
        (folder / "init.gz").write_bytes(build_initramfs(guest))
        for name, gib in (("disk.img", scenario.disk_gib), ("swap.img", 1)):
            with (folder / name).open("wb") as disk:
                disk.truncate(gib << 30)


def _command(scenario: Scenario, guest: Guest, folder: Path, accelerator: str) -> list[str]:
    vmalloc = [f"vmalloc={scenario.vmalloc}M"] if scenario.vmalloc else []
    options = " ".join([*KERNEL_OPTIONS, "no_timer_check", *vmalloc])  # on a busy host the check may fail
    drive = "format=raw,if=virtio,cache=unsafe,discard=unmap,detect-zeroes=unmap"
    return [
        *_dies_with_its_parent(),
        *(QEMU, "-accel", accelerator, "-cpu", "pentium3"),
        *("-m", str(scenario.memory), "-smp", "1", "-display", "none", "-no-reboot", "-nodefaults"),
        *("-kernel", str(guest.kernel), "-initrd", "init.gz", "-append", options),
        *("-serial", "file:console.log"),
        *("-chardev", "socket,id=agent,path=agent.sock,server=on,wait=off", "-serial", "chardev:agent"),
        *("-serial", "file:samples.csv"),
        *("-drive", f"file=disk.img,{drive}", "-drive", f"file=swap.img,{drive}"),
        *("-gdb", "unix:gdb.sock,server=on,wait=off", "-qmp", "unix:qmp.sock,server=on,wait=off"),
    ]


def _dies_with_its_parent() -> list[str]:
    """Return a prefix that ends QEMU when this process is killed; util-linux has had it since 2.33."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


def _when_there(path: Path, process: subprocess.Popen[bytes]) -> socket.socket:
    """Connect to a socket as soon as QEMU has made it."""
    link = socket.socket(socket.AF_UNIX)
    for _ in range(200):
        try:
            link.connect(str(path))
            return link
        except OSError:
            if process.poll() is not None:
                stderr = process.stderr.read().decode(errors="replace") if process.stderr else ""
                link.close()
                raise LabUnavailable(f"QEMU ended at once: {stderr.strip() or process.returncode}") from None
            time.sleep(0.05)
    link.close()
    raise LabUnavailable("QEMU does not open its sockets")
