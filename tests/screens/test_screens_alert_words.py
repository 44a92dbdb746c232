"""What the overview and the banner say of groups of alerts: never less than there is."""

from __future__ import annotations

from msgspec.structs import replace

from screens.alert_words import banner_lines, open_sentence
from screens.cells import line_text
from store.alert_groups import grouped
from store.alert_view import AlertsSeen, AlertView
from store.incident_records import IncidentView
from store.notices import Severity
from tests.app.alerts.facts import START, device
from tests.app.alerts.test_alerts_fold import World


def seen(*found: tuple[str, str], severity: Severity) -> AlertView:
    """A view of devices (name, site) that cannot be read."""
    world = World()
    world.see(*(replace(device(name, site), severity=severity) for name, site in found))
    view = AlertView()
    view.take(AlertsSeen(grouped(world.alerts.values(), {}, (), START)))
    return view


def test_the_overview_never_tells_of_many_as_of_one() -> None:
    said = open_sentence(seen(("a", "paris"), ("b", "paris"), ("c", "paris"), severity=Severity.MAJOR))
    assert said is not None
    assert said[0] == "1 group of alerts open, 1 of them nobody's; first a cannot be read and 2 more"


def test_the_banner_tells_alerts_of_the_group_and_other_groups_apart() -> None:
    view = seen(("a", "lyon"), ("b", "lyon"), ("c", "paris"), severity=Severity.CRITICAL)
    (line,) = banner_lines(view, IncidentView(), START, 200)
    assert "ALERT: a cannot be read and 1 more (and 1 critical group more), nobody's" in line_text(line)
