"""Classify each line: what is it about?

The first word nearly always decides, so most lines cost one look into a dictionary. Few
regular expressions here describe a whole line: kernels add words to their lines, and a
log may have lost some.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from oomlab.mmzone import ZONE_ORDER
from oomlab.parsing.lines import LineKind, LogLines

_COUNTERS = re.compile(r"(?:[A-Za-z_][\w-]*:\d+(?:\s+|$))+(?:[A-Za-z_][\w-]*:?)?$", re.A)
_CUT_COUNTERS = re.compile(r"\d{1,18}(?: [a-z_]{3,30}:\d{1,18}){2,20}$", re.A)
"""Counters of which the log begins in the middle of one."""

_BLOCKS = re.compile(r"\d+\*\d+kB")
_TASK = re.compile(r"\[ *[0-9]+\] +[0-9-]")
_TASK_HEADER = re.compile(r"\[\s*pid\s*\]")
_STAT = re.compile(r"[a-z]\w{1,60} \d+$")
SLAB = re.compile(r"\S.{0,60}\s\d+KB\s+\d+KB$")
_ALLOC = re.compile(r"[\d.]+\s?(?:[KMGT]i)?B\s+\d+\s+\S+:\d+")
_PAGES = re.compile(r"\d{1,18} (?:(?:total |free |reserved |slab )?page(?!tables:)|pages? )")
_HEADER = re.compile(
    r".* invoked oom-killer:|oom-killer:(?! cpuset=|:)|.*\boom-killer: gfp_mask=|\S{1,15} invoked oom-killer$"
)
_FAILED = re.compile(
    r".{0,200}?(?:: page allocation failure[:.]|page allocation failure[:.] ?order|page allocation stalls"
    r"|order allocation failed)"
)
_FAILED_WITH = re.compile(r".{0,200}?(?:alloc\w* fail\w* *[:,(].{0,80}|vmalloc error.{0,120})(?:mode|gfp)")
_BEHIND_NAMES = (" invoked oom-killer", ": page allocation failure", ": vmalloc")
_CPUSET = re.compile(r".{1,16} cpuset=\S{0,200} mems_allowed=")
_CALL = re.compile(r"[\w.$]{1,200} (?:from [\w.$]{1,200}\+0x|\([\w/.-]{1,200}\.[chS]:\d)", re.A)
"""One call: as ARM prints it since 5.17, and as decode_stacktrace.sh writes it down."""

_KILL = re.compile(r".{0,80}?\b[Kk]ill process \d+(?:,| \(| or |$)")
_KILLED = re.compile(r".{0,80}?(?<!have )\b[Kk]illed process \d+(?:,| \(|$)")
_KILL_WORDS = re.compile(r"ill(?:ed)? process \d|no killable process")
"""What the line of a kill holds, somewhere."""

EXITING = re.compile(
    r"(?:(?P<reason>.{0,80}?): OOM victim|tried to kill an mm-less task)"
    r"(?: (?P<pid>\d{1,10}) \((?P<comm>.{0,64})\))?(?: is already exiting|!$)",
    re.A,
)
"""That a process chosen to be killed had given up its memory before.

Source: mm/oom_kill.c, ``__oom_kill_process`` (5.9 and later), ``__oom_kill_task`` (2.6.10 to 2.6.35; the
pid since 2.6.33).
"""

_NO_VICTIM = re.compile(r"[^\"'`(]{0,80}\bno killable process")
_SOURCE = re.compile(r"%(?:[sdup]|l[dux]|#?x)\b|\w\(\s{0,4}(?:KERN_[A-Z]{1,10} |[\w.]{1,20}, )?\"")
"""What only source code has: the places for values in a format string, or a call with a string."""

_ASKED_XMON = re.compile(r"[0-9a-f]{1,4}:mon> mi")
"""How the debugger of ppc64 is asked for the state of memory, with the number of the CPU."""

_ASKED: tuple[tuple[str, LineKind], ...] = (("Show Memory", "show"), ("Manual OOM execution", "manual_oom"))
_PROMPT = re.compile(r".{1,80}(?:login:|[$#%>]) {0,4}[Ss]ys[Rr]q ?: ")

_SWAP: tuple[tuple[str, LineKind], ...] = (
    (" swap", "swap"),
    ("Swap cache", "swap"),
    ("Free pages:", "free_pages"),
)
_CPU: tuple[tuple[str, LineKind], ...] = (
    ("PID:", "identity"),
    ("ainted", "identity"),
    ("hi:", "pcp"),
    ("batch", "pcp"),
    ("", "context"),
)
_ZONE: tuple[tuple[str, LineKind], ...] = (
    (" free:", "zone"),
    (" freepages:", "zone"),
    ("per-cpu:", "pcp_zone"),
)
_USAGE: tuple[tuple[str, LineKind], ...] = ((" usage ", "memcg_usage"), (" limit ", "memcg_usage"))

_BY_FIRST_WORD: dict[str, tuple[tuple[str, LineKind], ...]] = {
    "CPU:": _CPU,
    "CPU": _CPU,
    "cpu": _CPU,
    "Pid:": (("", "identity"),),
    "Process": (("(pid: ", "identity"),),
    "?": (("", "trace"),),
    "Call": (("Trace", "trace"), ("trace", "trace")),
    "Backtrace:": (("", "trace"),),
    "Mem-Info:": (("", "meminfo"),),
    "Mem-info:": (("", "meminfo"),),
    "(": (("ctive:", "totals"),),
    "Node": (
        (" RAM:", "other"),  # ia64 sums up each node once more, in pages
        ("memory in", "other"),
        ("per-cpu:", "pcp_zone"),
        (" free:", "zone"),
        ("*", "blocks"),
        (": empty", "blocks"),
        ("hugepages_", "huge"),
        (":", "node"),
    ),
    "lowmem_reserve[]:": (("", "reserve"),),
    "protections[]:": (("", "reserve"),),
    "Free": _SWAP,
    "Total": _SWAP,
    "Swap": _SWAP,
    "nr_free_swap_pages:": (("", "swap"),),  # 2.6.7 to 2.6.9
    "Unreclaimable": (("slab info", "slab_title"),),
    "Name": (("Used", "slab_title"),),
    "Memory": (
        ("cgroup stats", "memcg_stats"),
        ("llocations:", "alloc_title"),
        ("llocations (profiling", "alloc_title"),  # since 6.18
        ("cgroup min protection", "protection"),
    ),
    "memory:": _USAGE,
    "memory+swap:": _USAGE,
    "swap:": _USAGE,
    "kmem:": _USAGE,
    "Task": (("limit of host", "context"), ("killed as a result", "memcg_task")),  # Alibaba: no group at all
    "Tasks": (("going to be killed", "memcg_group"), ("state", "task_title")),
    "oom_reaper:": (("", "reaped"),),
    "Kernel": (("ut of memory", "panic"), ("ut of Memory", "panic"), ("eadlocked on memory", "panic")),
    "SysRq": (("Show Memory", "show"), ("Manual OOM", "manual_oom")),
    "SLUB:": (("Unable to allocate memory", "slab_failure"),),
    "SLAB:": (("Unable to allocate memory", "slab_failure"),),
    "cache:": ((", object size: ", "slab_failure"),),
    "node": ((": slabs: ", "slab_failure"),),
    "sysrq:": (("Show Memory", "show"), ("Manual OOM", "manual_oom")),
    "warn_alloc_show_mem:": (("callbacks suppressed", "context"),),
    "VM:": (("killing process ", "killed"),),  # 2.4 and 2.6: a page fault got no page
    "Linux": (("Linux version ", "boot"), (" GNU/Linux", "boot")),  # uname -a, which people put above
    "--": (("-- Boot ", "boot"), ("-- Reboot --", "boot")),  # journalctl, between the logs of two boots
}
"""By the first word of a line: words that it may hold, and its kind if it does; the first that fit decide."""

_BY_FIRST_WORD |= dict.fromkeys(ZONE_ORDER, _ZONE)
_BY_FIRST_WORD |= dict.fromkeys((f"{name}:" for name in ZONE_ORDER), (("kB", "blocks"), ("empty", "blocks")))
_BY_FIRST_WORD |= dict.fromkeys(
    (
        "<TASK>",
        "</TASK>",
        "<IRQ>",
        "</IRQ>",
        "Hardware",
        "Workqueue:",
        "Modules",
        "Tainted:",
        "Exception",
        "Stack",
        "Stack:",
        "Code:",
        "RIP:",
        "RSP:",
        "EIP:",
        "RAX:",
        "RDX:",
        "RBP:",
        "R10:",
        "R13:",
        "EAX:",
        "ESI:",
        "DS:",
        "NIP:",
        "NIP",
        "LR",
        "REGS:",
        "MSR:",
        "IRQMASK:",
    ),
    (("", "context"),),
)


def classify(lines: LogLines) -> LogLines:
    """Find the kind of each line. Tasks come first here: most lines of a report are tasks."""
    is_task = _TASK.match
    kinds: list[LineKind] = [
        "task" if text[:1] == "[" and is_task(text) else kind_of(text) if text else "other"
        for text in lines.texts
    ]
    return lines._replace(kinds=kinds)


def kind_of(text: str) -> LineKind:
    """Return the kind of a line; ``"other"`` when no report has such a line.

    >>> kind_of("Normal free:8056kB min:8048kB low:10060kB high:12072kB")
    'zone'
    """
    word = text.partition(" ")[0]
    if word in _BY_FIRST_WORD and not _follows_a_name(text):
        for words, kind in _BY_FIRST_WORD[word]:
            if words in text:
                return kind
    elif "+0x" in word:
        return "trace"
    return _BY_FIRST_CHARACTER.get(word[:1], _worded)(text)


def _follows_a_name(text: str) -> bool:
    """Whether a line begins with the name of a process, any words, and shows its kind behind it."""
    if "=" in text or "mode:" in text:
        return any(map(text.__contains__, _BEHIND_NAMES)) or _CPUSET.match(text) is not None
    return False


def _empty(text: str) -> LineKind:
    return "other"


def _bracketed(text: str) -> LineKind:
    if _TASK.match(text):
        return "task"
    if _TASK_HEADER.match(text):
        return "task_header"
    return "trace" if "+0x" in text or text.startswith(("[<", "([<")) else _worded(text)


def _numbered(text: str) -> LineKind:
    if _follows_a_name(text):
        return _worded(text)
    if _PAGES.match(text):
        return "pages"
    if _BLOCKS.match(text):
        return "blocks"
    if "mon> mi" in text and _ASKED_XMON.match(text):
        return "show"
    if _CUT_COUNTERS.match(text):
        return "totals"
    return "alloc" if _ALLOC.match(text) else _worded(text)


def _worded(text: str) -> LineKind:
    """Judge a line whose first word can be anything, such as the name of a process."""
    if ": page allocation failure" in text:
        return _unless_source("failure", text)
    if text.startswith("oom-kill:") and not _follows_a_name(text):
        return "constraint"  # whatever the path of a group says
    if "oom-killer" in text and _HEADER.match(text):
        return _unless_source("header", text)
    if "rocess" in text and (kind := _kill(text)) is not None:
        return kind
    if ("already exiting" in text or "mm-less" in text) and EXITING.match(text):
        return "exiting"
    if "alloc" in text and (_FAILED.match(text) or _FAILED_WITH.match(text)):
        return _unless_source("failure", text)
    if ("ysrq: " in text or "ysRq" in text) and (asked := _asked(text)) is not None:
        return asked
    return _paired(text)


def _asked(text: str) -> LineKind | None:
    """Judge a line in which the console's own prompt stands before the answer to a key."""
    return next((kind for word, kind in _ASKED if text.endswith(word) and _PROMPT.match(text)), None)


def _unless_source(kind: LineKind, text: str) -> LineKind:
    """Return the kind of a line, unless it is source code that prints such lines.

    Where only the name before it looks like source, that is the name of a process.
    """
    behind = text[max(text.find(" invoked "), text.find(": page "), text.find(": vmalloc")) + 1 :]
    return "other" if ("%" in behind or '"' in behind) and _SOURCE.search(text) else kind


def _kill(text: str) -> LineKind | None:
    if not _KILL_WORDS.search(text):
        return None
    if _KILLED.match(text):
        return "killed"
    if _KILL.match(text):
        return "killed" if "sharing same memory" in text else "chosen"
    return "panic" if _NO_VICTIM.match(text) else None


def _paired(text: str) -> LineKind:
    """Judge a line that is names and numbers."""
    if " cpuset=" in text and (" mems_allowed=" in text or text.endswith("=")):
        return "cpuset"
    if _COUNTERS.match(text):
        return "totals"
    if text.startswith("Zone:"):
        return "zone"
    if "KB" in text and SLAB.match(text):
        return "slab"
    return "memcg_stat" if _STAT.match(text) else "trace" if _CALL.match(text) else "other"


_BY_FIRST_CHARACTER: dict[str, Callable[[str], LineKind]] = {
    "": _empty,
    "[": _bracketed,
    "(": _bracketed,
    **dict.fromkeys("0123456789", _numbered),
}
