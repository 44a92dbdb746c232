"""A report as Markdown. What devices and people wrote is text and nothing else: every mark of it is escaped."""

from __future__ import annotations

import re

from app.output import printable
from app.report.document import Section, Table, sections, title
from app.report.records import Facts

_MARKS = re.compile(r"[\\`*_\[\]<>&|~$]|(?<=www)\.|:(?=//)")
"""What may begin something in the middle of a line, in a table, or where addresses become links by themselves."""


def text(words: str) -> str:
    """Text as Markdown shows it, on one line; not for the beginning of a line."""
    return _MARKS.sub(r"\\\g<0>", printable(words))


def report(facts: Facts) -> str:
    """The whole report."""
    parts = [f"# {text(title(facts))}", *(_section(each) for each in sections(facts))]
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> str:
    parts = [f"## {text(section.title)}", *(text(words) for words in section.texts)]
    if section.table is not None:
        parts.append(_table(section.table))
    return "\n\n".join(parts)


def _table(table: Table) -> str:
    lines = [_row(table.head), _row(("---",) * len(table.head), escape=False), *(_row(row) for row in table.rows)]
    return "\n".join(lines)


def _row(cells: tuple[str, ...], *, escape: bool = True) -> str:
    return f"| {' | '.join(text(cell) if escape else cell for cell in cells)} |"
