"""A report as a log that can be shown in public: hosts, names and ids are replaced, each by one other.

What a diagnosis rests on stays: numbers, functions, the kernel's release, and the names of programs that
everybody has. What is no line of the report is left out, for nobody knows what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import partial

from oomlab.kernel import load_table
from oomlab.parsing import log_lines
from oomlab.parsing.release import release_in
from oomlab.report import CLOCK, UPTIME, Report

_LEFT_OUT = "(another line, left out)"
_QUEUE = (
    r"events(?:_(?:unbound|long|highpri|freezable|power_efficient|freezable_pwr_efficient))?"
    r"|mm_percpu_wq|rcu_gp|kblockd|writeback|netns|cgroup_(?:destroy|offline|release|free)"
)
_SYSTEMD = (
    r"journald?|udevd|logind|timesyn|timesyncd|resolved?|networkd?|machined?|hostnam|hostnamed"
    r"|oomd|userdbd|coredum|coredump"
)
_PUBLIC = re.compile(
    rf"kworker/u?\d{{1,4}}:\d{{1,4}}H?(?:[-+](?:{_QUEUE}))?"
    r"|(?:kswapd|kcompactd)\d{1,3}|(?:ksoftirqd|migration|cpuhp|swapper)(?:/\d{1,4})?"
    r"|rcu_(?:gp|par_gp|sched|bh|preempt|tasks_(?:kthre|rude_|trace))"
    rf"|kthreadd|khugepaged|kauditd|kblockd|systemd(?:-(?:{_SYSTEMD}))?|\(?s?d?-?init\)?"
    r"|dbus(?:-(?:daemon|broker|launch))?"
    r"|(?:sshd|bash|sh|zsh|dash|crond?|udevd|agetty|login|sudo|r?syslogd|dockerd|containerd|kubelet|runc|crio"
    r"|conmon|podman|NetworkManager|polkitd|chronyd|ntpd|snapd|python|perl|ruby|node|top|dd|cp|rsync|tar|gzip"
    r"|make|cc1|ld|git|stress|memhog|apt|dpkg|yum|dnf|swapoff|modprobe|insmod)[\d.]{0,6}",
    re.A,
)
"""Programs whose names tell nothing of a machine; so do those that the table of programs has advice for.

A process may call itself whatever it likes: of a name with a known beginning only known endings are kept.
"""

_KNOWN_PART = re.compile(
    r"(?:system|user|machine|app|session|background|init|kubepods|kubepods-(?:burstable|besteffort)|-)"
    r"\.(?:slice|scope)|kubepods|burstable|besteffort|docker|lxc(?:\.payload)?|libpod_parent|garden|ecs"
    r"|slurm(?:d|stepd)?|",
    re.A,
)
"""Parts of the path of a control group that are the same on every machine."""

_UUID = re.compile(r"[0-9a-f]{8}([-_])[0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}", re.A)
_HEX = re.compile(r"(?<![0-9a-z])[0-9a-f]{12,64}(?![0-9a-z])", re.A)
_USER = re.compile(r"user-(\d{1,10})\.slice|user@(\d{1,10})\.service|uid_(\d{1,10})", re.A)
_JOB = re.compile(r"(job|step)_(\w{1,20})", re.A)
_ID_ONLY = re.compile(
    r"(?:pod|cri-containerd-|crio-|docker-|libpod-|containerd-|nerdctl-"
    r"|kubepods(?:-burstable|-besteffort)?-pod|)#(?:\.(?:scope|slice|service|mount))?"
)
_SUFFIX = re.compile(r"\.(?:service|scope|slice|socket|mount|swap)$")
_PATH = re.compile(r"(?<==)/[^\s,]{1,4000}|(?<=\s)/[^\s,:]{1,4000}(?=:|\s|$)|(?<=^)/[^\s,:]{1,4000}")
_CACHE = re.compile(r"(?<=\d:)[\w.:@-]{1,100}(?=\))")
_MAX_DIGITS = 20
"""The most digits of a user's number: Python does not convert thousands of digits."""

_UID = re.compile(r"((?:\bUID:\s{0,3}|\bUID |\buid=))(\d+)", re.A)
_ROW_NAME = re.compile(r"(\[[^\]]{0,20}\](?:\s{1,10}-?\d{1,20})+\s{1,10})(.*)", re.A)
_ROW_UID = re.compile(r"(?<=\])(\s{1,10})(\d{1,10})(?=\s)", re.A)
_HARDWARE = re.compile(r"(Hardware name: ).*")
_BUILD = re.compile(r"(?<= )#\d.*$")
_BUILD_WORD = re.compile(
    r"#\d{1,6}(?:[\d.~-]{0,20}Ubuntu)?|SMP|PREEMPT(?:_RT|_DYNAMIC|_LAZY)?|Debian"
    r"|\d[\d.:+~-]{0,30}(?:deb\d{1,2}u?\d{0,2})?|",
    re.A,
)
"""What is told of a build, without the words that its builder chose."""

_NAMED: tuple[re.Pattern[str], ...] = (
    re.compile(r"^(.{1,80}?)(?= invoked oom-killer| cpuset=|: page allocation|: vmalloc)"),
    re.compile(
        r"(?<=[Cc]omm: )(.{1,80}?)"
        r"(?=\s{1,8}(?:Kdump:\s\w{1,12}\s)?(?:Not tainted|Tainted:)(?!.{0,200}(?:Not tainted|Tainted:))|\s*$)"
    ),
    re.compile(r"(?<=^Process )(.{1,80}?)(?= \(pid:)"),
    re.compile(r"(?<=^VM: killing process )([^(]{1,80}?)(?=\(|\s*$)"),
)
"""Where a line names a process; at most 15 bytes, but four characters for each where they are escaped."""

_KILLED = re.compile(r"(?:process|pid:?|victim|task) ?\d+,?(?: UID \d+,)?\s{1,4}\(", re.A)
_END_OF_NAME = re.compile(
    r"\)(?:,?\s{1,4}(?:total-vm|vsz|vm|anon-rss|score|UID|sharing|or|now|is already)\b|[.,!]?\s*$)"
)
"""Where a line of a kill does, and where the name ends: at the last such bracket, for names may hold some."""

_CONSTRAINT = re.compile(
    r"((?:\b|,)(?:constraint|nodemask|cpuset|mems_allowed|oom_memcg|task_memcg|task|pid|uid)=|,global_oom)"
)
"""The names in the line ``oom-kill:``; what stands between two of them is a value, whatever it holds."""

_NUMBERS = re.compile(r"[\d,-]*|\(null\)|CONSTRAINT_\w{1,20}", re.A)
_GROUPS = re.compile(
    r"(?<=cgroup stats for )(?:.+(?=:\s*$|: cache:\d)|.+)"
    r"|(?<=^Task in )(?:.+(?= killed as a result)|.+)|(?<= as a result of limit of ).+"
    r"|(?<=^Tasks in )(?:.+(?= are going to be killed)|.+)"
    r"|(?<=[ ,]cpuset=)(?:.+(?=[ ,]mems_allowed=)|.+)",
    re.A,
)
"""Where a line names a control group or a set of CPUs: its name may hold blanks and colons."""

_BEFORE_GROUPS = ("cgroup stats for ", "Task", "limit of ", "cpuset=")
"""What stands before such a name; most lines hold none of it."""

_VERSION = re.compile(r"[\d.]{0,6}(?:/KVM)?", re.A)
"""What may follow the beginning by which a program is known."""

_WITH_NAMES = frozenset(
    (
        "header",
        "failure",
        "cpuset",
        "identity",
        "chosen",
        "killed",
        "exiting",
        "reaped",
        "constraint",
        "context",
    )
)
"""Kinds of lines that name processes, or may."""

_SYSTEM_USERS = 1000
"""Users below this are the same on every machine."""


class Redactor:
    """Replaces names, and remembers by what; one for all reports that are shown together."""

    def __init__(self) -> None:
        self._given: dict[str, dict[str, str]] = {}

    def lines(self, report: Report, before: Report | None = None) -> Iterator[str]:
        """Yield the lines of a report, as the kernel wrote them, with all that is private replaced.

        Those of the report ``before`` it in the same log are left out, where two were printed at once.
        """
        after = _last_shared(report, before) if before else 0
        comms = {task.line: task.comm for task in report.tasks}
        log = log_lines(report.source)
        if report.kernel is not None and report.kernel_line is not None:
            yield f"Linux version {report.kernel.text}"
        callers = log.callers or [None] * len(log.raw)
        for number, raw, text, kind, caller in zip(
            log.numbers, log.raw, log.texts, log.kinds, callers, strict=True
        ):
            if number <= after or kind == "continuation":  # it stands in the line above
                continue
            if not raw:
                yield ""
                continue
            known = report.kinds.get(number, kind) if kind == "other" else kind
            is_left_out = known == "other" and text.strip()
            words = _LEFT_OUT if is_left_out else self._line(text, known, comms.get(number))
            stamp = self._stamp(raw) + (f"[{caller:>6}] " if caller and "[" in raw else "")
            yield stamp + words

    def comm(self, name: str) -> str:
        """Return the name of a process as it is shown."""
        if not name or _PUBLIC.fullmatch(name):
            return name
        pattern = _program(name)
        if pattern is None:
            return self._new("name", name, lambda count: f"name{count}")
        is_known = _VERSION.fullmatch(name.removeprefix(pattern.partition("*")[0]))
        return name if is_known else self._new("name", name, lambda count: pattern.replace("*", f"-{count}"))

    def path(self, path: str) -> str:
        """Return the path of a control group as it is shown: its known parts, and ids and names replaced."""
        return "/".join(self._part(part) for part in path.split("/"))

    def uid(self, uid: str) -> str:
        """Return a user's number as it is shown."""
        if len(uid) < _MAX_DIGITS and int(uid) < _SYSTEM_USERS:
            return uid
        return self._new("uid", uid, lambda count: str(_SYSTEM_USERS + count))

    def host(self, name: str) -> str:
        """Return the name of a host as it is shown."""
        return self._new("host", name, lambda count: f"host{count}")

    def _new(self, kind: str, name: str, make: Callable[[int], str]) -> str:
        given = self._given.setdefault(kind, {})
        if name not in given:
            given[name] = make(len(given) + 1)
        return given[name]

    def _stamp(self, raw: str) -> str:
        """Return the time that stands before a line: since boot, or of the day with the host."""
        uptime = UPTIME.search(raw, 0, 300)
        if uptime is not None:
            return f"{uptime[0]} "
        clock = CLOCK.search(raw[:120])
        if clock is None:
            return ""
        host = re.match(r"\S*\s+([\w.-]{1,255})\s+\S*kernel", raw[clock.end() :])
        return f"{clock[0].strip()} {self.host(host[1]) if host else 'host'} kernel: "

    def _line(self, text: str, kind: str, comm: str | None) -> str:
        if kind == "task":
            return self._row(text, comm)
        if kind == "constraint":
            return self._constraint(text)
        if kind == "boot":
            release = release_in(text)
            return f"Linux version {release}" if release else _LEFT_OUT
        if kind in _WITH_NAMES:
            text = self._with_names(text, kind)
        text = self._with_groups(text)
        if "UID" in text or "uid=" in text:
            text = _UID.sub(lambda match: match[1] + self.uid(match[2]), text)
        if kind == "slab_failure":
            text = _CACHE.sub(lambda match: self._part(match[0]), text)
        return text

    def _with_groups(self, text: str) -> str:
        """Return a line with the paths of its control groups as they are shown."""
        groups = 0
        if any(map(text.__contains__, _BEFORE_GROUPS)):
            text, groups = _GROUPS.subn(lambda match: self._group(match[0]), text)
        if groups or "/" not in text:
            return text
        return _PATH.sub(lambda match: self.path(match[0]), text)

    def _with_names(self, text: str, kind: str) -> str:
        for pattern in _NAMED:
            text = pattern.sub(lambda match: self.comm(match[1]), text)
        if kind in ("chosen", "killed", "exiting", "reaped"):
            text = self._killed(text)
        text = _BUILD.sub(lambda match: _known_words(match[0]), text)
        return _HARDWARE.sub(r"\1(left out)", text)

    def _killed(self, text: str) -> str:
        """Return the line of a kill with another name, which goes to the end of a line that was cut."""
        found = _KILLED.search(text)
        if found is None:
            return text
        ends = [match.start() for match in _END_OF_NAME.finditer(text, found.end())]
        end = ends[-1] if ends else len(text)
        return text[: found.end()] + self.comm(text[found.end() : end]) + text[end:]

    def _constraint(self, text: str) -> str:
        """Return the line ``oom-kill:`` with each of its values replaced, whatever that holds."""
        head, *rest = _CONSTRAINT.split(text)
        shown = [head]
        for key, value in zip(rest[::2], rest[1::2], strict=True):
            name = key.strip(",=")
            shown.append(key)
            if name == "task":
                shown.append(self.comm(value))
            elif name == "uid" and value.isdecimal():
                shown.append(self.uid(value))
            else:
                shown.append(value if _NUMBERS.fullmatch(value) else self._group(value))
        return "".join(shown)

    def _group(self, name: str) -> str:
        """Return the name of a control group or of a set of CPUs, or its path."""
        return self.path(name) if "/" in name else self._part(name)

    def _row(self, text: str, comm: str | None) -> str:
        """Return a row of the task table: its user and its name replaced."""
        stripped = text.rstrip()
        if comm and stripped.endswith(comm):
            text = stripped[: len(stripped) - len(comm)] + self.comm(comm)
        else:
            text = _ROW_NAME.sub(lambda match: match[1] + self.comm(match[2].strip()), stripped, count=1)
        return _ROW_UID.sub(lambda match: match[1] + self.uid(match[2]), text, count=1)

    def _part(self, part: str) -> str:
        if _KNOWN_PART.fullmatch(part):
            return part
        user = _USER.fullmatch(part)
        if user is not None:
            number = user[1] or user[2] or user[3]
            return part.replace(number, self.uid(number))
        ids = _HEX.sub("#", _UUID.sub("#", part))
        if "#" in ids and _ID_ONLY.fullmatch(ids):
            return _HEX.sub(partial(self._id, "hex"), _UUID.sub(partial(self._id, "uuid"), part))
        if _JOB.fullmatch(part):
            return _JOB.sub(lambda match: f"{match[1]}_{self._new('job', match[2], str)}", part)
        suffix = _SUFFIX.search(part)
        return self._new("group", part, lambda count: f"group{count}{suffix[0] if suffix else ''}")

    def _id(self, kind: str, match: re.Match[str]) -> str:
        """Return another id of the same form."""
        if kind == "hex":
            return self._new("id", match[0], lambda count: f"{count:0{len(match[0])}x}")
        sign = match[1]
        return self._new(
            "id", match[0], lambda count: sign.join(("00000000", "0000", "0000", "0000", f"{count:012x}"))
        )


def _last_shared(report: Report, before: Report) -> int:
    """Return the last line of the report before, unless each of the two has a part of that line."""
    last = before.last_line
    own = report.quote(last)
    return last - 1 if own is not None and own != before.quote(last) else last


def _known_words(build: str) -> str:
    """Return a build as far as it tells nothing of its builder."""
    return " ".join(word if _BUILD_WORD.fullmatch(word) else "-" for word in build.split(" "))


def _program(name: str) -> str | None:
    """Return the pattern by which the table of programs knows a name."""
    rows = load_table("diagnosis")["program"]
    patterns = (pattern for row in rows for pattern in row["names"])
    return next((pattern for pattern in patterns if fnmatchcase(name, pattern)), None)
