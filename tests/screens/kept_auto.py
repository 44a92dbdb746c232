"""A store with groups of every standing that may fail over by themselves, and what a console is given to show them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from app.auto_desk import BeginAuto
from app.auto_records import Auto, AutoGroup, AutoMode, Endpoint
from app.recovery.auto.console_auto import ConsoleAuto
from app.recovery.operations import Operations
from app.settings import nothing
from store.auto import AutoStore
from store.auto_records import (
    Answer,
    AutoState,
    Condition,
    EventKind,
    EventState,
    FailoverEvent,
    Part,
    Says,
    ShadowDecision,
    Standing,
    Tally,
    Window,
)
from store.auto_view import AutoView, Checked
from store.database import open_store
from store.ledger import Ledger
from store.readiness import Check, Severity, Verdict
from store.run_view import RunView
from store.runs import Plan, PlannedStep, RunState
from tests.screens.estate import NOW, Clock, ago

HOLDS, FAILS, UNKNOWN = Verdict.HOLDS, Verdict.FAILS, Verdict.UNKNOWN
ANNA, BERT = "anna@jump", "bert@jump from 192.0.2.7"


def group(name: str, *vms: str, mode: AutoMode = AutoMode.AUTOMATIC) -> AutoGroup:
    path = Endpoint("192.0.2.9", 22)
    return AutoGroup(
        name, "vc-oslo", "vc-bergen", "oslo", "bergen", vms, "3par-bergen", path, "198.51.100.4", mode
    )  # fmt: skip


AUTO = Auto(
    (
        group("crm", "crm01", "crm02"),
        group("erp", "erp-gw"),
        group("shop", "shop01", "shop02", "shop03"),
        group("tools", "mon01", mode=AutoMode.MANUAL),
    ),
    Endpoint("192.0.2.1", 53),
    most_per_hour=3,
)


def tallies(down: tuple[Part, ...], since_s: float, at_s: float) -> tuple[Tally, ...]:
    words = {
        Part.API: ("vc-oslo answers: crm01 poweredOn, crm02 poweredOn", "vc-oslo: no answer within 10 s"),
        Part.LINK: ("3par-bergen says: link to 3par-oslo up", "3par-bergen says: link to 3par-oslo down"),
        Part.PATH: ("192.0.2.9:22 answers from 198.51.100.4", "192.0.2.9:22: no answer within 5 s"),
    }
    found = []
    for part in Part:
        silent = part in down
        last = Answer(part, Says.DOWN if silent else Says.UP, words[part][silent], ago(at_s))
        found.append(Tally(part, 3, ago(since_s), last) if silent else Tally(part, last=last))
    return tuple(found)


def conditions(*against: str) -> tuple[Condition, ...]:
    known = {
        "auto.down": "api silent on 3 probes, for 130 s since 02:57:50 UTC; link silent on 3 probes, for 130 s",
        "auto.witnesses": "api: no answer; link: link to 3par-oslo down; path: 192.0.2.9:22 answers",
        "auto.gateway": "192.0.2.1:53 answers",
        "auto.fence": "not fenced (nothing was fenced yet), and not cut off: api, link silent long enough",
        "auto.replica": "crm01: generation 8 complete, of 2026-03-01 02:35:00 UTC",
        "auto.bound": "at most 25.0 min would be lost, 60 min were accepted",
    }
    return tuple(Condition(id, FAILS if id in against else HOLDS, words, ago(20)) for id, words in known.items())


def checks() -> tuple[Check, ...]:
    rows = (
        ("auto.drill", HOLDS, "the last drill that passed was 12 days ago", ""),
        ("auto.verified", FAILS, "the plan has changed since that of the last drill",
         "run a drill of the plan as it is now"),
        ("auto.rpo", UNKNOWN, "no interval or copy of erp-gw", "let the replication pass at its interval"),
        ("auto.shadow", FAILS, "nobody judged erp-20260227T110000",
         "drdeck auto judge erp-20260227T110000 right or wrong"),
        ("auto.armed", FAILS, "nobody armed it", "drdeck auto arm GROUP --bound MIN, and another person approves"),
    )  # fmt: skip
    return tuple(Check(id, Severity.HARD, verdict, evidence, fix) for id, verdict, evidence, fix in rows)


def fill(store: AutoStore, clock: Clock) -> None:
    """Groups as they stand at :data:`NOW`, which is where this leaves the clock."""
    clock.now = NOW - timedelta(days=2)
    armed = store.ask_arming("crm", 3600.0, ANNA)
    store.approve_arming(armed, BERT, clock.now + timedelta(days=30))
    store.ask_arming("shop", 900.0, ANNA)
    clock.now = NOW
    claim = store.claim("ops@jump, process 4711")
    store.ask_arming("erp", 1800.0, ANNA)
    month = ago(30 * 86_400)
    crm = Standing(
        "crm", AutoState.SUSPECT, tallies((Part.API, Part.LINK), 130, 10), "crm-20260301T025750", ago(130),
        power_at=ago(190), watched_since=month, at=ago(10),
        note="auto.down: api silent on 3 probes, for 130 s (needed: 300 s); auto.fence: not fenced, and not cut off",
    )  # fmt: skip
    event = FailoverEvent(
        "crm-20260301T025750", "crm", "oslo", EventKind.AUTOMATIC, EventState.SUSPECT, "the watch", crm.note, ago(130)
    )
    decision = ShadowDecision(event.id, "crm", ago(130), ago(10), False, conditions("auto.down", "auto.fence"))
    store.save(claim, crm, event=event, shadow=decision)
    would = ShadowDecision(
        "erp-20260227T110000", "erp", ago(144_000), ago(143_600), True, conditions(), ended_at=ago(140_000)
    )
    store.save(claim, Standing("erp", tallies=tallies((), 0, 10), watched_since=month, at=ago(10)), shadow=would)
    fired = FailoverEvent(
        "shop-20260226T090000", "shop", "oslo", EventKind.AUTOMATIC, EventState.COMPLETED, "the watch",
        "decided at 09:05:30 UTC, not vetoed; fence: vc-oslo is silent", ago(237_600), ago(237_200), ago(236_900),
        "not known", "poweredOn", "0226-0906-a1b2c3", "run 0226-0906-a1b2c3 succeeded",
    )  # fmt: skip
    latched = Standing("shop", AutoState.FIRED, tallies((), 0, 10), fired.id, ago(237_600), at=ago(10))
    store.save(claim, replace(latched, note="run 0226-0906-a1b2c3 succeeded"), event=fired)
    window = Window(0, "oslo", "erp", ago(600), ago(-3 * 3600), "new UPS in row 4", BERT)
    store.add_window(window)
    store.add_window(replace(window, target=None, begins=ago(-86_400), ends=ago(-90_000), reason="switch upgrade"))


def people(ledger: Ledger) -> None:
    """A failover and a drill that people began."""
    for run_id, verb, state in (
        ("0228-2210-c0ffee", "vm drill", RunState.SUCCEEDED),
        ("0225-0800-beef01", "vm failover", RunState.FAILED),
    ):
        step = PlannedStep("s1", "vm.start", "{}", "Power erp-gw on", "vc-bergen", "")
        plan = Plan(verb, f"{verb} erp-gw", ("replication:erp-gw",), NOW, (step,))
        ledger.propose(run_id, plan, ANNA)
        ledger.approve(run_id, ANNA, ())
        ledger.turn(ledger.take(run_id, "a console"), state)


@contextmanager
def kept_auto(folder: Path, auto: Auto = AUTO) -> Iterator[tuple[BeginAuto, AutoStore]]:
    """What a console begins to show automatic failover with, and the tables. Its clock stands at :data:`NOW`."""
    path, clock = folder / "auto.sqlite", Clock()
    store, ledger, kept = open_store(path), Ledger(path, clock), AutoStore(path, clock)
    if auto.groups:
        clock.now = ago(3 * 86_400)
        people(ledger)
        fill(kept, clock)
    operations = Operations(replace(nothing(folder / "config.toml"), auto=auto), store, ledger)
    begun: list[ConsoleAuto] = []

    def begin(
        view: AutoView, runs: RunView, changed: Callable[[], object], why_not: str, unchecked: str
    ) -> ConsoleAuto:
        if auto.groups:
            view.take_checks("erp", Checked(checks(), ago(140)))
        begun.append(ConsoleAuto(operations, runs, view, changed, why_not, unchecked or "no device is here", clock))
        begun[-1].start()
        return begun[-1]

    try:
        yield begin, kept
    finally:
        for each in begun:
            each.close(1.0)
        kept.close()
        ledger.close()
        store.close()
