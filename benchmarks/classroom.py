"""Run a class on the hub of deploy/: each student logs in, starts a server and runs notebook 06, all at once.

    python -m benchmarks.classroom                # 20 students
    python -m benchmarks.classroom 5 10 20        # a class of each size, one after the other
    python -m benchmarks.classroom --pause 5 20   # with about so many seconds of thought before each cell
    python -m benchmarks.classroom --venv DIR 20  # keep what was installed, and use it again

The hub is installed as deploy/README.md says, in an environment of its own, and listens on loopback. Its
students are accounts of this machine, made for the run and removed after it: so this needs root. Memory is
PSS, which divides a page among the processes that share it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import nbformat
import psutil
import requests
import websocket
from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session

from oomlab.learning import class_progress
from tests.support.documents import blocks
from tests.support.jupyter import free_port

REPO = Path(__file__).parents[1]
RECIPE = REPO / "deploy"
CONFIG = RECIPE / "jupyterhub_config.py"
NOTEBOOK = "06_reproduce_the_failure.ipynb"
SOLUTIONS = REPO / "authoring" / "solutions" / NOTEBOOK
GROUPS = ("oomlab-students", "oomlab-teachers")
COURSE = "oomlab-course"
PATIENCE = 600
"""Seconds after which an answer counts as lost."""

Result = TypeVar("Result")


# --- the machine --------------------------------------------------------------------------------


def run(*command: str | Path, **options: Any) -> None:
    """Run a command; what it says is shown only if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}:\n{done.stdout}")


def install(folder: Path) -> Path:
    """Install the hub into a folder as the README says, unless it is there; return its programs."""
    if not (folder / "bin/configurable-http-proxy").exists():
        print(f"Installing the hub into {folder}: some minutes.", flush=True)
        (commands,) = (block for block in blocks(readme(), "sh") if "pip install" in block)
        run("sh", "-euc", commands.replace("/opt/oomlab", str(folder)), cwd=REPO, umask=0o022)
    return folder / "bin"


def readme() -> str:
    """Return the text of the recipe."""
    return (RECIPE / "README.md").read_text(encoding="utf-8")


@contextmanager
def accounts(count: int) -> Iterator[dict[str, str]]:
    """Make accounts and the groups of the recipe; yield each name with its password, and remove them all."""
    made = [
        group for group in GROUPS if subprocess.run(["groupadd", group], capture_output=True).returncode == 0
    ]
    passwords = {f"oomlab-s{number:02}": os.urandom(12).hex() for number in range(1, count + 1)}
    try:
        for name in passwords:
            run("useradd", "--create-home", "--groups", GROUPS[0], name)
        run("chpasswd", input="".join(f"{name}:{word}\n" for name, word in passwords.items()))
        yield passwords
    finally:
        for name in passwords:
            end_all(processes(name))
            subprocess.run(["userdel", "--remove", name], capture_output=True)
        for group in made:
            subprocess.run(["groupdel", group], capture_output=True)


def processes(user: str) -> list[psutil.Process]:
    """Return the processes of a user."""
    return [each for each in psutil.process_iter(["username"]) if each.info["username"] == user]


def end_all(found: Sequence[psutil.Process]) -> None:
    """End processes at once."""
    for each in found:
        each.kill()
    psutil.wait_procs(found, timeout=10)


def pss(found: Sequence[psutil.Process]) -> float:
    """Return the memory of processes in MB, a shared page divided among those that share it."""
    return sum(each.memory_full_info().pss for each in found) / 1e6


class Hub(NamedTuple):
    """A running hub."""

    url: str
    process: psutil.Process
    state: Path
    """The folder of its database and its secrets."""


@contextmanager
def hub(programs: Path, state: Path) -> Iterator[Hub]:
    """Run the hub of the recipe on free ports, with state and log in a folder, until the block ends."""
    url, api = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    options = [f"--JupyterHub.bind_url={url}", f"--ConfigurableHTTPProxy.api_url={api}"]
    command = [programs / "jupyterhub", "-f", CONFIG, *options, f"--JupyterHub.hub_port={free_port()}"]
    with open(state / "hub.log", "wb") as log:
        process = psutil.Popen(command, cwd=state, stdout=log, stderr=log)
    try:
        wait_for(f"{url}/hub/health", process, state / "hub.log")
        yield Hub(url, process, state)
    except BaseException:
        print((state / "hub.log").read_text()[-5000:], file=sys.stderr)
        raise
    finally:
        family = process.children(recursive=True)
        process.send_signal(signal.SIGTERM)
        psutil.wait_procs([process, *family], timeout=60)
        here = [each for each in psutil.process_iter(["cwd"]) if each.info["cwd"] == str(state)]
        end_all(here)  # what a hub leaves behind that is ended while it starts


def wait_for(url: str, process: psutil.Popen, log: Path) -> None:
    """Wait until a page answers. Raises :class:`SystemExit` with the log where its server ends first."""
    while process.poll() is None:
        try:
            if requests.get(url, timeout=10).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.2)
    raise SystemExit(f"The hub did not start:\n{log.read_text()[-3000:]}")


# --- a student ----------------------------------------------------------------------------------


class Student:
    """A student who does with the hub what a browser does."""

    def __init__(self, hub: Hub, name: str, password: str) -> None:
        self.hub, self.name, self.password = hub, name, password
        self.web = requests.Session()
        self.socket: websocket.WebSocket | None = None
        self.cells: list[float] = []
        self.errors: list[str] = []

    def __repr__(self) -> str:
        return self.name

    def close(self) -> None:
        """Leave as a browser that is closed."""
        if self.socket:
            self.socket.close()
        self.web.close()

    def ask(self, method: str, place: str, **options: Any) -> requests.Response:
        """Ask the hub or a server for a place below its address."""
        return self.web.request(method, self.hub.url + place, timeout=PATIENCE, **options)

    def log_in(self) -> None:
        """Log in with name and password, then take a token of one's own for what follows."""
        self.ask("GET", "/hub/login")
        words = {"username": self.name, "password": self.password, "_xsrf": self.web.cookies["_xsrf"]}
        answer = self.ask("POST", "/hub/login", data=words, allow_redirects=False)
        assert answer.status_code == 302, f"{self}: not logged in: {answer.status_code}"
        self.ask("GET", "/hub/token")
        proof = {"X-XSRFToken": next(each.value for each in self.web.cookies if each.name == "_xsrf")}
        answer = self.ask("POST", f"/hub/api/users/{self.name}/tokens", headers=proof, json={})
        self.web.headers["Authorization"] = f"token {answer.json()['token']}"

    def start_server(self) -> float:
        """Start the server; return the seconds until it answers."""
        begun = time.monotonic()
        self.ask("POST", f"/hub/api/users/{self.name}/server").raise_for_status()
        with self.ask("GET", f"/hub/api/users/{self.name}/server/progress", stream=True) as progress:
            events = [json.loads(line[5:]) for line in progress.iter_lines() if line.startswith(b"data:")]
        assert events[-1].get("ready"), f"{self}: no server: {events[-1]}"
        self.ask("GET", f"/user/{self.name}/api/status").raise_for_status()
        return time.monotonic() - begun

    def open_notebook(self) -> float:
        """Open the notebook with its kernel; return the seconds until the kernel answers."""
        begun = time.monotonic()
        self.ask("GET", f"/user/{self.name}/api/contents/{NOTEBOOK}").raise_for_status()
        wish = {"path": NOTEBOOK, "type": "notebook", "name": NOTEBOOK, "kernel": {"name": "python3"}}
        answer = self.ask("POST", f"/user/{self.name}/api/sessions", json=wish)
        answer.raise_for_status()
        place = f"/user/{self.name}/api/kernels/{answer.json()['kernel']['id']}/channels"
        head = {"Authorization": self.web.headers["Authorization"]}
        self.socket = websocket.create_connection(
            self.hub.url.replace("http", "ws", 1) + place, header=head, timeout=PATIENCE
        )
        self.execute("pass")
        return time.monotonic() - begun

    def execute(self, source: str) -> tuple[str, str]:
        """Run a cell; return what it printed, and its error or nothing."""
        question = Session().msg("execute_request", {"code": source, "silent": False, "allow_stdin": False})
        self.socket.send(json.dumps({**question, "channel": "shell"}, default=json_default))
        printed, error, awaited = "", "", {"reply", "idle"}
        while awaited:
            message = json.loads(self.socket.recv())
            if message["parent_header"].get("msg_id") != question["header"]["msg_id"]:
                continue
            kind, content = message["msg_type"], message["content"]
            printed += content["text"] if kind == "stream" and content["name"] == "stdout" else ""
            if kind == "error":
                error = f"{content['ename']}: {content['evalue']}"
            awaited -= {"reply"} if kind == "execute_reply" else {content.get("execution_state")}
        return printed, error

    def work(self, sources: Sequence[str], pause: float) -> float:
        """Run cells one after the other, each after some thought; return the seconds that this took."""
        thought, begun = random.Random(self.name), time.monotonic()
        for source in sources:
            time.sleep(thought.uniform(0, 2 * pause))
            asked = time.monotonic()
            _, error = self.execute(source)
            self.cells.append(time.monotonic() - asked)
            self.errors += [f"{self}: {error}"] * bool(error)
        return time.monotonic() - begun


def together(students: Sequence[Student], action: Callable[[Student], Result]) -> list[Result]:
    """Let all students do something at once; return what each got."""
    with ThreadPoolExecutor(len(students)) as pool:
        return list(pool.map(action, students))


def code_cells(path: Path) -> list[str]:
    """Return the source of each code cell of a notebook."""
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


# --- what students must not reach ----------------------------------------------------------------

PROBE = """
import json, os, urllib.request

def tried(action):
    try:
        return repr(action())[:60]
    except Exception as refusal:
        return {"refused": type(refusal).__name__ + ": " + str(refusal)}

print(json.dumps({name: tried(action) for name, action in {
    "own progress": lambda: open("my-progress.json").read(),
    "their progress": lambda: open(THEIRS + "/COURSE/my-progress.json").read(),
    "their notebook": lambda: open(THEIRS + "/COURSE/NOTEBOOK", "a"),
    "a list of their course": lambda: os.listdir(THEIRS + "/COURSE"),
    "their kernel's connection": lambda: os.listdir(THEIRS + "/.local/share/jupyter/runtime"),
    "their server's environment": lambda: open(f"/proc/{PID}/environ").read(),
    "their server's memory": lambda: open(f"/proc/{PID}/mem", "rb").read(1),
    "a signal to their server": lambda: os.kill(PID, 0),
    "their server, past the proxy": lambda: urllib.request.urlopen(DOOR).status,
    "the hub's secret": lambda: open(STATE + "/jupyterhub_cookie_secret").read(),
    "the hub's database": lambda: open(STATE + "/jupyterhub.sqlite").read(),
}.items()}))
"""


def trespasses(student: Student, other: Student) -> list[str]:
    """Let a student try to reach another's files, server and kernel; return what was not refused."""
    doors = by_kernel(student, other)
    if isinstance(doors.pop("own progress"), dict):
        return [f"{student} cannot read their own progress, so nothing was tried"]
    return [
        f"{student} reached {name} of {other}: {answer}"
        for name, answer in {**doors, **by_web(student, other), "prints": overheard(student, other)}.items()
        if not isinstance(answer, dict)
    ]


def by_kernel(student: Student, other: Student) -> dict[str, Any]:
    """Return the answer to each attempt that is made from a kernel."""
    server = min(processes(other.name), key=lambda each: each.create_time())
    (port,) = {each.laddr.port for each in server.net_connections("tcp") if each.status == "LISTEN"}
    facts = {
        "THEIRS": f"/home/{other.name}",
        "PID": server.pid,
        "DOOR": f"http://127.0.0.1:{port}/user/{other.name}/api/contents",
        "STATE": str(student.hub.state),
    }
    probe = PROBE.replace("COURSE", COURSE).replace("NOTEBOOK", NOTEBOOK)
    printed, error = student.execute(
        "\n".join(f"{name} = {value!r}" for name, value in facts.items()) + probe
    )
    assert not error, error
    return dict(json.loads(printed))


def by_web(student: Student, other: Student) -> dict[str, Any]:
    """Return the answer to each attempt that is made through the proxy."""
    attempts = {
        "the record at the hub": ("GET", f"/hub/api/users/{other.name}"),
        "the server, to stop it,": ("DELETE", f"/hub/api/users/{other.name}/server"),
        "a token": ("POST", f"/hub/api/users/{other.name}/tokens"),
        "the files, by the other's server": ("GET", f"/user/{other.name}/api/contents"),
        "a kernel": ("POST", f"/user/{other.name}/api/kernels"),
        "the files, by one's own server": (
            "GET",
            f"/user/{student.name}/api/contents/..%2F..%2F{other.name}%2F{COURSE}%2Fmy-progress.json",
        ),
    }
    answers = {name: student.ask(*attempt, json=None).status_code for name, attempt in attempts.items()}
    return {name: {"refused": code} if code in {403, 404} else code for name, code in answers.items()}


LISTEN = """
import zmq
ears = [zmq.Context.instance().socket(zmq.SUB) for _ in PORTS]
for ear, port in zip(ears, PORTS):
    ear.subscribe("")
    ear.connect(f"tcp://127.0.0.1:{port}")
"""
HEARD = "print([ear.recv_multipart() for ear in ears if ear.poll(500)])"


def overheard(student: Student, other: Student) -> Any:
    """Return what a student hears of another's prints, on each port that the other's kernel listens on."""
    _, *kernels = sorted(processes(other.name), key=lambda each: each.create_time())
    ports = [
        port.laddr.port for each in kernels for port in each.net_connections() if port.status == "LISTEN"
    ]
    _, error = student.execute(f"PORTS = {ports}" + LISTEN)
    assert not error, error
    other.execute("print('for my eyes only')")
    heard, _ = student.execute(HEARD)
    return {"refused": heard} if heard == "[]\n" else heard


def limit_holds(student: Student) -> bool:
    """Whether a kernel that asks for more than the limit gets an error, and lives."""
    _, error = student.execute("import os; bytearray(int(os.environ['MEM_LIMIT']))")
    return error.startswith("MemoryError") and student.execute("print(1)") == ("1\n", "")


def handed_in(folder: Path) -> str:
    """Return the class's progress, collected by the commands of the README."""
    (commands,) = (block for block in blocks(readme(), "sh") if "handed-in" in block)
    run("sh", "-euc", commands, cwd=folder)
    return str(class_progress(folder / "handed-in"))


# --- the table ----------------------------------------------------------------------------------


class Figures(NamedTuple):
    """What a class took."""

    students: int
    servers: Sequence[float]
    """Seconds until each student's server answered."""
    kernels: Sequence[float]
    """Seconds from opening the notebook to an answer of its kernel."""
    notebooks: Sequence[float]
    """Seconds for the whole notebook."""
    cells: Sequence[float]
    """Seconds for each cell of each student."""
    memory: Sequence[float]
    """MB of each student at the end, PSS."""
    hub_memory: float
    """MB of the hub, its proxy and its culler."""
    taken: float
    """MB by which the machine's available memory shrank."""
    load: float
    """The machine's load average of one minute before the run."""
    faults: Sequence[str]
    """Errors of cells, trespasses, a limit that does not hold."""

    def row(self) -> str:
        """Return the figures as a row of a Markdown table."""
        slowest = statistics.quantiles(self.cells, n=20)[-1]
        return (
            f"| {self.students} | {max(self.servers):.0f} s | {max(self.kernels):.0f} s "
            f"| {statistics.median(self.cells):.2f} s / {slowest:.1f} s | {max(self.notebooks):.0f} s "
            f"| {statistics.mean(self.memory):.0f} ({max(self.memory):.0f}) MB | {self.hub_memory:.0f} MB "
            f"| {self.taken / 1e3:.1f} GB | {self.load:.1f} | {len(self.faults)} |"
        )


HEADS = (
    "students",
    "all servers up",
    "all kernels up",
    "a cell: median / 95 %",
    "notebook 06, the slowest",
    "a student: mean (most)",
    "hub",
    "machine",
    "load before",
    "errors",
)


def table(found: Sequence[Figures]) -> str:
    """Return a Markdown table with a row for each class."""
    return "\n".join(
        (f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|", *(figures.row() for figures in found))
    )


def measure(count: int, programs: Path, pause: float) -> Figures:
    """Run a class of so many students from login to logout."""
    load, before = os.getloadavg()[0], psutil.virtual_memory().available
    with (
        tempfile.TemporaryDirectory() as folder,
        accounts(count) as passwords,
        hub(programs, Path(folder)) as running,
        ExitStack() as stack,
    ):
        students = [stack.enter_context(closing(Student(running, *each))) for each in passwords.items()]
        together(students, Student.log_in)
        servers = together(students, Student.start_server)
        kernels = together(students, Student.open_notebook)
        sources = code_cells(SOLUTIONS)
        notebooks = together(students, lambda each: each.work(sources, pause))
        taken = (before - psutil.virtual_memory().available) / 1e6
        memory = [pss(processes(each.name)) for each in students]
        own = [each for each in running.process.children(recursive=True) if each.username() == "root"]
        hub_memory = pss([psutil.Process(running.process.pid), *own])
        faults = [error for each in students for error in each.errors]
        for student, other in zip(students, [*students[1:], students[0]], strict=True):
            faults += trespasses(student, other)
        faults += [
            f"the memory limit of {each} does not hold" for each in students[:1] if not limit_holds(each)
        ]
        print(handed_in(Path(folder)), flush=True)
    cells = [seconds for each in students for seconds in each.cells]
    return Figures(count, servers, kernels, notebooks, cells, memory, hub_memory, taken, load, faults)


def cannot() -> str:
    """Return why no class can be run here, or nothing."""
    if sys.platform != "linux":
        return "the recipe is for Linux"
    if os.geteuid() != 0:
        return "accounts for the students can be made by root alone"
    missing = [each for each in ("useradd", "groupadd", "chpasswd", "runuser") if shutil.which(each) is None]
    return f"not on the PATH: {', '.join(missing)}" if missing else ""


def main() -> int:
    """Run classes of the sizes that are asked for, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("students", type=int, nargs="*", default=[20])
    parser.add_argument("--pause", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--venv", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    if reason := cannot():
        raise SystemExit(f"No class can be run here: {reason}.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the accounts are removed then too
    with environment(arguments.venv) as folder:
        programs = install(folder)
        found = [measure(count, programs, arguments.pause) for count in arguments.students]
    print(table(found))
    faults = [fault for each in found for fault in each.faults]
    print(*faults, sep="\n")
    return 1 if faults else 0


@contextmanager
def environment(kept: Path | None) -> Iterator[Path]:
    """Yield a folder that every student can read: the one that is kept, or one for this run."""
    if kept:
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "hub"


if __name__ == "__main__":
    sys.exit(main())
