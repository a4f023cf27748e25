"""The forms that loggers, mailers, terminals, web pages and exports give to the lines of a log."""

from __future__ import annotations

import csv
import html
import io
import json
import quopri
import re
import textwrap
from collections.abc import Callable

LEVELS = ("warn", "info", "err ")


def each(form: str, **options: object) -> Callable[[list[str]], str]:
    """Put something before every line: a time ``{t}`` that goes on, a number ``{n}``, a ``{level}``."""

    def write(lines: list[str]) -> str:
        return "\n".join(
            form.format(
                t=f"{1772321 + index // 9}.{850644 + index:06d}",
                n=index + 17,
                s=index % 60,
                level=LEVELS[index % 3],
            )
            + line
            for index, line in enumerate(lines)
        )

    return write


def journal(lines: list[str], indent: int | None = None) -> str:
    """What journalctl -o json and -o json-pretty print."""
    entries = (
        {
            "__CURSOR": f"s=0c{n};i={n}",
            "_TRANSPORT": "kernel",
            "PRIORITY": "4",
            "MESSAGE": line,
            "_HOSTNAME": "x",
        }
        for n, line in enumerate(lines)
    )
    return "\n".join(json.dumps(entry, indent=indent) for entry in entries)


def export(lines: list[str]) -> str:
    """What journalctl -o export prints."""
    return "\n\n".join(
        f"__CURSOR=s=0c{n}\nPRIORITY=4\n_TRANSPORT=kernel\nMESSAGE={line}" for n, line in enumerate(lines)
    )


def soft(width: int, prefix: str = "") -> Callable[[list[str]], str]:
    """Wrap at blanks, as mailers do."""

    def wrap(lines: list[str]) -> str:
        done = []
        for line in lines:
            done += textwrap.wrap(
                line, width, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
            ) or [""]
        return "\n".join(prefix + line for line in done)

    return wrap


def hard(width: int) -> Callable[[list[str]], str]:
    """Cut at the last column, as terminals do."""

    def wrap(lines: list[str]) -> str:
        return "\n".join(line[at : at + width] for line in lines for at in range(0, max(len(line), 1), width))

    return wrap


def backslashed(width: int) -> Callable[[list[str]], str]:
    """Cut at the last column but one, and mark the cut there, as Emacs does."""

    def wrap(lines: list[str]) -> str:
        parts = (
            [line[at : at + width - 1] for at in range(0, max(len(line), 1), width - 1)] for line in lines
        )
        return "\n".join("\\\n".join(each) for each in parts)

    return wrap


def around(before: str, after: str) -> Callable[[list[str]], str]:
    """Put something on either side of every line."""
    return lambda lines: "\n".join(f"{before}{line}{after}" for line in lines)


def then(*steps: Callable[[list[str]], str]) -> Callable[[list[str]], str]:
    """One after the other."""

    def write(lines: list[str]) -> str:
        for step in steps:
            lines = step(lines).split("\n")
        return "\n".join(lines)

    return write


def rows(
    write: Callable[[str, str], object],
    whole: Callable[[list[object]], object] | None = None,
    indent: int | None = None,
) -> Callable[[list[str]], str]:
    """Write one JSON value for each line and its time, as lines or, with ``whole``, as one document."""

    def form(lines: list[str]) -> str:
        found = [write(f"2025-09-09T02:04:{n % 60:02d}.{n:06d}Z", line) for n, line in enumerate(lines)]
        if whole is None:
            return "\n".join(map(json.dumps, found))
        return json.dumps(whole(found), indent=indent)

    return form


def framed(lines: list[str]) -> str:
    """Syslog over TCP: each message with its length before it, and no line ends."""
    messages = [f"<4>1 2025-09-09T02:04:{n % 60:02d}Z db kernel - - - {line}" for n, line in enumerate(lines)]
    return "".join(f"{len(message.encode())} {message}" for message in messages)


def partial(lines: list[str]) -> str:
    """CRI's log of a container, whose runtime cuts long lines."""
    return "\n".join(
        f"2025-09-09T02:04:16.{n:09d}Z stdout {'P' if at + 60 < len(line) else 'F'} {line[at : at + 60]}"
        for n, line in enumerate(lines)
        for at in range(0, max(len(line), 1), 60)
    )


SYSLOG = each("Sep 23 02:04:{s:02d} db-7.example.org kernel: ")
UPTIME = each("[{t}] ")

FORMS: dict[str, Callable[[list[str]], str]] = {
    "none": "\n".join,
    "uptime": UPTIME,
    "uptime and caller": each("[{t}][ T{n}00] ".replace("{n}00", "812")),
    "level": each("<4>[{t}] "),
    "kmsg": each("4,{n},{t},-;".replace("{t}", "{n}000123")),
    "kmsg and caller": each("4,{n},{n}000123,-,caller=T812;"),
    "dmesg -x": each("kern  :warn  : [{t}] "),
    "dmesg -x with its levels": each("kern  :{level}  : [{t}] "),
    "dmesg -x inside another stamp": each("[{t}] kern  :{level}  : [{t}] "),
    "level between two stamps": each("2025-09-09T02:04:{s:02d}Z {level}: [{t}] "),
    "dmesg -T": each("[Tue Sep  9 02:04:{s:02d} 2025] "),
    "dmesg -T in German": each("[Di Sep  9 02:04:{s:02d} 2025] "),
    "dmesg -T in French": each("[mar. sept. 9 02:04:{s:02d} 2025] "),
    "dmesg -T in Russian": each("[Вт сен  9 02:04:{s:02d} 2025] "),
    "dmesg -T in Japanese": each("[火  9月  9 02:04:{s:02d} 2025] "),
    "dmesg -T in Chinese": each("[二 9月  9 02:04:{s:02d} 2025] "),
    "dmesg --time-format=iso": each("2025-09-09T02:04:{s:02d},850644+02:00 "),
    "dmesg -e": each("[  +0.{n:06d}] "),
    "BSD syslog": SYSLOG,
    "BSD syslog and uptime": each("Sep 23 02:04:{s:02d} db kernel: [{t}] "),
    "syslog with a facility": each("Sep 23 02:04:{s:02d} db user.warn kernel: "),
    "rsyslog": each("2025-09-09T02:04:{s:02d}.123456+02:00 db kernel: [{t}] "),
    "RFC 5424": each("<4>1 2025-09-09T02:04:{s:02d}.123Z db kernel - - - "),
    "svlogd": each("2025-09-09_02:04:{s:02d}.85064 kern.warn: [{t}] "),
    "journalctl -o short-full": each("Tue 2025-09-09 02:04:{s:02d} CEST db kernel: "),
    "journalctl -o short-iso": each("2025-09-09T02:04:{s:02d}+0200 db kernel: "),
    "journalctl -o short-precise": each("Sep 09 02:04:{s:02d}.123456 db kernel: "),
    "journalctl in German": each("Sep 09 02:04:{s:02d} db kernel: "),
    "journalctl -o json": journal,
    "journalctl -o json-pretty": lambda lines: journal(lines, indent=8),
    "journalctl -o export": export,
    "syslog without a tag": each("Dec 17 13:46:{s:02d} sleepy "),
    "a tag without a time": each(" kernel: [{t}] "),
    "a tag alone": each("kernel: "),
    "a serial console behind a prompt": lambda lines: "db7 login: " + "\n".join(lines),
    "metalog": each("Sep 23 02:04:{s:02d} [kernel] [{t}] "),
    "OpenWrt": each("Tue Sep  9 02:04:{s:02d} 2025 kern.warn kernel: [{t}] "),
    "logcat": each("09-09 02:04:{s:02d}.123     0     0 W kernel  : [{t}] "),
    "Samsung": each("<4>[{t}]  [2:     kswapd0:   81] "),
    "docker": lambda lines: "\n".join(
        json.dumps({"log": line + "\n", "stream": "stdout", "time": "2025-09-09T02:04:16Z"}) for line in lines
    ),
    "Kubernetes": each("2025-09-09T02:04:{s:02d}.123456789Z stdout F [{t}] "),
    "grep -n": each("{n}:Sep 23 02:04:{s:02d} db kernel: "),
    "grep in many files": each("/var/log/messages.1:Sep 23 02:04:{s:02d} db kernel: "),
    "serial console": each("[2025-09-09 02:04:{s:02d}.123] [{t}] "),
    "quoted": then(UPTIME, each("> ")),
    "quoted 14 deep": then(SYSLOG, each("> > >> > >>> > > > > > > ")),
    "indented": then(UPTIME, each("    ")),
    "CRLF": lambda lines: UPTIME(lines).replace("\n", "\r\n"),
    "CR CR LF": lambda lines: UPTIME(lines).replace("\n", "\r\r\n"),
    "coloured": each("\x1b[32m[{t}] \x1b[0m"),
    "coloured by systemd": each("Sep 09 02:04:16 db kernel: \x1b[0;1;38:5:185m"),
    "coloured, without ESC": each("[32m[{t}] [0m"),
    "coloured by systemd, without ESC": lambda lines: "\n".join(
        f"Sep 09 02:04:16 db kernel: [0;1;38;5;185m{line}[0m" for line in lines
    ),
    "coloured, with ^[": each("^[[32m[{t}] ^[[0m^[[33m"),
    "coloured, with ESC spelt out": each("ESC[32m[{t}] ESC[m"),
    "coloured, through rsyslog": each("Sep  9 02:04:{s:02d} db kernel: #033[32m[{t}] #033[0m"),
    "coloured, in Python": each(r"\x1b[32m[{t}] \x1b[0m"),
    "coloured, in a shell": each(r"\e[32m[{t}] \e[0m"),
    "coloured, in C": each(r"\033[01;32m[{t}] \033[00m"),
    "coloured, in JSON": lambda lines: "\n".join(
        json.dumps({"log": f"\x1b[32m{line}\x1b[0m\n", "stream": "stdout"})
        for line in UPTIME(lines).split("\n")
    ),
    "set with ligatures": lambda lines: re.sub(
        "ff|fi|fl", lambda match: {"ff": "\ufb00", "fi": "\ufb01", "fl": "\ufb02"}[match[0]], UPTIME(lines)
    ),
    "set with hyphens": lambda lines: UPTIME(lines).replace("-", "\u2010"),
    "set with signs of minus": lambda lines: UPTIME(lines).replace("-", "\u2212"),
    "signs of minus": lambda lines: re.sub(r"(?<![\w.])-(?=\d)", "\u2212", UPTIME(lines)),
    "hard blanks": lambda lines: UPTIME(lines).replace("  ", "\u00a0 "),
    "hard blanks read as Latin-1": lambda lines: UPTIME(lines).replace("  ", "\u00c2\u00a0 "),
    "hard blanks turned into letters": then(
        lambda lines: UPTIME(lines).replace("  ", " A "), each("> A  A  A  A ")
    ),
    "quoted-printable": lambda lines: quopri.encodestring(UPTIME(lines).encode()).decode(),
    "HTML": lambda lines: "<pre><code>" + html.escape(UPTIME(lines)) + "</code></pre>",
    "HTML with breaks": lambda lines: html.escape(SYSLOG(lines)).replace("\n", "<br />\n"),
    "HTML in a numbered table": lambda lines: "".join(
        f"<tr><td>{n}</td><td>{html.escape(line)}</td></tr>"
        for n, line in enumerate(UPTIME(lines).split("\n"))
    ),
    "HTML in a list": lambda lines: "".join(f"<li>{html.escape(line)}" for line in UPTIME(lines).split("\n")),
    "CSV": lambda lines: "\n".join(
        '"2025-09-09 02:04:16","kernel","' + line.replace('"', '""') + '"'
        for line in UPTIME(lines).split("\n")
    ),
    "strings in a program": lambda lines: "\n".join(rf'    "{line}\n"' for line in UPTIME(lines).split("\n")),
    "a Markdown table": lambda lines: "\n".join(f"| {line} |" for line in UPTIME(lines).split("\n")),
    "the frame of a terminal": lambda lines: "\n".join(
        f"│{line:<200}│" for line in UPTIME(lines).split("\n")
    ),
    "one JSON string": lambda lines: json.dumps({"dmesg": UPTIME(lines) + "\n"}),
    "a JSON list": lambda lines: json.dumps(UPTIME(lines).split("\n")),
    "Google's JSON": lambda lines: json.dumps(
        [{"insertId": "x", "textPayload": line, "timestamp": "2025-09-09T02:04:16Z"} for line in lines],
        indent=2,
    ),
    "Google's JSON, structured": lambda lines: "\n".join(
        json.dumps({"insertId": "x", "jsonPayload": {"message": line, "host": "db"}}) for line in lines
    ),
    "Elastic's JSON": lambda lines: "\n".join(json.dumps({"_source": {"message": line}}) for line in lines),
    "HTML on one line": lambda lines: html.escape(SYSLOG(lines)).replace("\n", "<br>"),
    "CloudWatch's JSON": rows(
        lambda t, line: {"timestamp": 1, "message": line}, whole=lambda e: {"events": e}
    ),
    "CloudWatch's JSON, indented": rows(
        lambda t, line: {"timestamp": 1, "message": line, "ingestionTime": 2},
        whole=lambda e: {"events": e, "nextForwardToken": "f/3"},
        indent=4,
    ),
    "CloudWatch Insights": rows(
        lambda t, line: [{"field": "@timestamp", "value": t}, {"field": "@message", "value": line}],
        whole=lambda e: {"results": e, "status": "Complete"},
        indent=2,
    ),
    "CloudWatch's text": lambda lines: "\n".join(
        f"EVENTS\t{1704164645000 + n}\t{line}\t{1704164645001 + n}"
        for n, line in enumerate(UPTIME(lines).split("\n"))
    ),
    "EC2's console": lambda lines: json.dumps(
        {"InstanceId": "i-1", "Output": UPTIME(lines).replace("\n", "\r\n"), "Timestamp": "2025-09-09"},
        indent=4,
    ),
    "Loki": rows(
        lambda t, line: ["1704164645000000000", line],
        whole=lambda e: {"status": "success", "data": {"result": [{"stream": {"job": "k"}, "values": e}]}},
    ),
    "logcli": rows(lambda t, line: {"labels": {"job": "k"}, "line": line, "timestamp": t}),
    "Splunk": rows(lambda t, line: {"preview": False, "result": {"_time": t, "_raw": line}}),
    "GELF": rows(lambda t, line: {"version": "1.1", "host": "db", "short_message": line, "level": 4}),
    "OpenTelemetry": rows(lambda t, line: {"timeUnixNano": "1", "body": {"stringValue": line}}),
    "Datadog": rows(lambda t, line: {"id": "x", "attributes": {"timestamp": t, "event": line}}),
    "Azure": rows(
        lambda t, line: [t, line],
        whole=lambda e: {"tables": [{"columns": [{"name": "Time"}, {"name": "SyslogMessage"}], "rows": e}]},
        indent=1,
    ),
    "a stream of events": lambda lines: journal(lines).replace("{", "data: {").replace("}\n", "}\n\n"),
    "journald's lists of bytes": lambda lines: "\n".join(
        json.dumps({"_HOSTNAME": "h", "MESSAGE": list(line.encode())}) for line in lines
    ),
    "XML on one line": lambda lines: (
        "<log>"
        + "".join(
            f'<line n="{n}">{html.escape(line)}</line>' for n, line in enumerate(SYSLOG(lines).split("\n"))
        )
        + "</log>"
    ),
    "XML": lambda lines: "\n".join(f"<msg>{html.escape(line)}</msg>" for line in SYSLOG(lines).split("\n")),
    "CDATA": lambda lines: "\n".join(f"<m><![CDATA[{line}]]></m>" for line in SYSLOG(lines).split("\n")),
    "CSV with a time behind": lambda lines: (
        '"_raw","_time"\n'
        + "\n".join(
            '"' + line.replace('"', '""') + f'","2025-09-09T02:04:{n % 60:02d}.000000Z"'
            for n, line in enumerate(SYSLOG(lines).split("\n"))
        )
    ),
    "RFC 5424 with lengths": framed,
    "CRI's partial lines": partial,
    "CR alone": lambda lines: UPTIME(lines).replace("\n", "\r"),
    "NEL alone": lambda lines: UPTIME(lines).replace("\n", "\u0085"),
    "line separators": lambda lines: UPTIME(lines).replace("\n", "\u2028"),
    "form feeds": lambda lines: UPTIME(lines).replace("\n", "\f"),
    "vertical tabs before LF": lambda lines: UPTIME(lines).replace("\n", "\v\n"),
    "a Python list": lambda lines: repr(UPTIME(lines).split("\n")),
    "a Python list of bytes": lambda lines: repr([line.encode() for line in UPTIME(lines).split("\n")]),
    "bold": lambda lines: "\n".join(f"**{line}**" for line in SYSLOG(lines).split("\n")),
    "Markdown escapes": lambda lines: SYSLOG(lines).replace("_", r"\_").replace("*", r"\*"),
    "a blank line between": lambda lines: UPTIME(lines).replace("\n", "\n\n"),
    "one line": lambda lines: UPTIME(lines).replace("\n", " "),
    "one line, no stamps": " ".join,
    "one line, newlines escaped": lambda lines: UPTIME(lines).replace("\n", "\\n"),
    "wrapped by a mailer": soft(76),
    "wrapped by a mailer after quoting": then(UPTIME, each("> "), soft(76)),
    "wrapped by a mailer, then quoted": then(UPTIME, soft(72), each(">> ")),
    "wrapped by a mailer after syslog": then(SYSLOG, soft(76), each("> ")),
    "wrapped by a mailer, then numbered": then(UPTIME, soft(76), each("{n}\t")),
    "wrapped by a mailer, then found by grep -n": then(UPTIME, soft(76), each("{n}:")),
    "wrapped by a mailer, then in YAML": then(UPTIME, soft(76), around("  - '", "'")),
    "wrapped by a mailer, then in XML": then(UPTIME, soft(76), around("<line n='7'>", "</line>")),
    "wrapped with levels, then numbered": then(each("<4>[{t}] "), soft(76), each("{n}:")),
    "numbered, no stamps": each("{n}\t"),
    "overrides of the direction": then(UPTIME, around("\u202e", "\u202c")),
    "wrapped by Emacs": then(UPTIME, backslashed(80)),
    "wrapped by Emacs at 64 columns, no stamps": backslashed(64),
    "wrapped by Emacs, then quoted": then(SYSLOG, backslashed(78), each("> ")),
    "wrapped by hand for a shell": lambda lines: (
        soft(72)(UPTIME(lines).split("\n")).replace("\n", " \\\n").replace(" \\\n[1", "\n[1")
    ),
    "Markdown's hard breaks": lambda lines: UPTIME(lines).replace("\n", "\\\n"),
    "Markdown's hard breaks, no stamps": "\\\n".join,
    "wrapped at 200 columns": then(UPTIME, hard(200)),
    "wrapped at 132 columns": then(SYSLOG, hard(132)),
    "wrapped at 120 columns, no stamps": hard(120),
    "filled by a mailer": lambda lines: textwrap.fill(
        " ".join(SYSLOG(lines).split()), 76, break_on_hyphens=False, break_long_words=False
    ),
    "filled by a mailer, quoted": lambda lines: textwrap.indent(
        textwrap.fill(" ".join(UPTIME(lines).split()), 72, break_on_hyphens=False, break_long_words=False),
        "> ",
    ),
}

CLOCK = "2025-09-09T02:04:16"


def document(write: Callable[[int, str], str], between: str = "\n") -> Callable[[list[str]], str]:
    """Write each line, and its number, in a form of its own."""
    return lambda lines: between.join(write(n, line) for n, line in enumerate(lines))


def fragmented(n: int, line: str, before: str = "", size: int = 47) -> str:
    """What netconsole sends of a message that is too long for one packet."""
    header = f"{before}4,{n},5121{n:06d},-"
    if len(line) <= size:
        return f"{header};{line}"
    places = range(0, len(line), size)
    return "\n".join(f"{header},ncfrag={at}/{len(line) + 1};{line[at : at + size]}" for at in places)


def stamped(write: Callable[[int, str], str], between: str = "\n") -> Callable[[list[str]], str]:
    """Write each line with the kernel's own time in a form of its own."""
    return lambda lines: document(write, between)(UPTIME(lines).split("\n"))


def table(
    names: list[str], write: Callable[[int, str], list[str]], delimiter: str = ","
) -> Callable[[list[str]], str]:
    """Write CSV as most programs do: only cells that need it stand in quotation marks."""

    def form(lines: list[str]) -> str:
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter).writerows(
            [names, *(write(n, line) for n, line in enumerate(lines))]
        )
        return text.getvalue()

    return form


def folded(n: int, line: str) -> str:
    """One document of ``gcloud logging read``: PyYAML folds text at 80 columns."""
    text = "'" + line.replace("'", "''") + "'"
    parts = textwrap.wrap(
        text, 80, initial_indent="textPayload: ", break_long_words=False, break_on_hyphens=False
    )
    value = "\n  ".join(parts)
    return f"insertId: a{n}\nlogName: projects/p/logs/kernel\n{value}\ntimestamp: '{CLOCK}.{n:06d}Z'"


SEVERITIES = ("warning", "err", "info")


def by_turns(form: str, *words: str) -> Callable[[list[str]], str]:
    """Put something before every line in which one ``{word}`` is another in each."""
    return document(lambda n, line: form.format(word=words[n % len(words)], n=n, s=n % 60) + line)


FORMS |= {
    "a severity before the tag": by_turns("Sep 23 02:04:{s:02d} slot1/lb-2 {word} kernel: ", *SEVERITIES),
    "a severity in brackets": by_turns("Sep 23 02:04:{s:02d} db.example [{word}] kernel: ", *SEVERITIES),
    "a facility and a severity": by_turns("2025-09-09T02:04:{s:02d}Z DB7 kern {word} kernel: ", *SEVERITIES),
    "a user's facility and a severity": by_turns(
        "Sep 23 02:04:{s:02d} OpenWrt {word} kernel: ", "user.warn", "user.err", "kern.notice"
    ),
    "ChromeOS": by_turns("2025-09-09T02:04:{s:02d}.{n:06d}Z {word} kernel: ", "WARNING", "ERR", "INFO"),
    "severities in C": by_turns("Sep 23 02:04:{s:02d} {word} kernel: ", "LOG_WARNING", "LOG_ERR"),
    "letters in place of a host": by_turns("Sep 23 02:04:{s:02d} <{word}> kernel: ", "W", "E", "I"),
    "severities in German": lambda lines: "\n".join(
        f"Sep 23 02:04:16 {('Warnung', 'Fehler')[n % 2]} kernel: [{5121 + n / 1e6:.6f}] {line}"
        for n, line in enumerate(lines)
    ),
    "a number of its own behind the host": by_turns("Sep 23 02:04:{s:02d} db {n:06d} kernel: ", ""),
    "a name of its own behind the host": by_turns("Sep 23 02:04:{s:02d} db msg{n} kernel: ", ""),
    "a CPU behind the host": by_turns("Sep 23 02:04:{s:02d} db {word} kernel: ", "cpu0", "cpu1", "cpu2"),
    "a host with its domain and without": by_turns(
        "Sep 23 02:04:{s:02d} {word} kernel: ", "db7.example.org", "db7"
    ),
    "CRI's two streams": by_turns("2025-09-09T02:04:{s:02d}.1Z {word} F ", "stdout", "stderr"),
    "two virtual CPUs": by_turns("2025-09-09T02:04:{s:02d}.1Z| {word}| I125: ", "vcpu-0", "vcpu-1"),
    "letters for severities": by_turns("09-09 02:04:{s:02d}.1 0 0 {word} kernel  : ", "W", "E", "I"),
    "a prompt that changes its words": by_turns("2025-09-09 02:04:{s:02d} {word} ", "guest", "console"),
    "threads, with the kernel's time": lambda lines: "\n".join(
        f"2025-09-09 02:04:16 relay-{n % 3} [{5121 + n / 1e6:.6f}] {line}" for n, line in enumerate(lines)
    ),
    "Samsung, from CPU to CPU": lambda lines: "\n".join(
        f"<4>[{5121 + n / 1e6:12.6f}] [{n // 20}: {'grab':>14}: 4242] {line}" for n, line in enumerate(lines)
    ),
    "each line without and with the uptime": document(
        lambda n, line: (
            f"Sep  9 02:04:16 db kernel: {line}\nSep  9 02:04:16 db kernel: [ 5121.{n:06d}] {line}"
        )
    ),
    "dmesg --json": lambda lines: json.dumps(
        {"dmesg": [{"pri": 4, "time": 5121 + n / 1e6, "msg": line} for n, line in enumerate(lines)]}, indent=3
    ),
    "dmesg -H": document(lambda n, line: f"[{'Sep 9 02:04' if n == 0 else f'  +0.{n:06d}'}] {line}"),
    "dmesg -d": document(lambda n, line: f"[ 5121.{n:06d} <    0.000012>] {line}"),
    "netconsole with the release": document(lambda n, line: f"6.1.0-9-amd64,4,{n},5121{n:06d},-;{line}"),
    "netconsole in fragments": document(fragmented),
    "netconsole in fragments, without line ends between": document(
        lambda n, line: fragmented(n, line).replace("\n", "")
    ),
    "netconsole in fragments, dated": document(
        lambda n, line: fragmented(n, line, "Sep 23 02:04:16 db 6.13.0-rc1,")
    ),
    "kmsg with a dictionary": document(
        lambda n, line: f"4,{n},5121{n:06d},-;{line}\n SUBSYSTEM=mm\n DEVICE=+mm:0"
    ),
    "journalctl -o verbose": document(
        lambda n, line: (
            f"Tue 2025-09-09 02:04:16.{n:06d} UTC [s=a;i={n}]\n    PRIORITY=4\n    MESSAGE={line}\n    _PID=0"
        )
    ),
    "journalctl -o json-sse": document(lambda n, line: "data: " + json.dumps({"MESSAGE": line}), "\n\n"),
    "journalctl -o short-unix": document(lambda n, line: f"1757383456.{n:06d} db kernel: {line}"),
    "Google's YAML": document(folded, "\n---\n"),
    "logfmt": document(lambda n, line: f'time="{CLOCK}Z" level=warning msg={json.dumps(line)}'),
    "fluentd": document(
        lambda n, line: f"2025-09-09 02:04:16.{n:09d} +0000 kernel.log: {json.dumps({'message': line})}"
    ),
    "fluent-bit": document(
        lambda n, line: f"[0] kmsg: [[1757383456.{n:09d}, {{}}], {json.dumps({'msg': line})}]"
    ),
    "fluent-bit before 2.1": document(
        lambda n, line: f'[{n}] kmsg.0: [1757383456.{n:09d}, {{"priority"=>4, "msg"=>"{line}"}}]'
    ),
    "Kibana's CSV": table(
        ["@timestamp", "host", "message"], lambda n, line: [f"Sep 9, 2025 @ 02:04:16.{n:03d}", "db", line]
    ),
    "Grafana's CSV": table(
        ["Time", "Line", "tsNs", "id"],
        lambda n, line: [f"175738345{n:04d}", line, f"1757383{n:012d}", f"{n}_ab"],
    ),
    "CSV with semicolons": table(["time", "host", "msg"], lambda n, line: [f"{CLOCK}Z", "db", line], ";"),
    "Papertrail": stamped(
        lambda n, line: f"10234567{n:09d}\t{CLOCK}Z\t12345\tdb\t10.0.0.1\tKern\tWarning\tkernel\t{line}"
    ),
    "a table of psql": document(lambda n, line: f" 2025-09-09 02:04:16 | db | {line}"),
    "Ansible's JSON": lambda lines: (
        "db | CHANGED => "
        + json.dumps(
            {"changed": True, "stdout": UPTIME(lines), "stdout_lines": UPTIME(lines).split("\n")}, indent=4
        )
    ),
    "strace": stamped(lambda n, line: f'write(1, "{line}\\n", {len(line) + 1}) = {len(line) + 1}'),
    "attributes of XML": stamped(lambda n, line: f'<event time="1" msg="{html.escape(line)}"/>'),
    "CEF": document(lambda n, line: "CEF:0|Linux|kernel|6.1|100|kmsg|4|msg=" + line.replace("=", r"\=")),
    "GitLab's log of a job": stamped(lambda n, line: f"\x1b[0;m{CLOCK}.{n:06d}Z 01O {line}\x1b[0;m"),
    "VMware's serial port": stamped(lambda n, line: f"{CLOCK}.123Z| vcpu-0| I125: Guest: {line}"),
}
