"""``drdeck plan``: drafted, imported, listed and checked from the shell, on what a store knows of the demo estate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from app.orders import OrderError, understood
from tests.app.acting import Acting, acting
from tests.app.lab_estate import LabEstate, lab_estate
from tests.screens.piloting import piloted


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabEstate]:
    with lab_estate(tmp_path_factory.mktemp("demo")) as estate:
        assert main(["inventory", "--config", str(estate.config)]) == 0
        yield estate


@pytest.fixture
def folder(demo: LabEstate) -> Iterator[Path]:
    plans = demo.directory / "plans"
    kept = {path: path.read_text() for path in plans.iterdir()}
    yield plans
    for path in plans.iterdir():
        path.unlink()
    for path, text in kept.items():
        path.write_text(text)


def plan(demo: LabEstate, *words: str) -> int:
    return main(["plan", *words, "--config", str(demo.config)])


def test_a_draft_groups_what_shares_protection_groups_and_names_and_is_never_written_over(
    demo: LabEstate, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    (folder / "demo.toml").unlink()
    assert plan(demo, "new", "all", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert not told["written"] and list(folder.iterdir()) == []
    drafted = {each["name"]: each for each in told["plan"]["applications"]}
    assert [m["name"] for m in drafted["erp"]["lpars"]] == ["erp_app1", "erp_app2", "erp_db1"]
    assert [m["name"] for m in drafted["erp"]["pgroups"]] == ["pg-erp"]
    assert drafted["erp"]["inside"] == {"erp_app1": ["erp_db1"], "erp_app2": ["erp_db1"]}
    assert [m["name"] for m in drafted["sales"]["rcgs"]] == ["rcg_sales"]
    assert drafted["mon"]["group"] == "infrastructure" and [m["name"] for m in drafted["mon"]["vms"]] == ["mon01"]
    members = [m["name"] for each in drafted.values() for m in each["lpars"]]
    assert "nim1" not in members, "it has no definition at the other site"
    assert plan(demo, "new", "all", "--execute") == 0
    written = (folder / "all.toml").read_text()
    assert plan(demo, "show", "all") == 0
    assert plan(demo, "new", "all", "--execute") == 1
    assert "is there already" in capsys.readouterr().err and (folder / "all.toml").read_text() == written
    assert plan(demo, "new", "more") == 1, "nothing is left for another plan"


def test_a_table_of_names_and_order_becomes_a_plan(
    demo: LabEstate, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    (folder / "demo.toml").unlink()
    table = tmp_path / "table.csv"
    table.write_text(
        "\ufeffName;Order;Application;RTO;After\r\nerp_db1;1;erp;15m;\r\nrcg_sales;2;sales;;erp\r\nmon01;2;;;\r\n",
        "utf-8",
    )
    assert plan(demo, "import", "night", str(table), "--execute") == 0
    capsys.readouterr()
    assert plan(demo, "show", "night", "--json") == 0
    told = json.loads(capsys.readouterr().out)["plan"]
    assert [group["name"] for group in told["groups"]] == ["order-1", "order-2"]
    assert [(a["name"], a["after"], a["rto_s"]) for a in told["applications"]] == [
        ("erp", [], 900.0), ("sales", ["erp"], None), ("mon01", [], None),
    ]  # fmt: skip
    table.write_text("name,kind,rto\nnobody,,\nerp_db1,lpars,\nmon01,vm,soon\nx,vm\n")
    assert plan(demo, "import", "other", str(table)) == 2
    said = capsys.readouterr().err.replace(f"{table}:", "").splitlines()
    assert [line[:9] for line in said] == ["2: kind: ", "3: kind: ", "4: rto: e", "5: expect"]
    table.write_text("name,kind\nmon01,vm\n")
    assert plan(demo, "import", "other", str(table)) == 2
    assert "expected a member of this plan alone" in capsys.readouterr().err


def test_plans_are_listed_with_how_they_stand_and_errors_with_their_lines(
    demo: LabEstate, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert plan(demo, "list") == 0
    listed = capsys.readouterr().out
    assert "not checked" in listed and "DRILLED" in listed and "never" in listed
    assert plan(demo, "show", "demo") == 0
    assert "Last passed drill: never" in capsys.readouterr().out
    assert plan(demo, "show", "demo", "--json") == 0
    assert json.loads(capsys.readouterr().out)["history"]["clean_up_owed"] is None
    assert plan(demo, "check", "demo") == 1
    out = capsys.readouterr().out
    assert "NOT VERIFIED, because" in out and "[vm.complete]" in out and "erp: RPO now" in out
    assert plan(demo, "show", "demo") == 0
    shown = capsys.readouterr().out
    assert "not verified, checked " in shown and "Foreseen, until all is over: planned " in shown
    assert "erp up after: planned" in shown and "(RTO 30 min)" in shown
    assert plan(demo, "show", "demo", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    kinds = {(each["kind"], each["application"]) for each in told["check"]["foreseen"]}
    assert {("planned", ""), ("planned", "erp")} <= kinds and told["last_run"] is None
    (folder / "bad.toml").write_text('from = "paris"\nto = "lyon"\nwave = 3\n')
    assert plan(demo, "list", "--json") == 2
    told = capsys.readouterr()
    stand = {each["name"]: each for each in json.loads(told.out)["plans"]}
    assert stand["demo"]["state"] == "not verified" and stand["demo"]["check"]["checks"]
    assert "bad.toml:3: plan.wave: expected the key waves" in told.err
    assert plan(demo, "show", "nothing") == 1
    assert "There are: bad, demo" in capsys.readouterr().err


def test_in_the_console_a_plan_is_run_and_nothing_else() -> None:
    assert callable(understood("plan run demo --kind disaster --without mq1"))
    for text, said in (
        ("plan list", "belongs to the shell"),
        ("plan run demo", "--kind"),
        ("plan run demo --kind x", "x"),
    ):
        with pytest.raises(OrderError, match=said):
            understood(text)


@piloted
async def test_the_console_shows_the_plans_and_one_of_them(demo: LabEstate, folder: Path) -> None:
    async with acting(Acting, demo.config, demo.directory / "console.sqlite") as console:
        await console.keys("P")
        await console.see("demo", "paris", "lyon", "4 LPARs")
        await console.keys("enter")
        await console.see("Plan demo: from paris to lyon", "Group infrastructure", "erp_db1, erp_app1, erp_app2")
        await console.order("plan list")
        await console.see("belongs to the shell")
