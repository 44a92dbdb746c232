"""What was at each moment of the last hours: ages of copies, states of objects, and what is not known of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from screens.cells import Tone
from screens.pairing import pgroup_pair
from screens.plots import Curve, Span, Track
from screens.rpo_history import Copy, Sample, pgroup_curve, sampled_curve, saw_tooth
from screens.scene import Scene
from screens.state_history import device_track, state_track, tones_of
from store.estate import LparState, PgroupRetention
from store.records import DeviceHealth, Entry, Event
from tests.screens.estate import NOW, Estate, ago, calm, devices, entry, lpar, pgroup, replica_group, snapshot

KEY = "9105-22A*7801234/db"


def age_at(curve_segments: tuple[object, ...], moment: datetime) -> float | None:
    """What a saw-tooth tells for a moment; the later tooth where two meet."""
    found = None
    for one in curve_segments:
        if one.begin <= moment <= one.end:  # type: ignore[attr-defined]
            share = (moment - one.begin) / (one.end - one.begin)  # type: ignore[attr-defined]
            found = one.first + (one.last - one.first) * share  # type: ignore[attr-defined]
    return found


# --------------------------------------------------------------------------------------------------- age of copies


def test_the_age_counts_from_creation_and_drops_when_the_next_copy_is_complete() -> None:
    teeth = saw_tooth([Copy(ago(1800), ago(1740)), Copy(ago(900), ago(840))], ago(3600), NOW)
    assert [(one.begin, one.end, one.first, one.last) for one in teeth] == [
        (ago(1740), ago(840), 60, 960),
        (ago(840), NOW, 60, 900),
    ]


def test_an_older_copy_that_completes_later_changes_nothing() -> None:
    newest = Copy(ago(900), ago(840))
    assert saw_tooth([newest, Copy(ago(1800), ago(100))], ago(3600), NOW) == saw_tooth([newest], ago(3600), NOW)


def test_before_the_first_copy_was_complete_nothing_is_known() -> None:
    assert saw_tooth([], ago(3600), NOW) == ()
    assert saw_tooth([Copy(ago(900), ago(840))], ago(3600), NOW)[0].begin == ago(840)


COPIES = st.lists(
    st.tuples(st.integers(0, 5000), st.integers(0, 900)).map(
        lambda t: Copy(ago(t[0]), ago(t[0]) + timedelta(seconds=t[1]))
    ),
    max_size=12,
)


@given(COPIES, st.integers(0, 4000))
def test_at_every_moment_it_is_the_age_of_the_newest_copy_that_was_complete_then(
    copies: list[Copy], before_s: int
) -> None:
    moment = ago(before_s + 0.5)
    complete = [one.created for one in copies if one.completed <= moment]
    told = age_at(saw_tooth(copies, ago(6000), NOW), moment)
    if not complete:
        assert told is None
    else:
        assert told is not None
        assert abs(told - (moment - max(complete)).total_seconds()) < 1e-3


def curve_of(estate: Estate, target: str = "fa-bergen") -> Curve | None:
    scene = estate.scene()
    home = next(one for one in scene.view.entries("pgroup") if one.device == "fa-oslo")
    return pgroup_curve(scene, pgroup_pair(scene, home), target)


def test_a_group_is_drawn_from_what_source_and_target_tell_against_two_intervals() -> None:
    estate = Estate(devices())
    estate.entries.append(entry(pgroup("fa-oslo", "pg", (snapshot("pg", 3, 300, "fa-bergen"),)), "fa-oslo"))
    older = tuple(replace(snapshot("fa-oslo:pg", n, 3000 - 900 * n, None)) for n in (1, 2, 3))
    estate.entries.append(entry(replica_group("pg", older), "fa-bergen"))
    curve = curve_of(estate)
    assert curve is not None
    assert curve.begin == ago(2008)
    assert len(curve.segments) == 3
    assert (curve.target, curve.target_word) == (1800, "late at")
    assert "not known before 02:26 UTC" in curve.words[0]


def test_a_copy_that_is_not_complete_does_not_count() -> None:
    estate = Estate(devices())
    moving = (snapshot("pg", 2, 100, "fa-bergen", 0.5), snapshot("pg", 1, 1000, "fa-bergen"))
    estate.entries.append(entry(pgroup("fa-oslo", "pg", moving), "fa-oslo"))
    curve = curve_of(estate)
    assert curve is not None
    assert [one.last for one in curve.segments] == [1000]


def test_without_a_complete_copy_there_is_no_curve() -> None:
    estate = Estate(devices())
    estate.entries.append(entry(pgroup("fa-oslo", "pg", (snapshot("pg", 2, 100, "fa-bergen", 0.5),)), "fa-oslo"))
    assert curve_of(estate) is None


def test_the_time_of_which_retention_thinned_the_copies_out_is_not_known() -> None:
    estate = Estate(devices())
    made = tuple(snapshot("pg", n, 600 + 3600 * n, "fa-bergen") for n in range(5))
    group = replace(pgroup("fa-oslo", "pg", made), target_retention=PgroupRetention(7200, 1, 7))
    estate.entries.append(entry(group, "fa-oslo"))
    curve = curve_of(estate)
    assert curve is not None
    assert curve.begin == ago(7200)


def test_a_schedule_that_is_off_has_no_target() -> None:
    estate = Estate(devices())
    group = pgroup("fa-oslo", "pg", (snapshot("pg", 2, 100, "fa-bergen"),))
    assert group.replication is not None
    estate.entries.append(entry(replace(group, replication=replace(group.replication, enabled=False)), "fa-oslo"))
    curve = curve_of(estate)
    assert curve is not None
    assert curve.target is None


def test_samples_make_a_curve_with_gaps_where_nobody_looked() -> None:
    samples = [Sample(ago(s), age) for s, age in ((3600, 10.0), (3540, 70.0), (600, 5.0), (540, None), (480, 8.0))]
    samples.append(Sample(ago(420), 68.0))
    curve = sampled_curve("Age", samples, NOW, 300)
    assert curve is not None
    assert [(one.begin, one.end) for one in curve.segments] == [(ago(3600), ago(3540)), (ago(480), ago(420))]
    assert curve.target == 600
    assert "not known before 02:00 UTC" in curve.words[0]


def test_one_sample_is_no_curve() -> None:
    assert sampled_curve("Age", [Sample(ago(60), 5.0)], NOW) is None


# --------------------------------------------------------------------------------------------------------- states


def changed(number: int, at_s: float, before: str | None, after: str | None, field: str = "state") -> Event:
    return Event(number, ago(at_s), "lpar", KEY, "db", "hmc-oslo", field, before, after)


def health(number: int, at_s: float, before: str, after: str) -> Event:
    return Event(number, ago(at_s), "device", "hmc-oslo", "hmc-oslo", "hmc-oslo", "health", before, after)


def lpar_estate(*events: Event, first_seen_s: float = 100_000) -> Estate:
    estate = Estate(devices(), events=list(events))
    one = entry(lpar("db", "P10-OSLO-01", "7801234", LparState.RUNNING), "hmc-oslo")
    estate.entries.append(replace(one, first_seen=ago(first_seen_s)))
    return estate


def track(estate: Estate) -> Track:
    scene = estate.scene()
    return state_track(scene, _db(scene), "state", "Running", tones_of(LparState), "db")


def _db(scene: Scene) -> Entry:
    return scene.entry("lpar", KEY)


def told(spans: tuple[Span, ...]) -> list[tuple[datetime, datetime, str]]:
    return [(one.begin, one.end, one.word) for one in spans]


def test_without_an_event_the_present_state_held_since_the_object_was_first_seen() -> None:
    found = track(lpar_estate(first_seen_s=600))
    assert told(found.spans) == [(ago(600), NOW, "Running")]
    assert found.words == ("no change seen", "not known before 02:50 UTC")


def test_each_event_ends_a_state_and_begins_the_next() -> None:
    found = track(lpar_estate(changed(1, 900, "Running", "Error"), changed(2, 300, "Error", "Running")))
    assert told(found.spans) == [
        (ago(86_400), ago(900), "Running"),
        (ago(900), ago(300), "Error"),
        (ago(300), NOW, "Running"),
    ]
    assert found.spans[1].tone is Tone.BAD
    assert found.words[:2] == ("02:55:00 Error → Running (5m ago)", "02:45:00 Running → Error (15m ago)")


def test_events_of_other_facts_and_objects_play_no_part() -> None:
    other = replace(changed(1, 900, "a", "b"), key="9105-22A*7801234/other")
    assert len(track(lpar_estate(changed(2, 800, "active", "none", "RMC"), other)).spans) == 1


def test_only_the_newest_changes_are_told_and_the_others_counted() -> None:
    events = [changed(n, 1000 - 100 * n, "Running", "Error") for n in range(1, 6)]
    assert track(lpar_estate(*events)).words[3] == "and 2 changes before: Events (7)"


def test_while_the_device_could_not_be_read_the_state_is_unknown() -> None:
    events = (health(1, 900, "ok", "could not be read: no answer in time"), health(2, 300, "could not be read", "ok"))
    found = track(lpar_estate(*events))
    assert told(found.spans)[1] == (ago(900), ago(300), "not read")
    assert found.spans[1].tone is Tone.UNKNOWN
    assert "? while hmc-oslo could not be read" in found.words


def test_of_a_row_that_is_stale_nothing_is_claimed_since_it_was_seen() -> None:
    estate = lpar_estate()
    estate.entries = [replace(one, seen_at=ago(1200)) for one in estate.entries]
    found = track(estate)
    assert told(found.spans) == [(ago(86_400), ago(1200), "Running")]
    assert any("not known since 02:40 UTC" in words for words in found.words)


def test_an_object_that_was_gone_for_a_while_shows_that() -> None:
    events = (
        replace(changed(1, 900, "present", "gone"), field="presence"),
        replace(changed(2, 300, "gone", "back"), field="presence"),
    )
    assert [one.word for one in track(lpar_estate(*events)).spans] == ["Running", "gone", "Running"]


def test_a_state_that_nobody_documented_is_unknown() -> None:
    assert tones_of(LparState)("Levitating") is Tone.UNKNOWN


def test_the_health_of_a_device_is_known_since_it_first_reported_something() -> None:
    estate = calm()
    estate.entries = [replace(one, first_seen=ago(5000)) for one in estate.entries]
    estate.events = [
        health(1, 900, "ok", "could not be read: no answer in time"),
        health(2, 300, "could not be read: no answer in time", "ok"),
    ]
    estate.set_device("hmc-oslo", since=ago(300))
    scene = estate.scene()
    device = scene.device("hmc-oslo")
    assert device is not None
    found = device_track(scene, device)
    assert told(found.spans) == [
        (ago(5000), ago(900), "ok"),
        (ago(900), ago(300), "could not be read: no answer in time"),
        (ago(300), NOW, "ok"),
    ]
    assert found.spans[1].tone is Tone.BAD
    assert found.words[-1] == "not known before 01:36 UTC"


def test_a_device_that_was_never_read_has_no_history() -> None:
    estate = Estate(devices())
    estate.set_device("hmc-oslo", health=DeviceHealth.NEVER, since=None, last_ok=None)
    scene = estate.scene()
    device = scene.device("hmc-oslo")
    assert device is not None
    assert device_track(scene, device).spans == ()
