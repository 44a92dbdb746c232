"""``[[steps]]`` of a plan and of its applications, checked: a command, a probe or a prompt, and when."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from app import values
from app.config_table import Document, Table
from app.database_settings import ARGUMENTS, PASSWORD
from app.plans.records import (
    STEP_KEYS,
    STEP_KINDS,
    USUAL_KINDS,
    Command,
    HttpProbe,
    Kind,
    PlanStep,
    PlanWhen,
    Prompt,
    TcpProbe,
    When,
)
from app.toml_lines import KeyPath
from app.values import Check, UnexpectedError

W = TypeVar("W", bound=StrEnum)
USUAL_S = 300.0
_ASKED = ("command", "tcp", "http", "ask")
_SECRET = re.compile(r"(?i)(?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key)\s*[=:]\s*\S|^--?pass(?:word)?$")
_TIMEOUT = values.duration(1, 86400)
_WORDS = values.text("what to do, for the person who does it", 500)
_LABEL = values.text("what it is called", 80)
_HOST = values.name("the name of one of [[hosts]]")


def steps(
    document: Document, content: object, where: KeyPath, label: str, moments: type[When] | type[PlanWhen]
) -> tuple[PlanStep, ...]:
    """The steps of one list; those with an error are left out, after a complaint."""
    found = (_step(table, moments) for table in document.tables(content, where, label))
    return tuple(step for step in found if step is not None)


def _step(table: Table, moments: type[When] | type[PlanWhen]) -> PlanStep | None:
    table.only(STEP_KEYS)
    when = _when(table, moments)
    given = [key for key in _ASKED if table.has(key)]
    line = table.document.line((*table.where, "when"))
    if len(given) != 1:
        table.complain(
            given[1] if given else "when", f"one of {', '.join(_ASKED)} in a step", ", ".join(given) or "none"
        )
        return None
    if table.has("on") and not table.has("command"):
        table.complain("on", "on only beside command: probes go out from this machine", "on")
    if table.has("timeout") and table.has("ask"):
        table.complain("timeout", "no timeout beside ask: a person takes their time", "timeout")
    does = _MAKERS[given[0]](table, table.get("timeout", _TIMEOUT, USUAL_S))
    if when is None or does is None:
        return None
    return PlanStep(when, table.maybe("name", _LABEL) or _called(does), does, line, _kinds(table, when))


def _kinds(table: Table, when: When | PlanWhen) -> tuple[Kind, ...]:
    if not table.has("kinds"):
        return USUAL_KINDS
    found = tuple(dict.fromkeys(table.each("kinds", _KIND)))
    if table.values.get("kinds") == []:
        table.complain("kinds", f"at least one of {', '.join(STEP_KINDS)}", "none")
    stopped = (Kind.PLANNED, Kind.FAILBACK)
    if when is When.BEFORE_STOP and any(kind not in stopped for kind in found):
        table.complain("kinds", f"{' or '.join(stopped)} beside {when}: nothing is stopped before", ", ".join(found))
    return found


def _as_kind(value: object) -> Kind:
    if not isinstance(value, str) or value not in STEP_KINDS:
        raise UnexpectedError
    return Kind(value)


_KIND = Check(f"one of {', '.join(STEP_KINDS)}", _as_kind)


def _when(table: Table, moments: type[When] | type[PlanWhen]) -> When | PlanWhen | None:
    if not table.has("when"):
        table.complain("when", values.one_of(moments).expected, "nothing")
        return None
    if moments is When:
        return table.maybe("when", values.one_of(When))
    return table.maybe("when", values.one_of(PlanWhen))


def _called(does: Command | TcpProbe | HttpProbe | Prompt) -> str:
    match does:
        case Command():
            return f"Run {does.argv[0].rpartition('/')[2]}"
        case TcpProbe():
            return f"Wait until {does.host}:{does.port} answers"
        case HttpProbe():
            return f"Wait until {does.url} answers"
        case Prompt():
            return does.instruction


def _command(table: Table, timeout_s: float) -> Command | None:
    """Its arguments are shown to no one where they are refused: what looks like a secret may be one."""
    value = table.values["command"]
    if not isinstance(value, list) or not value or not all(isinstance(word, str) for word in value):
        table.complain(
            "command", 'a list of a program and its arguments: ["/usr/local/bin/stop", "erp"]', "something else"
        )
        return None
    argv = tuple(str(word) for word in value)
    printable = all(word.isprintable() for word in argv) and sum(map(len, argv)) <= 1000
    if not argv[0] or not printable:
        table.complain(
            "command", "a program and arguments of printable text, at most 1000 characters", "something else"
        )
        return None
    if PASSWORD.search(shlex.join(argv)) or any(_SECRET.search(word) for word in argv):
        table.complain("command", ARGUMENTS, "one (not shown here)")
        return None
    return Command(argv, table.maybe("on", _HOST), timeout_s)


def _tcp(table: Table, timeout_s: float) -> TcpProbe | None:
    found = table.maybe("tcp", _ADDRESS)
    return None if found is None else TcpProbe(*found, timeout_s)


def _http(table: Table, timeout_s: float) -> HttpProbe | None:
    found = table.maybe("http", _URL)
    return None if found is None else HttpProbe(found, timeout_s)


def _ask(table: Table, timeout_s: float) -> Prompt | None:
    found = table.maybe("ask", _WORDS)
    return None if found is None else Prompt(found)


_MAKERS: dict[str, Callable[[Table, float], Command | TcpProbe | HttpProbe | Prompt | None]] = {
    "command": _command,
    "tcp": _tcp,
    "http": _http,
    "ask": _ask,
}


def _address(value: object) -> tuple[str, int]:
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise UnexpectedError
    return values.HOST.convert(host.strip("[]")), int(port)


def _url(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or " " in value or len(value) > 500:
        raise UnexpectedError
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise UnexpectedError from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise UnexpectedError
    if parts.username is not None or parts.password is not None or _SECRET.search(parts.query):
        raise UnexpectedError("an address without a login or a secret in it")
    return value


_ADDRESS = Check('a TCP port to be tried, as "HOST:PORT"', _address)
_URL = Check('an address to be asked, as "https://HOST/PATH"', _url, hidden=True)
