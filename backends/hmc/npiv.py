"""The NPIV maps and ports of a VIOS, as ``viosvrcmd … -c "lsmap -all -npiv"`` and ``-c lsnports`` print them.

Of maps one block per ``vfchost``: a heading with a line of dashes that shows where the columns stand, a line with name,
location, client id, client name and operating system, then labelled lines (``Status:``, ``FC name:`` …).
"""

from __future__ import annotations

import re

from msgspec import Struct

from backends.hmc.records import shown
from backends.outcome import ParseError
from store.estate import NpivMapping, Problem
from store.turns import paced

_DASHES = re.compile(r"-+(?: +-+){4}\s*")
_FIRST = re.compile(r"(vfchost[0-9]+)\s+(\S+)(?:\s+([0-9]+)(?:\s(.*))?)?\s*")
_SLOT = re.compile(r"-C([0-9]+)$")
_WORD = re.compile(r"[A-Z_]+")
_SECOND = re.compile(r"\s(?=FC loc code:|VFC client DRC:)")
_SYSTEMS = ("AIX", "Linux", "IBM i")
_PORT_COLUMNS = ["name", "physloc", "fabric", "tports", "aports", "swwpns", "awwpns"]


class NpivPort(Struct, frozen=True):
    """A physical port of a VIOS that can carry virtual ones. ``fabric``: its switch takes NPIV logins; ``free``: how
    many more clients it takes, of ``total``."""

    name: str
    fabric: bool
    free: int
    total: int


def ports(text: str) -> tuple[NpivPort, ...]:
    """The rows of ``lsnports`` (name, physloc, fabric, tports, aports, swwpns, awwpns). An answer without that heading
    is how a VIOS says that it has none. Raises :class:`ParseError` for a row of another form."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or lines[0].split() != _PORT_COLUMNS:
        return ()
    return tuple(_npiv_port(line) for line in lines[1:])


def _npiv_port(line: str) -> NpivPort:
    fields = line.split()
    if len(fields) != len(_PORT_COLUMNS) or fields[2] not in ("0", "1"):
        raise ParseError(f"a port of {len(_PORT_COLUMNS)} columns", shown(line))
    for name, text in zip(_PORT_COLUMNS[3:5], fields[3:5], strict=True):
        if not (text.isascii() and text.isdigit()):
            raise ParseError(f"a whole number in {name}", shown(line))
    return NpivPort(fields[0], fields[2] == "1", int(fields[4]), int(fields[3]))


def mappings(where: str, text: str) -> tuple[tuple[NpivMapping, ...], tuple[Problem, ...]]:
    """The mappings of one VIOS, and a problem for every block that could not be read.

    One line that is neither a heading nor a ``vfchost`` is how a VIOS says that it has none.
    """
    found: list[NpivMapping] = []
    problems: list[Problem] = []
    lines = [line for line in text.split("\n") if line.strip()]
    starts = [n for n, line in enumerate(lines) if _DASHES.fullmatch(line)]
    starts += [n - 1 for n, line in enumerate(lines) if line.startswith("vfchost") and n - 1 not in starts]
    if not starts:
        odd = len(lines) > 1
        return (), (Problem(where, shown(lines[0]), "a heading with a line of dashes"),) if odd else ()
    starts.sort()
    for start, end in paced(zip(starts, [*starts[1:], len(lines)], strict=True)):
        try:
            found.append(_block(lines[start] if start >= 0 else "", lines[start + 1 : end]))
        except ParseError as error:
            problems.append(Problem(where, shown(error.line), error.expected))
    return tuple(found), tuple(problems)


def _block(dashes: str, lines: list[str]) -> NpivMapping:
    first = lines[0] if lines else ""
    if not _DASHES.fullmatch(dashes):
        raise ParseError("a heading with a line of dashes", first)
    head = _FIRST.fullmatch(first)
    columns = [m.start() for m in re.finditer(r"-+", dashes)]
    if head is None:
        raise ParseError("vfchost, location and client id", first)
    labels = _labels(lines[1:])
    status = labels.get("Status", "")
    if not _WORD.fullmatch(status):
        raise ParseError("Status: with a word such as LOGGED_IN", labels.get("Status", first))
    if "FC name" not in labels:
        raise ParseError("FC name:", first)
    return NpivMapping(
        vfchost=head.group(1),
        client_lpar_id=int(head.group(3)) if head.group(3) else None,
        client_lpar_name=_client_name(columns[4] - columns[3] - 1, head.group(4) or ""),
        status=status,
        fc_port=labels["FC name"] or None,
        client_adapter=labels.get("VFC client name") or None,
        slot=int(place.group(1)) if (place := _SLOT.search(head.group(2))) is not None else None,
    )


def _client_name(width: int, rest: str) -> str | None:
    """The client's name: it fills its column, or runs over it and is then followed by the operating system."""
    if len(rest) <= width or rest[width] == " ":
        return rest[:width].strip() or None
    for system in _SYSTEMS:
        if rest.rstrip().endswith(f" {system}"):
            rest = rest.rstrip().removesuffix(system)
    return rest.strip()


def _labels(lines: list[str]) -> dict[str, str]:
    """``label:value`` pairs; two stand on a line where the second label starts a new column."""
    found: dict[str, str] = {}
    for line in lines:
        for part in _SECOND.split(line):
            label, colon, value = part.partition(":")
            if not colon:
                continue
            if label.strip() in found:
                raise ParseError(f"{label.strip()}: once for each vfchost", line)
            found[label.strip()] = value.strip()
    return found
