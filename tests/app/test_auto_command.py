"""``drdeck auto`` and ``drdeck maintenance`` against the lab: what two people may do, and what is printed."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from app.cli import main
from app.console import Console
from app.files import Files
from app.machinery import Machinery
from app.recovery.auto import wiring
from app.recovery.auto.port import Drill
from app.recovery.auto.vms import VmRecovery
from app.recovery.operations import Operations
from app.settings import load
from screens.base import EstateScreen
from store.auto import AutoStore
from store.auto_records import AutoState, ShadowDecision, Standing
from store.readiness import Check, Severity, Verdict
from store.runs import Plan
from tests.faults.auto_doors import DoorWorld
from tests.faults.auto_world import EPOCH
from tests.people import person
from tests.screens.estate import Clock
from tests.screens.piloting import Driven, piloted


class Lab:
    """A configuration with one group on the lab's doors, and its store."""

    def __init__(self, folder: Path) -> None:
        self.world = DoorWorld([1], 3, folder)
        self.world.clock_s.advance(time.time() - EPOCH)
        self.config, self.store = folder / "config.toml", folder / "kept.sqlite"
        group, gateway = self.world.groups[0], self.world.auto.gateway
        with self.config.open("a") as file:
            file.write(
                f'\n[auto]\ngateway = "{gateway}"\n[[auto.groups]]\nname = "g0"\nmode = "automatic"\nsource = "vc-p"\n'
                f'replica = "vc-l"\nvms = ["vm0a"]\nlink = "3par-l"\npath = "{group.path}"\npath_from = "127.0.0.2"\n'
            )

    def run(self, *words: str) -> int:
        return main([*words, "--config", str(self.config), "--store", str(self.store)])

    def kept(self) -> AutoStore:
        return AutoStore(self.store)

    def ripe(self) -> None:
        """The group was watched for a month and all was well; its copies are of just now."""
        store, now = self.kept(), datetime.now(UTC)
        claim = store.claim("a month of watching")
        store.save(claim, Standing("g0", AutoState.SHADOW, watched_since=now - timedelta(days=30), at=now))
        store.unclaim(claim)
        store.close()
        with self.world.world.turn():
            self.world._marked("vm0a", now.timestamp() - 60)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    found = Lab(tmp_path_factory.mktemp("auto"))
    yield found
    found.world.close()


@pytest.fixture(autouse=True)
def fresh(lab: Lab) -> None:
    for each in lab.store.parent.glob("kept.sqlite*"):
        each.unlink()


@pytest.fixture
def drilled(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a plan, and it was drilled yesterday."""
    plan = Plan("failover", "failover of g0", ("g0",), datetime.now(UTC))
    yesterday = datetime.now(UTC) - timedelta(days=1)

    def recovery(operations: Operations) -> VmRecovery:
        return VmRecovery(
            operations,
            lambda g, run: plan,
            lambda g: "as planned",
            lambda g: Drill(yesterday, "as planned"),
            lambda g: (Check("vm.rpo", Severity.BLOCK, Verdict.HOLDS, "in time"),),
        )

    monkeypatch.setattr(wiring, "recovery", recovery)


@pytest.mark.usefixtures("drilled")
def test_two_people_arm_a_group_and_one_alone_cannot(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.ripe()
    person("daemon", monkeypatch)
    assert lab.run("auto", "arm", "g0", "--bound", "60") == 0
    assert lab.run("auto", "arm", "g0", "--approve") == 1
    assert "another person has to approve" in capsys.readouterr().err
    person("nobody", monkeypatch)
    assert lab.run("auto", "arm", "g0", "--approve") == 0
    store = lab.kept()
    arming = store.arming("g0")
    store.close()
    assert (arming.asked_by.partition("@")[0], arming.approved_by.partition("@")[0]) == ("daemon", "nobody")
    assert arming.until - arming.approved_at <= timedelta(days=30, minutes=1)
    assert lab.run("auto", "disarm", "g0", "--reason", "works tonight") == 0
    assert lab.run("auto", "disarm", "g0", "--reason", "again") == 1


@asynccontextmanager
async def console(lab: Lab) -> AsyncIterator[Driven]:
    settings = load(lab.config)
    machinery = Machinery(settings, lab.store)
    app = Console(
        machinery.open, lambda say: None, machinery.sweep_now, partial(machinery.begin_runs, read_only=False), None,
        None, machinery.begin_auto, sites=settings.sites, lab=True, files=Files(lab.store.parent),
    )  # fmt: skip
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            running = Driven(app, pilot, Clock())
            await running.wait_for(lambda: isinstance(app.screen, EstateScreen), "no pane is shown")
            await running.wait_for(lambda: app.around.auto.read, "automatic failover is not read")
            yield running
    finally:
        machinery.close()


@pytest.mark.usefixtures("drilled")
@piloted
async def test_two_people_arm_a_group_from_the_screens_and_every_screen_says_so(lab: Lab) -> None:
    lab.ripe()
    with pytest.MonkeyPatch.context() as patched:
        person("daemon", patched)
        async with console(lab) as at:
            await at.press("5", "A", "enter")
            await at.wait_for(lambda: "● holds: the last drill that passed was 1 days ago" in at.text, "not checked")
            await at.press("a", "enter")
            await at.type("60")
            await at.press("ctrl+y")
            await at.wait_for(lambda: "a second person has to approve" in at.text, "it is not asked")
            await at.press("a", "j", "enter", "ctrl+y")
            await at.wait_for(lambda: "another person has to approve" in at.text, "one person alone")
        person("nobody", patched)
        async with console(lab) as at:
            await at.press("5", "A", "a", "j", "enter")
            assert "You agree as the second person" in at.text
            await at.press("ctrl+y")
            await at.wait_for(lambda: "AUTOMATIC FAILOVER ARMED: g0" in at.text, "it is not armed")
    store = lab.kept()
    arming = store.arming("g0")
    store.close()
    assert arming is not None
    assert arming.approved_by is not None
    assert (arming.asked_by.partition("@")[0], arming.approved_by.partition("@")[0]) == ("daemon", "nobody")


def test_each_verb_takes_its_role_at_both_sites_of_the_group(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Operator at one site and approver at the other: neither is enough for anything that is about both."""
    before = lab.config.read_text()
    roles = [("operator", "paris", "daemon"), ("approver", "lyon", "daemon"), ("operator", "*", "nobody")]
    lab.config.write_text(
        before + "".join(f'[[roles]]\nrole = "{r}"\nsites = ["{site}"]\nusers = ["{u}"]\n' for r, site, u in roles)
    )
    store = lab.kept()
    now = datetime.now(UTC)
    store.save(claim := store.claim("a watch"), Standing("g0", AutoState.SHADOW, at=now))
    store.unclaim(claim)
    store.close()
    try:
        for words, refused in (
            (("arm", "g0", "--bound", "60"), "daemon has no role operator at lyon"),
            (("arm", "g0", "--approve"), "daemon has no role approver at paris"),
        ):
            person("daemon", monkeypatch)
            assert lab.run("auto", *words) == 1
            assert f"Refused: {refused}" in capsys.readouterr().err
        assert lab.run("auto", "disarm", "g0", "--reason", "no") == 1
        assert "was not armed" in capsys.readouterr().err  # it may: either task does, and this is the safe way
        person("nobody", monkeypatch)
        assert lab.run("auto", "arm", "g0", "--approve") == 1
        assert "Refused: nobody has no role approver at paris" in capsys.readouterr().err
        person("games", monkeypatch)
        for order in (
            ("arm", "g0", "--bound", "60"),
            ("disarm", "g0", "--reason", "no"),
            ("veto", "g0"),
            ("watch", "--once"),
        ):
            assert lab.run("auto", *order) == 1
            assert "Refused: games has no role" in capsys.readouterr().err
        assert lab.run("auto", "history") == 0
    finally:
        lab.config.write_text(before)


def test_what_stands_against_arming_is_named_with_what_to_do(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert lab.run("auto", "arm", "g0", "--bound", "60") == 1
    said = capsys.readouterr().err
    for words in ("auto.drill: fails: no drill of the group passed", "auto.shadow: fails: the group was never watched"):
        assert words in said
    assert said.startswith("Refused: g0 cannot be armed")


def test_status_shows_the_witnesses_and_every_condition_for_being_armed(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lab.run("auto", "watch", "--once") == 0
    assert lab.run("auto", "status") == 0
    said = capsys.readouterr().out
    for words in ("g0: shadow, looked at", "vc-p answers: vm0a poweredOn", "3par-l says: link", "NOT MET auto.drill"):
        assert words in said, words
    assert lab.run("auto", "status", "g0", "--cached", "--json") == 0
    content = json.loads(capsys.readouterr().out)
    (group,) = content["groups"]
    assert (content["schema_version"], group["standing"]["state"], group["checks"]) == (1, "shadow", [])
    assert {tally["last"]["says"] for tally in group["standing"]["tallies"]} == {"answers"}


def test_a_round_of_the_watch_reaches_the_real_witnesses(lab: Lab) -> None:
    lab.world.cuts.wan = True
    lab.world.realise()
    try:
        assert lab.run("auto", "watch", "--once") == 0
    finally:
        lab.world.cuts.wan = False
        lab.world.realise()
    store = lab.kept()
    standing = store.standing("g0")
    said = {answer.part: answer.says for answer in store.answers("g0", datetime(2020, 1, 1, tzinfo=UTC))}
    (shadow,) = store.shadows("g0")
    store.close()
    assert {str(part): str(says) for part, says in said.items()} == {
        "api": "silent",
        "link": "silent",
        "path": "answers",
    }
    assert (standing.state, standing.event is not None, shadow.would) == (AutoState.SHADOW, True, False)


def test_a_shadow_decision_is_judged_and_shown(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    store, now = lab.kept(), datetime.now(UTC)
    store.save(store.claim("x"), Standing("g0"), shadow=ShadowDecision("g0-1", "g0", now, now, True, ()))
    store.close()
    assert lab.run("auto", "judge", "g0-1", "wrong", "--note", "a test of the UPS") == 0
    assert lab.run("auto", "judge", "g0-2", "right") == 1
    assert lab.run("auto", "history", "--json") == 0
    (shadow,) = json.loads(capsys.readouterr().out.split("g0-1: wrong.\n")[1])["shadow"]
    assert (shadow["judgement"], shadow["note"]) == ("wrong", "a test of the UPS")
    assert shadow["words"].startswith("would have failed over")


def test_there_is_nothing_to_veto_while_all_is_well(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert lab.run("auto", "watch", "--once") == 0
    assert lab.run("auto", "veto", "g0") == 1
    assert "g0 is shadow: there is nothing to veto" in capsys.readouterr().err
    assert lab.run("auto", "veto", "g9") == 2


def test_a_window_is_added_listed_and_ended(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert lab.run("maintenance", "add", "--site", "paris", "--until", "+4h", "--reason", "power works") == 0
    assert lab.run("maintenance", "list", "--json") == 0
    (window,) = json.loads(capsys.readouterr().out.split("\n", 2)[2])["windows"]
    assert (window["site"], window["target"], window["reason"]) == ("paris", None, "power works")
    assert lab.run("maintenance", "end", "1") == 0
    assert lab.run("maintenance", "end", "1") == 1
    assert lab.run("maintenance", "list") == 0
    assert capsys.readouterr().out.endswith("No maintenance window is open or planned.\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--site", "rome", "--until", "+1h"), "--site rome: expected one of paris, lyon"),
        (("--site", "paris", "--until", "tomorrow"), "--until tomorrow: expected a time with its zone"),
        (("--site", "paris", "--until", "2026-01-31T22:00"), "expected a time with its zone"),
        (("--site", "paris", "--until", "+1h", "--target", "web"), "a group, a machine, a device or a system of paris"),
    ],
)
def test_a_window_that_is_not_understood_is_refused_with_what_was_expected(
    words: tuple[str, ...], expected: str, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lab.run("maintenance", "add", "--reason", "works", *words) == 2
    assert expected in capsys.readouterr().err


def test_a_window_that_is_over_before_it_begins_is_refused(lab: Lab) -> None:
    words = ("--site", "paris", "--from", "2026-01-31T22:00Z", "--until", "2026-01-31T23:00Z", "--reason", "past")
    assert lab.run("maintenance", "add", *words) == 1


def test_history_says_so_where_nothing_ever_happened(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert lab.run("auto", "history") == 0
    assert capsys.readouterr().out == "No outage of a group that was armed, no failover and no drill of machines.\n"
