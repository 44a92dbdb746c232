"""A plan as the text of its file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct, field

from app.plans.records import MemberKind
from app.values import NAME_LENGTH


class DraftApplication(Struct):
    """An application to be written. ``members`` in the order of the file, by kind; ``why`` says where it comes from."""

    name: str
    group: str
    members: dict[MemberKind, list[str]] = field(default_factory=dict)
    after: list[str] = field(default_factory=list)
    inside: Mapping[str, list[str]] = field(default_factory=dict)
    rto: str = ""
    rpo: str = ""
    why: str = ""

    def add(self, kind: MemberKind, name: str) -> None:
        known = self.members.setdefault(kind, [])
        if name not in known:
            known.append(name)


class DraftPlan(Struct):
    """A plan to be written; ``notes`` go to its head."""

    source: str
    target: str
    groups: list[str]
    applications: list[DraftApplication]
    notes: list[str] = field(default_factory=list)


def text(plan: DraftPlan) -> str:
    """Its TOML, which :mod:`app.plans.reader` reads."""
    lines = [f"# {note}" for note in plan.notes]
    lines += [f"from = {_quoted(plan.source)}", f"to = {_quoted(plan.target)}", ""]
    for group in plan.groups:
        lines += ["[[groups]]", f"name = {_quoted(group)}", ""]
    for application in plan.applications:
        lines += [*_application(application), ""]
    return "\n".join(lines)


def _application(application: DraftApplication) -> Iterable[str]:
    if application.why:
        yield f"# {application.why}"
    yield "[[applications]]"
    yield f"name = {_quoted(application.name)}"
    if application.group:
        yield f"group = {_quoted(application.group)}"
    for key, value in (("rto", application.rto), ("rpo", application.rpo)):
        if value:
            yield f"{key} = {_quoted(value)}"
    if application.after:
        yield f"after = {_list(application.after)}"
    for kind in MemberKind:
        names = application.members.get(kind, [])
        if len(names) > 4:
            yield f"{kind} = ["
            yield from (f"    {_quoted(name)}," for name in names)
            yield "]"
        elif names:
            yield f"{kind} = {_list(names)}"
    if application.inside:
        pairs = ", ".join(f"{_quoted(name)} = {_list(others)}" for name, others in application.inside.items())
        yield f"inside = {{ {pairs} }}"


def write(path: Path, content: str) -> None:
    """Make the file; one that is there stays as it is. Raises :class:`FileExistsError` and :class:`OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(content)


def fitting(name: str) -> str:
    """A name that an application or a group can have, out of any text."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name).strip("._-")
    return kept[:NAME_LENGTH] or "application"


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, names))}]"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
