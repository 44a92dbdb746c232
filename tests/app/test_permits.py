"""Who may do what: never anything without the role for it at every site that it touches."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app import lpar_command, pgroup_command, plan_command, pod_command, rcg_command, vm_command, volume_command
from app.access_records import DESTRUCTIVE, DISASTER, EVERY_SITE, Access, Grant, Others, Role
from app.permits import ANYWHERE, NEEDS, Act, holders, needs_second, refusal
from app.person import Person
from app.run_kinds import KINDS, VERBS
from store.runs import Plan

SITES = ("paris", "lyon", "")
SOURCE = Path(__file__).parents[2]

MAY = {
    Role.VIEWER: {Act.READ},
    Role.OPERATOR: {
        Act.READ,
        Act.PROPOSE,
        Act.DECIDE,
        Act.DROP,
        Act.REMARK,
        Act.BREAK_GLASS,
        Act.ARM,
        Act.DISARM,
        Act.JUDGE,
        Act.MAINTAIN,
        Act.ACKNOWLEDGE,
        Act.SILENCE,
        Act.RULE,
        Act.INCIDENT,
        Act.RUN_SCHEDULE,
        Act.SERVE,
    },
    Role.APPROVER: {
        Act.READ,
        Act.DROP,
        Act.REMARK,
        Act.APPROVE,
        Act.APPROVE_ARMING,
        Act.DISARM,
        Act.ACKNOWLEDGE,
        Act.INCIDENT,
    },
    Role.ADMIN: {
        Act.READ,
        Act.REMARK,
        Act.DISARM,
        Act.ACKNOWLEDGE,
        Act.RULE,
        Act.INCIDENT,
        Act.SCHEDULE,
        Act.SERVE,
        Act.TRUST,
        Act.INFRASTRUCTURE,
        Act.MOVE_STORE,
    },
}

grants = st.builds(
    Grant,
    st.sampled_from(Role),
    st.lists(st.sampled_from(("paris", "lyon", EVERY_SITE)), min_size=1, max_size=2).map(tuple),
    st.lists(st.sampled_from(("anna", "bert")), max_size=2).map(tuple),
    st.lists(st.sampled_from(("ops", "dr")), max_size=2).map(tuple),
)
people = st.builds(Person, st.sampled_from(("anna", "bert", "root")), st.frozensets(st.sampled_from(("ops", "dr"))))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", Act)
def test_a_role_allows_what_the_table_says_and_nothing_else(role: Role, act: Act) -> None:
    access = Access((Grant(role, ("paris",), ("anna",)),), others=Others.REFUSED)
    found = refusal(access, Person("anna"), act, ("paris",))
    assert (found is None) is (act in MAY[role])


@given(
    st.lists(grants, min_size=1, max_size=5), people, st.sampled_from(Act), st.lists(st.sampled_from(SITES), min_size=1)
)
def test_nothing_is_ever_allowed_without_the_role_at_every_site(
    found: list[Grant], person: Person, act: Act, sites: list[str]
) -> None:
    access = Access(tuple(found), others=Others.REFUSED)

    def has(site: str | None) -> bool:
        for grant in found:
            mine = person.user in grant.users or any(group in person.groups for group in grant.groups)
            there = site is None or EVERY_SITE in grant.sites or site in grant.sites
            if mine and there and act in MAY[grant.role]:
                return True
        return False

    wanted = has(None) if act in ANYWHERE else all(has(site) for site in sites)
    assert (refusal(access, person, act, sites) is None) is wanted


def test_without_any_roles_everybody_may_do_everything() -> None:
    assert all(refusal(Access(), Person("anybody"), act, SITES) is None for act in Act)


def test_who_has_no_role_looks_or_is_refused_as_the_configuration_says() -> None:
    access = Access((Grant(Role.OPERATOR, ("*",), ("anna",)),))
    assert refusal(access, Person("bert"), Act.READ, ("paris",)) is None
    assert refusal(access, Person("bert"), Act.REMARK, ("paris",)) is not None
    assert refusal(replace(access, others=Others.REFUSED), Person("bert"), Act.READ, ("paris",)) is not None


def test_a_refusal_says_what_is_missing_and_who_has_it() -> None:
    access = Access(
        (
            Grant(Role.OPERATOR, ("*",), ("anna",)),
            Grant(Role.APPROVER, ("paris",), ("bert",), ("dr-leads",)),
            Grant(Role.APPROVER, ("lyon",), ("carl",)),
        )
    )
    assert refusal(access, Person("anna"), Act.APPROVE, ("paris", "lyon")) == (
        "anna has no role approver at paris, which it takes to approve a run: ask bert, or whoever is in group dr-leads"
    )
    assert holders(access, (Role.ADMIN,), "paris") == "nobody has it: [[roles]] of the configuration gives it"


def plan(verb: str, *confirm: str) -> Plan:
    return Plan(verb, f"{verb} x", (), datetime(2026, 3, 1, tzinfo=UTC), confirm=confirm)


@pytest.mark.parametrize(
    ("word", "kind", "disaster", "confirm", "needed"),
    [
        (DISASTER, "rcg failover", True, ("x",), True),
        (DISASTER, "rcg failover", False, ("x",), False),
        (DISASTER, "failover", None, ("x",), True),  # nobody knows: it may be one
        (DISASTER, "snapshot", None, (), False),
        (DESTRUCTIVE, "rcg stop", False, ("x",), True),
        (DESTRUCTIVE, "rcg sync", False, (), False),
        ("failback", "lpar failback", False, ("x",), True),
        ("failback", "vm failback", False, ("x",), True),
        ("failback", "vm failback", None, (), True),
        ("rcg failover", "rcg failover", False, ("x",), True),
        ("rcg failover", "lpar failover", False, ("x",), False),
        ("rcg failover", "failover", None, ("x",), True),
    ],
)
def test_another_person_is_needed_for_the_kinds_of_runs_that_are_named(
    word: str, kind: str, disaster: bool | None, confirm: tuple[str, ...], needed: bool
) -> None:
    found = needs_second(Access(four_eyes=(word,)), kind, plan(kind.rpartition(" ")[2], *confirm), disaster=disaster)
    assert found is needed


def test_every_run_of_a_recovery_plan_can_be_named() -> None:
    access = Access(four_eyes=("plan:erp*",))
    for named, needed in (("erp-paris", True), ("shop", False), ("", False)):
        assert needs_second(access, "plan planned", plan("plan", "x"), disaster=False, named=named) is needed


def test_the_kinds_of_runs_are_those_of_the_commands() -> None:
    commands = (rcg_command, volume_command, pgroup_command, lpar_command, pod_command, vm_command)
    found = {each.__name__.removeprefix("app.").removesuffix("_command"): each.VERBS for each in commands}
    assert {**found, "plan": plan_command.KINDS} == VERBS


def test_every_kind_of_run_can_be_named_and_none_is_by_default() -> None:
    for kind in KINDS:
        assert needs_second(Access(four_eyes=(kind,)), kind, plan("x"), disaster=False), kind
        assert not needs_second(Access(), kind, plan("x", "typed"), disaster=True), kind


SYSTEM = {
    "app/recovery/operations.py": {"propose", "approve", "ask_approval", "decide", "drop"},  # the door
    "app/recovery/console_runs.py": {"drop"},  # of an approved run that another one was quicker than
    "app/recovery/vm/operate.py": {"drop", "decide"},  # a pass by schedule that nobody attends
    "app/recovery/auto/vms.py": {"propose", "approve"},  # on the word of the two who armed the group
    "app/recovery/precedence.py": {"decide"},  # a backup makes way for a failover
    "app/timetable/carrying.py": {"propose", "approve", "decide", "drop"},  # on the word of who made the schedule
    "app/timetable/chores.py": {"drop"},  # proposals that nobody agreed to
    "app/pra_command.py": {"drop", "decide"},  # of its own passes, that came through the door
}


def test_people_change_runs_through_the_one_door_alone() -> None:
    """Whatever else writes to the ledger does so for no person, and is named here."""
    found: dict[str, set[str]] = {}
    for path in (SOURCE / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            called, on = node.func.attr, ast.unparse(node.func.value)
            if called in SYSTEM["app/recovery/operations.py"] and on.rpartition(".")[2].lstrip("_") == "ledger":
                found.setdefault(str(path.relative_to(SOURCE)), set()).add(called)
    assert found == SYSTEM
    assert set(NEEDS) == set(Act)
