"""Alerts on a real store: two consoles on one, a storm that ends in a few groups, and each channel told once."""

from __future__ import annotations

import time as real
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.alerts.fold import Look
from app.alerts.rules import Sample, made
from app.alerts.sources import Source
from app.alerts.watch import Engine
from app.notify.sender import Sender
from backends.lab.tls import Identities
from store.alert_records import Metric, Rule
from store.alert_view import AlertView
from store.alerts import CLAIM_S, AlertStore
from store.outbox import Outbox
from tests.app.alerts.facts import START, STEPS, Time, Told, device, silence_of
from tests.app.alerts.storm import LOOKS, Storm
from tests.app.notify.conftest import MakeHook
from tests.app.notify.conftest import believed as believed
from tests.app.notify.conftest import hook as hook
from tests.app.notify.servers import web_server

SLICE = 9_000
"""Signs of the storm here; all of it is in tests.benchmarks.alerts."""


class Console:
    """One program on the store."""

    def __init__(self, path: Path, time: Time, source: Source, stack: ExitStack, name: str) -> None:
        self.store = stack.enter_context(closing(AlertStore(path, time)))
        self.outbox = stack.enter_context(closing(Outbox(path, time)))
        self.view = AlertView()
        self.engine = Engine(self.store, self.outbox, self.view, [source], STEPS, name, time, due=lambda: lambda: True)


Make = Callable[[Source, str], Console]


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def console(tmp_path: Path, time: Time) -> Iterator[Make]:
    with ExitStack() as stack:
        yield lambda source, name="one": Console(tmp_path / "store.sqlite", time, source, stack, name)


def told(outbox: Outbox) -> list[str]:
    return [f"{notice.event.target} by {notice.event.channel}" for notice in reversed(outbox.notices())]


def test_of_two_consoles_one_looks_and_both_show_it_and_it_is_told_once(console: Make, time: Time) -> None:
    first, second = Told(), Told()
    first.found = second.found = [silence_of()]
    one, two = console(first, "one"), console(second, "two")
    for each in (one, two, one, two):
        each.engine.round()
    assert [group.key for group in two.view.seen.groups] == ["paris/site-silent"]
    assert two.view.seen == one.view.seen
    assert told(one.outbox) == ["operator on duty: paris/site-silent by chat"]
    second.found = []  # the other one sees it otherwise; but it does not look
    two.engine.round()
    assert two.view.seen.groups
    time.goes_on(seconds=CLAIM_S + 1)  # the first one is gone
    two.engine.round()
    assert two.view.seen.groups == ()
    assert dict(two.view.seen.watchers) == {"estate": None, "runs": "two"}
    assert two.view.seen.unwatched == ("devices and copies",)


def test_a_console_that_ends_between_telling_and_keeping_leaves_it_told_once(console: Make, time: Time) -> None:
    source = Told()
    source.found = [silence_of()]
    one = console(source, "one")
    one.engine.round()
    claim = one.store.claim("runs", "one")
    assert claim is not None
    one.store.save_episodes("runs", claim, [replace(each, told=()) for each in one.store.episodes().values()], ())
    one.engine.leave()
    two = console(source, "two")
    two.engine.round()
    (notice,) = two.outbox.notices()
    assert (notice.count, two.outbox.waiting) == (2, 0)


def test_a_rule_that_was_saved_is_there_when_it_is_looked_for_and_fires_once_it_has_lasted(
    console: Make, time: Time, tmp_path: Path
) -> None:
    """DCM-08."""
    rule = made("old-copies", "rpo", ">", "30m", "10m", "critical", "anna@jump", START)
    with closing(AlertStore(tmp_path / "store.sqlite", time)) as store:
        store.add_rule(rule)
    source = Told()
    source.samples = [
        Sample(Metric.RPO, "vm:1", "erp", 3600.0, "paris"),
        Sample(Metric.RPO, "vm:2", "crm", 60.0, "paris"),
    ]
    one = console(source, "one")
    assert [each.words for each in one.store.rules()] == ["rpo > 1800 s for 600 s: critical"]
    one.engine.round()
    assert one.view.seen.groups == ()
    for _ in range(3):
        time.goes_on(minutes=4)
        one.engine.round()
    (group,) = one.view.seen.groups
    assert (group.key, group.lead.fact.target, group.severity) == ("paris/rule", "erp", "critical")
    assert told(one.outbox) == ["operator on duty: paris/rule by chat"]
    one.store.remove_rule("old-copies", "anna@jump")
    one.engine.round()
    assert one.view.seen.groups == ()


def test_a_storm_of_a_dark_site_ends_in_a_few_groups_the_root_first_and_each_channel_is_told_once_for_each_step(
    console: Make, time: Time, believed: Identities, hook: MakeHook
) -> None:
    storm = Storm(SLICE)
    one = console(storm, "one")
    with web_server(believed.of("hook").tls) as web:
        channels = [replace(hook(web.port), name=name, window_s=0.0) for name in ("chat", "mail")]
        sender = Sender(one.outbox, channels, "one", clock=time)
        for _ in range(LOOKS):
            one.engine.round()
            _sent(sender)
            time.goes_on(seconds=10)
        time.goes_on(minutes=15)
        for engine in (one.engine, console(Told("nothing"), "two").engine):
            engine.round()
            _sent(sender)
        sender.close(20)
        posted = [(each["key"], each["target"]) for post in web.posted for each in post.json["events"]]
    groups = one.view.seen.groups
    assert groups[0].key == "paris/site-silent"
    assert len(groups) <= 20
    every = [alert for group in groups for alert in (*group.alerts, *group.children)]
    assert sum(alert.count for alert in every) == SLICE - LOOKS + 1  # that the site is silent is one sign
    assert max(Counter(posted).values()) == 1
    assert {target for _, target in posted} == {
        "operator on duty: paris/site-silent", "head of operations: paris/site-silent",
    }  # fmt: skip


def _sent(sender: Sender) -> None:
    sender.tick()
    while sender.sending:
        real.sleep(0.005)
    sender.tick()


def test_a_device_that_comes_back_takes_its_alert_along_and_what_somebody_has_stays_his(
    console: Make, time: Time
) -> None:
    source = Told()
    source.found = [device("fa"), device("hmc")]
    one = console(source, "one")
    one.engine.round()
    (group,) = one.view.seen.groups
    one.store.acknowledge(group.key, group.alerts, "bert", START + timedelta(hours=2), "cable", "anna@jump")
    source.found = [device("fa")]
    time.goes_on(minutes=30)
    one.engine.round()
    (group,) = one.view.seen.groups
    assert ([alert.key for alert in group.alerts], group.owners) == (["device:fa"], ("bert",))
    assert len(one.outbox.notices()) == 1


class Broken:
    """A source with a defect."""

    name = "estate"

    def look(self, rules: Sequence[Rule], now: datetime) -> Look:
        raise KeyError("no such thing")


def test_facts_that_cannot_be_looked_at_hold_up_no_others_and_that_is_said(tmp_path: Path, time: Time) -> None:
    source = Told()
    source.found = [silence_of()]
    path = tmp_path / "store.sqlite"
    with closing(AlertStore(path, time)) as store, closing(Outbox(path, time)) as outbox:
        view = AlertView()
        engine = Engine(store, outbox, view, [Broken(), source], STEPS, "one", time, due=lambda: lambda: True)
        engine.round()
        assert engine.trouble is not None
        assert "estate (KeyError)" in engine.trouble
        assert [group.key for group in view.seen.groups] == ["paris/site-silent"]
        assert len(outbox.notices()) == 1
