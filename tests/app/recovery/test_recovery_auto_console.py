"""What a console keeps of automatic failover in memory, and what it says where the tables cannot be read."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.recovery.auto.console_auto import ConsoleAuto
from store.auto import HeldError
from store.auto_view import AutoView
from store.run_view import RunView
from tests.screens.kept_auto import AUTO, kept_auto


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.02)


def test_every_group_is_shown_with_its_outage_and_what_was_judged_of_it(tmp_path: Path) -> None:
    with kept_auto(tmp_path) as (begin, _):
        view = AutoView()
        begin(view, RunView(), lambda: None, "", "")
        until(lambda: view.read)
        stands = {stand.group.name: stand for stand in view.seen.stands}
        assert list(stands) == [group.name for group in AUTO.groups]
        crm = stands["crm"]
        assert crm.event is not None
        assert crm.decision is not None
        assert crm.event.id == crm.decision.id == "crm-20260301T025750"
        assert (stands["tools"].standing, stands["tools"].state.value) == (None, "off")
        assert [event.kind.value for event in view.seen.events].count("test") == 1


def test_tables_that_cannot_be_read_are_said_to_be_old_until_they_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kept_auto(tmp_path) as (begin, _):
        view, version = AutoView(), 0
        here = begin(view, RunView(), lambda: None, "", "")
        until(lambda: view.read)
        with monkeypatch.context() as patched:
            patched.setattr(here._store, "watcher", lambda: 1 / 0)
            here._wake.set()
            until(lambda: view.trouble)
            assert view.trouble == (
                "Automatic failover cannot be read, what is shown of it is old: a defect, ZeroDivisionError"
            )
            assert len(view.seen.stands) == len(AUTO.groups), "what was known stays"
        version = view.version
        here._wake.set()
        until(lambda: view.trouble is None)
        assert view.version == version, "nothing else changed"


def test_where_no_device_is_asked_nobody_can_be_armed_and_what_is_unknown_is_refused(tmp_path: Path) -> None:
    with kept_auto(tmp_path) as (begin, _):
        here: ConsoleAuto = begin(AutoView(), RunView(), lambda: None, "", "no device is asked")
        for act in (lambda: here.ask("crm", 60.0), lambda: here.approve("crm")):
            with pytest.raises(HeldError, match="no device is asked"):
                act()
        with pytest.raises(HeldError, match="was not armed"):
            here.disarm("tools", "x")
        here._view.unchecked = ""
        with pytest.raises(HeldError, match="no group ghost any more"):
            here.ask("ghost", 60.0)


def test_the_brake_counts_the_failovers_of_the_last_hour_alone(tmp_path: Path) -> None:
    with kept_auto(tmp_path) as (begin, store):
        view = AutoView()
        here = begin(view, RunView(), lambda: None, "", "")
        until(lambda: view.read)
        assert (view.seen.fired, view.seen.most, view.seen.braked) == (0, 3, False)
        fired = next(event for event in store.events() if event.fired_at is not None)
        for number in range(3):
            store.record(replace(fired, id=f"x{number}", fired_at=here._clock()))
        here._wake.set()
        until(lambda: view.seen.braked)
        assert view.seen.fired == 3
