"""A plan's file: what is understood, and what is refused with file, line and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config_table import SettingsError
from app.plans import catalogue, order
from app.plans.reader import read
from app.plans.records import Command, HttpProbe, Kind, MemberKind, Prompt, TcpProbe, When
from app.plans.words import plan_lines
from backends.lab.estates import demo_plan

HEAD = 'from = "paris"\nto = "lyon"\n'
APP = '[[applications]]\nname = "a"\nvms = ["v"]\n'


def written(folder: Path, text: str, name: str = "erp") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


def errors(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as refused:
        read(written(folder, text))
    return str(refused.value).replace(str(folder) + "/", "")


def test_the_plan_of_the_demo_is_read_and_told_in_the_order_in_which_it_comes_back(tmp_path: Path) -> None:
    plan = read(written(tmp_path, demo_plan.TEXT, "demo"))
    assert (plan.name, plan.source, plan.target, len(plan.applications)) == ("demo", "paris", "lyon", 7)
    erp = next(a for a in plan.applications if a.name == "erp")
    assert next((m.system, m.name) for m in erp.of(MemberKind.LPAR)) == ("P10-PAR-01", "erp_db1")
    assert (erp.rto_s, erp.rpo_s) == (1800, 900)
    assert [m.name for m in order.computes(erp)] == ["erp_db1", "erp_app1", "erp_app2"]
    assert set(order.waits(plan)["orders"]) == {"messaging", "monitoring", "erp", "sales"} - {"messaging", "monitoring"}
    text = "\n".join(plan_lines(plan))
    assert text.index("messaging") < text.index("erp, after messaging") < text.index("orders, after sales")


def test_each_kind_of_step_is_read(tmp_path: Path) -> None:
    steps = """
[[applications]]
name = "a"
vms = ["v"]
[[applications.steps]]
when = "before-stop"
command = ["/usr/bin/stop", "a b"]
on = "batch1"
timeout = "2m"
[[applications.steps]]
when = "after-start"
tcp = "db.example.com:1521"
[[applications.steps]]
when = "after-start"
http = "https://a.example.com/health"
[[applications.steps]]
when = "before-start"
name = "Call the bank"
ask = "Tell the bank that the address changes."
"""
    plan = read(written(tmp_path, HEAD + steps))
    does = [step.does for step in plan.applications[0].steps]
    assert does == [
        Command(("/usr/bin/stop", "a b"), "batch1", 120.0),
        TcpProbe("db.example.com", 1521, 300.0),
        HttpProbe("https://a.example.com/health", 300.0),
        Prompt("Tell the bank that the address changes."),
    ]
    assert [step.name for step in plan.applications[0].at(When.BEFORE_START)] == ["Call the bank"]
    assert plan.hosts == ("batch1",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (APP + 'rcg = ["r"]\n', "erp.toml:6: applications[a].rcg: expected the key rcgs"),
        ('[[applications]]\nname = "a"\n', "erp.toml:4: applications[a].name: expected at least one of lpars"),
        (APP + 'after = ["b"]\n', 'expected an application of this file: a, found "b"'),
        (APP + 'rto = "soon"\n', "erp.toml:6: applications[a].rto: expected seconds"),
        ('[[applications]]\nname = "a"\nlpars = ["x/"]\n', "expected SYSTEM/LPAR, or LPAR, found x/"),
        (
            '[[groups]]\nname = "g"\n[[applications]]\nname = "a"\nvms = ["v"]\n',
            "expected one of the groups g, found nothing",
        ),
        (
            '[[groups]]\nname = "g"\n[[groups]]\nname = "h"\n[[applications]]\nname = "a"\ngroup = "g"\nvms = ["v"]\n',
            "erp.toml:6: groups[h]: expected a group with an application in it",
        ),
        (
            APP + 'rcgs = [\n  "r",\n]\n[[applications]]\nname = "b"\nrcgs = [\n  "r",\n]\n',
            "erp.toml:12: b.rcgs: expected another member: a has this one, line 7, found r",
        ),
        (
            APP + 'after = ["b"]\n[[applications]]\nname = "b"\nvms = ["w"]\nafter = ["a"]\n',
            "erp.toml:4: applications: expected no applications that wait for one another, found",
        ),
        (
            '[[groups]]\nname = "g"\nafter = ["h"]\n[[groups]]\nname = "h"\n[[applications]]\nname = "a"\ngroup = "g"\n'
            'vms = ["v"]\n[[applications]]\nname = "b"\ngroup = "h"\nvms = ["w"]\n',
            "erp.toml:4: groups: expected no groups that wait for one another, found",
        ),
        (
            '[[applications]]\nname = "a"\nvms = ["v", "w"]\ninside = { v = ["w"], w = ["v"] }\n',
            "expected no members that wait for one another",
        ),
        (APP + 'inside = { v = ["x"] }\n', 'one LPAR or VM of this application: v, found "x"'),
        (
            APP + '[[applications.steps]]\nwhen = "first"\nask = "x"\n',
            'erp.toml:7: applications[a].steps[1].when: expected "before-stop" or "before-start" or "after-start"',
        ),
        (
            APP + '[[applications.steps]]\nwhen = "after-start"\nask = "x"\ntcp = "h:1"\n',
            "expected one of command, tcp, http, ask in a step",
        ),
        (APP + "[waves]\nvms = 99\n", "erp.toml:7: waves.vms: expected a whole number from 1 to 32"),
        ("[[applications]\n", "erp.toml:3"),
        ("", "erp.toml:1: applications: expected at least one [[applications]]"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert said in errors(tmp_path, HEAD + text)


@pytest.mark.parametrize(
    "command",
    [
        '["sqlplus", "system/tiger@db"]',
        '["app", "--password=tiger"]',
        '["app", "--password", "tiger"]',
        '["a", "TOKEN=tiger"]',
    ],
)
def test_a_command_with_a_secret_in_it_is_refused_and_not_shown(tmp_path: Path, command: str) -> None:
    text = APP + f'[[applications.steps]]\nwhen = "after-start"\ncommand = {command}\n'
    said = errors(tmp_path, HEAD + text)
    assert "erp.toml:8" in said and "without a password in it" in said and "tiger" not in said


def test_an_address_with_a_login_is_refused_and_not_shown(tmp_path: Path) -> None:
    step = '[[applications.steps]]\nwhen = "after-start"\nhttp = "https://ana:tiger@example.com/"\n'
    said = errors(tmp_path, HEAD + APP + step)
    assert "without a login or a secret" in said and "tiger" not in said


def test_a_member_of_two_plans_is_refused_in_both_with_its_line(tmp_path: Path) -> None:
    one = HEAD + '[[applications]]\nname = "a"\nrcgs = ["r1", "shared"]\n'
    written(tmp_path, one, "one")
    written(tmp_path, HEAD + '[[applications]]\nname = "b"\nrcgs = [\n  "shared",\n]\n', "two")
    with pytest.raises(SettingsError, match=r"two.toml:6: b.rcgs: expected a member of this plan alone: line 5 of one"):
        catalogue.load(tmp_path, "two")
    assert [each.error is not None for each in catalogue.listed(tmp_path)] == [True, True]
    with pytest.raises(catalogue.NoPlanError, match="There are: one, two"):
        catalogue.load(tmp_path, "three")


def test_a_file_with_errors_does_not_hold_up_another_plan(tmp_path: Path) -> None:
    written(tmp_path, "nonsense", "broken")
    written(tmp_path, HEAD + APP, "good")
    assert catalogue.load(tmp_path, "good").name == "good"
    assert [each.plan is None for each in catalogue.listed(tmp_path)] == [True, False]


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefg"), max_size=3), max_size=6))
def test_a_circle_is_found_where_there_is_one_and_else_there_is_an_order(after: dict[str, list[str]]) -> None:
    circle = order.cycle(after)
    if circle:
        for one, other in zip(circle, (*circle[1:], circle[0]), strict=True):
            assert other in after[one]
    else:
        found = order.ordered(tuple(after), after)
        assert sorted(found) == sorted(after)
        for name in found:
            assert all(found.index(other) < found.index(name) for other in after[name] if other in after)


LINES = demo_plan.TEXT.splitlines()


@given(
    st.integers(0, len(LINES) - 1),
    st.sampled_from(["", "x", '"', "= 1", "[", '[[steps]]\nwhen = "first"', "\x00", "after = 3"]),
)
def test_any_damage_is_told_with_the_line_or_read(tmp_path_factory: pytest.TempPathFactory, at: int, text: str) -> None:
    path = written(tmp_path_factory.getbasetemp(), "\n".join([*LINES[:at], text, *LINES[at + 1 :]]), "damaged")
    try:
        read(path)
    except SettingsError as error:
        assert all(problem.line >= 0 and problem.expected for problem in error.problems)


def test_a_step_says_in_which_kinds_of_run_it_is_done(tmp_path: Path) -> None:
    step = '[[applications.steps]]\nwhen = "{when}"\ncommand = ["true"]\n{kinds}\n'
    plan = read(written(tmp_path, HEAD + APP + step.format(when="after-start", kinds='kinds = ["drill", "failback"]')))
    assert plan.of_kind(Kind.DRILL).applications[0].steps and not plan.of_kind(Kind.PLANNED).applications[0].steps
    usual = read(written(tmp_path, HEAD + APP + step.format(when="after-start", kinds="")))
    assert [kind for kind in Kind if usual.of_kind(kind).applications[0].steps] == [Kind.PLANNED, Kind.DISASTER]
    assert "once it is up (drill, failback): Run true" in "\n".join(plan_lines(plan))
    for when, kinds, expected in (
        ("after-start", 'kinds = ["cleanup"]', "one of planned, disaster, drill, failback"),
        ("after-start", "kinds = []", "at least one of planned, disaster, drill, failback"),
        ("before-stop", 'kinds = ["drill"]', "planned or failback beside before-stop"),
    ):
        assert f"expected {expected}" in errors(tmp_path, HEAD + APP + step.format(when=when, kinds=kinds))


def test_the_hosts_of_a_drill_are_read(tmp_path: Path) -> None:
    plan = read(written(tmp_path, f'{HEAD}[drill_hosts]\ndb1 = "drill1"\n{APP}'))
    assert plan.drill_hosts == {"db1": "drill1"}
    assert "In a drill drill1 stands for the host db1" in plan_lines(plan)
