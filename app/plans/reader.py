"""A plan's file: TOML in, a frozen :class:`RecoveryPlan` out, or every error with file, line and what was expected."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from app import values
from app.config_table import Document, SettingProblem, SettingsError, Table
from app.plans import order
from app.plans.records import (
    APPLICATION_KEYS,
    GROUP_KEYS,
    PLAN_KEYS,
    WAVE_KEYS,
    Application,
    Group,
    Member,
    MemberKind,
    PlanWhen,
    RecoveryPlan,
    Waves,
    When,
)
from app.plans.steps_reader import steps
from app.settings import read_toml
from app.toml_lines import key_lines
from app.values import Check, UnexpectedError

SUFFIX = ".toml"
LEAST_S, MOST_S = 1, 30 * 86400
_MEMBER = values.text("the name of a member", 130)
_PORT_GROUP = values.text("the name of a port group", 80)
_ARRAY_HOST = values.text("the name of a host on an array", 80)
_NAME = values.name("a name")
_TARGET = values.duration(LEAST_S, MOST_S)


def read(path: Path) -> RecoveryPlan:
    """Read and check the file at ``path``. Its name without the ending is that of the plan. Raises
    :class:`app.config_table.SettingsError` with all its errors."""
    text, content = read_toml(path, "a plan here: drdeck plan list shows which there are")
    return understood(path, text, content)


def understood(path: Path, text: str, content: Mapping[str, object]) -> RecoveryPlan:
    """The same out of the ``text`` of a file that need not be there, and what TOML makes of it."""
    document = Document(path, key_lines(text))
    plan = _plan(document, content, hashlib.sha256(text.encode()).hexdigest())
    if document.problems:
        raise SettingsError(path, document.problems)
    return plan


def named(text: str) -> str:
    """The name, if a plan can be called so. Raises :class:`UnexpectedError` with what was expected."""
    try:
        return values.name("the name of a plan").convert(text)
    except UnexpectedError:
        raise UnexpectedError(values.name("the name of a plan").expected) from None


def problem(plan: RecoveryPlan, line: int, key: str, expected: str, found: str = "") -> SettingProblem:
    """An error that is found only beside other things than the file."""
    return SettingProblem(line, 0, key, expected, found)


def _plan(document: Document, content: Mapping[str, object], digest: str) -> RecoveryPlan:
    path = document.path
    root = Table(document, (), "plan", content)
    root.only(PLAN_KEYS)
    try:
        name = named(path.name.removesuffix(SUFFIX))
    except UnexpectedError as error:
        document.complain((), "", f"a file whose name is {error}", f'"{path.name}"')
        name = ""
    groups = _groups(document.tables(content.get("groups", []), ("groups",), "groups"))
    applications = _applications(document, content, [group.name for group in groups])
    source, target = root.need("from", _SITE, ""), root.need("to", _SITE, "")
    if source and source == target:
        root.complain("to", "another site than from", f'"{target}"')
    plan = RecoveryPlan(
        name=name,
        path=path,
        digest=digest,
        source=source,
        target=target,
        groups=groups,
        applications=applications,
        waves=_waves(document.table(content.get("waves", {}), ("waves",), "waves")),
        networks=root.get("networks", _NETWORKS, {}),
        rcg_hosts=root.get("rcg_hosts", _HOSTS, {}),
        drill_hosts=root.get("drill_hosts", _HOSTS, {}),
        steps=steps(document, content.get("steps", []), ("steps",), "steps", PlanWhen),
    )
    _whole(document, plan)
    return plan


def _waves(table: Table) -> Waves:
    table.only(WAVE_KEYS)
    usual = Waves()
    return Waves(
        lpars=table.get("lpars", values.whole(1, 32), usual.lpars),
        rcgs=table.get("rcgs", values.whole(1, 64), usual.rcgs),
        vms=table.get("vms", values.whole(1, 32), usual.vms),
    )


def _groups(tables: list[Table]) -> tuple[Group, ...]:
    """Each comes after the one before it in the file, where it does not say otherwise."""
    found: dict[str, Group] = {}
    for table in tables:
        table.only(GROUP_KEYS)
        name = table.need("name", _NAME, "")
        usual = tuple(found)[-1:]
        made = Group(name, table.each("after", _NAME) if table.has("after") else usual, _line(table, "name"))
        if name in found:
            table.complain("name", f"another name: line {found[name].line} has this one", f'"{name}"')
        elif name:
            found[name] = made
    names = set(found)
    for table in tables:
        _known(table, "after", table.each("after", _NAME), names, "a group")
    return tuple(found.values())


def _applications(document: Document, content: Mapping[str, object], groups: list[str]) -> tuple[Application, ...]:
    tables = document.tables(content.get("applications", []), ("applications",), "applications")
    if not tables and content.get("applications", []) == []:
        document.complain((), "applications", "at least one [[applications]]", "none")
    found: dict[str, Application] = {}
    for table in tables:
        made = _application(table, groups)
        if made.name in found:
            table.complain("name", f"another name: line {found[made.name].line} has this one", f'"{made.name}"')
        elif made.name:
            found[made.name] = made
    for table in tables:
        _known(table, "after", table.each("after", _NAME), set(found), "an application")
    return tuple(found.values())


def _application(table: Table, groups: list[str]) -> Application:
    table.only(APPLICATION_KEYS)
    name = table.need("name", _NAME, "")
    group = table.maybe("group", _NAME)
    if groups and group is None:
        table.complain("group", f"one of the groups {', '.join(groups)}", "nothing")
    elif group is not None:
        _known(table, "group", (group,), set(groups), "a group")
    members = tuple(member for kind in MemberKind for member in _members(table, kind))
    if not members:
        table.complain("name", f"at least one of {', '.join(MemberKind)} in this application", "none")
    inside = table.get("inside", _INSIDE, {})
    _inside(table, inside, members)
    return Application(
        name=name,
        group=group or "",
        line=_line(table, "name"),
        members=members,
        after=table.each("after", _NAME),
        inside=inside,
        rto_s=table.maybe("rto", _TARGET),
        rpo_s=table.maybe("rpo", _TARGET),
        steps=steps(
            table.document, table.values.get("steps", []), (*table.where, "steps"), f"{table.label}.steps", When
        ),
    )


def _members(table: Table, kind: MemberKind) -> Iterable[Member]:
    for index, text in enumerate(table.each(kind, _MEMBER)):
        line = table.document.line((*table.where, kind, index))
        system, slash, name = text.rpartition("/") if kind is MemberKind.LPAR else ("", "", text)
        if slash and not (system and name):
            table.document.complain((*table.where, kind, index), f"{table.label}.{kind}", "SYSTEM/LPAR, or LPAR", text)
            continue
        yield Member(kind, name, line, system or None)


def _inside(table: Table, inside: Mapping[str, tuple[str, ...]], members: tuple[Member, ...]) -> None:
    """What is started after what in an application: its own LPARs and VMs, each name once among them, no circle."""
    names = [member.name for member in members if member.computes]
    for name, after in inside.items():
        _known(table, "inside", (name, *after), set(names), "one LPAR or VM of this application:")
    twice = sorted({name for name in names if names.count(name) > 1 and (name in inside or _in(name, inside))})
    if twice:
        table.complain("inside", "names that only one member of the application has", ", ".join(twice))
    if circle := order.cycle(inside):
        table.complain("inside", "no members that wait for one another", " after ".join((*circle, circle[0])))


def _in(name: str, inside: Mapping[str, tuple[str, ...]]) -> bool:
    return any(name in after for after in inside.values())


def _whole(document: Document, plan: RecoveryPlan) -> None:
    """What can only be said of the whole file: members once, groups that are used, nothing in a circle."""
    first: dict[str, tuple[Application, Member]] = {}
    for application, member in plan.members:
        other = first.setdefault(member.key, (application, member))
        if other[1] is not member:
            where = f"another member: {other[0].name} has this one, line {other[1].line}"
            document.problems.append(
                problem(plan, member.line, f"{application.name}.{member.kind}", where, member.name)
            )
    used = {application.group for application in plan.applications}
    for group in plan.groups:
        if group.name not in used:
            text = "a group with an application in it"
            document.problems.append(problem(plan, group.line, f"groups[{group.name}]", text, "none"))
    lines = {group.name: group.line for group in plan.groups}
    if circle := order.cycle({group.name: group.after for group in plan.groups}):
        _circle(document, plan, "groups", circle, lines)
        return
    lines = {application.name: application.line for application in plan.applications}
    if circle := order.cycle(order.waits(plan)):
        _circle(document, plan, "applications", circle, lines)


def _circle(
    document: Document, plan: RecoveryPlan, key: str, circle: tuple[str, ...], lines: Mapping[str, int]
) -> None:
    words = " after ".join((*circle, circle[0]))
    line = min(lines[name] for name in circle)
    document.problems.append(problem(plan, line, key, f"no {key} that wait for one another", words))


def _known(table: Table, key: str, names: Iterable[str], known: set[str], what: str) -> None:
    for name in names:
        if name not in known:
            there = ", ".join(sorted(known)) or "there is none"
            table.complain(key, f"{what} of this file: {there}" if ":" not in what else f"{what} {there}", f'"{name}"')


def _line(table: Table, key: str) -> int:
    return table.document.line((*table.where, key))


def _map(check: Check[str]) -> Callable[[object], Mapping[str, str]]:
    def convert(value: object) -> Mapping[str, str]:
        if not isinstance(value, dict):
            raise UnexpectedError
        return {check.convert(here): check.convert(there) for here, there in value.items()}

    return convert


def _lists(value: object) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, dict) or not all(isinstance(each, list) for each in value.values()):
        raise UnexpectedError
    return {_MEMBER.convert(name): tuple(map(_MEMBER.convert, after)) for name, after in value.items()}


_SITE = values.name("the name of a site")
_NETWORKS = Check("a table of port groups: name here = name there", _map(_PORT_GROUP))
_HOSTS = Check("a table of hosts on the arrays: name here = name there", _map(_ARRAY_HOST))
_INSIDE = Check("a table: member = [the members that it is started after]", _lists)
