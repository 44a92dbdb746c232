"""Words, numbers, names and times: what is not documented is unknown, what does not fit is an error."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.outcome import ParseError
from backends.threepar import words, zones
from store.estate import RcgMode, RcgRole, RcgStatus, SyncStatus

OSLO = ZoneInfo("Europe/Oslo")


@pytest.mark.parametrize("number", [0, 7, 8, 10, 99, -1])
def test_p3c_11_a_state_number_other_than_3_is_never_started(number: int) -> None:
    assert words.state(number) is not RcgStatus.STARTED


@pytest.mark.parametrize("number", [0, 1, 2, 4, 9, 99])
def test_p3c_11_a_sync_status_number_other_than_3_is_never_synced(number: int) -> None:
    assert words.sync_state(number) is not SyncStatus.SYNCED


def test_p3c_11_numbers_that_nobody_documented_are_unknown() -> None:
    assert words.state(42) is RcgStatus.UNKNOWN
    assert words.sync_state(42) is SyncStatus.UNKNOWN


def test_p3c_13_modes_2_and_3_are_both_periodic() -> None:
    assert {words.mode(2), words.mode(3)} == {RcgMode.PERIODIC}
    with pytest.raises(ParseError):
        words.mode(5)


def test_rcg_02_a_reversed_role_is_never_read_as_the_plain_one() -> None:
    assert words.role(1, True) is RcgRole.PRIMARY_REV
    assert words.role(2, True) is RcgRole.SECONDARY_REV
    assert words.role(3, False) is RcgRole.UNKNOWN


@pytest.mark.parametrize("value", ["abc", 299, 31_622_401, "", "-300", "3e2", True, 300.5, "٣٠٠"])
def test_rcg_08_a_bad_sync_period_names_key_value_and_range(value: object) -> None:
    with pytest.raises(ParseError) as refused:
        words.sync_period(value)
    text = str(refused.value)
    assert "sync_period" in text
    assert "300" in text
    assert "31622400" in text
    assert repr(str(value)) in text


@pytest.mark.parametrize("value", [300, 31_622_400, "900"])
def test_rcg_08_a_sync_period_within_the_range_is_taken(value: object) -> None:
    assert words.sync_period(value) == int(str(value))


@pytest.mark.parametrize(
    "text", ["a b", "a;b", "$(x)", "a|b", "", "x" * 32, "-f", "naïve", "a\nb", "a,b", "a/b", "a%20b"]
)
def test_p3c_08_a_name_that_a_door_would_misread_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(ParseError, match="name"):
        words.name(text, "group")


@pytest.mark.parametrize(
    ("group", "remote", "expected"),
    [
        ("oradb", "oradb.r7", ("oradb", 7)),
        ("oradb.r121649", "oradb", ("oradb", 121649)),
        ("oradb.r121649", None, ("oradb", 121649)),
        ("oradb.r7", None, ("oradb.r7", 7)),
        ("odd.r12", "odd.r12.r7", ("odd.r12", 7)),
        ("plain", None, ("plain", 7)),
    ],
)
def test_the_two_names_of_a_group_lead_to_one_natural_name(
    group: str, remote: str | None, expected: tuple[str, int]
) -> None:
    assert words.natural(group, 7, remote) == expected


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("5m", 300), ("1h", 3600), ("2d", 172800)])
def test_a_period_is_read_in_every_unit(text: str, seconds: int) -> None:
    assert words.period(text) == seconds


def test_a_time_is_converted_by_the_array_s_own_zone_in_winter_and_summer() -> None:
    assert zones.to_utc("2026-01-14 12:00:00 CET", OSLO) == datetime(2026, 1, 14, 11, tzinfo=UTC)
    assert zones.to_utc("2026-07-14 12:00:00 CEST", OSLO) == datetime(2026, 7, 14, 10, tzinfo=UTC)


def test_the_hour_that_happens_twice_is_told_apart_by_its_abbreviation() -> None:
    assert zones.to_utc("2026-10-25 02:30:00 CEST", OSLO) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert zones.to_utc("2026-10-25 02:30:00 CET", OSLO) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-07-14 12:00:00 CET",  # summer time is in force then
        "2026-01-14 12:00:00 CST",
        "2026-03-29 02:30:00 CET",  # does not happen
        "2026-02-30 12:00:00 CET",
        "2026-01-14 12:00:00",
        "2026-01-14T12:00:00 CET",
        "14.01.2026 12:00 CET",
    ],
)
def test_a_time_that_does_not_fit_the_array_s_zone_is_an_error(text: str) -> None:
    with pytest.raises(ParseError):
        zones.to_utc(text, OSLO)


def test_utc_needs_no_zone_and_every_other_abbreviation_does() -> None:
    assert zones.to_utc("2026-01-14 12:00:00 UTC", None) == datetime(2026, 1, 14, 12, tzinfo=UTC)
    with pytest.raises(ParseError):
        zones.to_utc("2026-01-14 12:00:00 CET", None)


def test_a_zone_may_be_an_abbreviation_with_its_offset() -> None:
    assert zones.to_utc("2026-01-14 12:00:00 XYZ", zones.zone("XYZ-03:30")) == datetime(2026, 1, 14, 15, 30, tzinfo=UTC)
    assert zones.zone("Europe/Oslo") == OSLO


@pytest.mark.parametrize("text", ["", "Nowhere/Town", "../etc/passwd", "/etc/localtime", "CET+25:00", "1", "a" * 200])
def test_a_zone_that_does_not_exist_is_an_error(text: str) -> None:
    with pytest.raises(ParseError):
        zones.zone(text)


@pytest.mark.parametrize("text", ["2026-03-14T02:15:31", "2026-03-14", "yesterday", "2026-13-14T02:15:31Z", ""])
def test_an_iso_time_without_an_offset_is_an_error(text: str) -> None:
    with pytest.raises(ParseError):
        zones.from_iso(text)


ZONES = ("Europe/Oslo", "America/New_York", "Asia/Tokyo", "America/Sao_Paulo", "Australia/Lord_Howe", "UTC")


@settings(max_examples=150, deadline=None)
@given(
    st.integers(631_152_000, 2_114_380_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.sampled_from(ZONES),
)
def test_what_an_array_prints_comes_back_as_the_same_moment(moment: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    local = moment.astimezone(zone)
    assert zones.to_utc(local.strftime("%Y-%m-%d %H:%M:%S %Z"), zone) == moment
    assert zones.from_iso(local.isoformat()) == moment
