"""The language of filters: what each form finds, and what is said of a text that cannot be understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screens.cells import Cell, Tone
from screens.columns import Column, Measure
from screens.filters import FilterError, Record, compile_filter, measured
from screens.listing import record_of

NOW = 1_000_000.0
COLUMNS = (
    Column("Name"),
    Column("Site"),
    Column("State"),
    Column("RPO age", measure=Measure.MOMENT, field="rpo"),
    Column("Every", measure=Measure.SPAN),
    Column("Size", measure=Measure.SIZE),
    Column("Vols", measure=Measure.NUMBER),
    Column("Age"),
)


def record(
    name: str = "erp-db",
    site: str = "bergen",
    state: Cell | None = None,
    rpo_s: float | None = 600,
    size: float = 1024**3,
    vols: float = 4,
    age: str = "10s",
) -> Record:
    return record_of(
        (
            Cell(name),
            Cell(site, aka="dr"),
            state or Cell("● Running", Tone.OK),
            Cell("10m", value=None if rpo_s is None else NOW - rpo_s),
            Cell("15m", value=900),
            Cell("1 GiB", value=size),
            Cell(str(vols), value=vols),
            Cell(age, Tone.WARN if "stale" in age else Tone.PLAIN),
        )
    )


def found(text: str, row: Record | None = None, marked: bool = False) -> bool:
    return compile_filter(text, COLUMNS).matches(row or record(), NOW, marked)


@pytest.mark.parametrize(
    "text",
    [
        "erp",
        "ERP",
        "erp-db bergen",
        "running",
        "state:running",
        "state:stopped,running",
        "site:dr",
        "site:bergen",
        "!oslo",
        "!site:oslo",
        "site:!oslo",
        "rpo>5m",
        "rpo<1h",
        "rpo>=10m",
        "rpo>1m30s",
        "every=15m",
        "size>=1GiB",
        "size>500m",
        "vols>3",
        "vols=4",
        "name=erp-db",
        "^erp.*db",
        "(erp|crm)-db",
        "is:ok",
        'name:"erp-db"',
        "-f epb",
        "state:running site:dr rpo>5m erp",
    ],
)
def test_it_finds_the_row(text: str) -> None:
    assert found(text)


@pytest.mark.parametrize(
    "text",
    [
        "crm",
        "erp oslo",
        "!erp",
        "!running",
        "state:stopped",
        "site:oslo",
        "site:!dr",
        "rpo>15m",
        "rpo<10m",
        "size>1TiB",
        "vols>4",
        "name=erp",
        "^db",
        "is:bad",
        "is:marked",
        "is:trouble",
        "-f dbe",
        "nosuchfield:running",
    ],
)
def test_it_leaves_the_row_out(text: str) -> None:
    assert not found(text)


def test_a_comparison_never_finds_a_row_without_a_value() -> None:
    assert not found("rpo>1s", record(rpo_s=None))
    assert not found("rpo<100d", record(rpo_s=None))


def test_what_a_row_is_can_be_asked_for() -> None:
    late = record(state=Cell("✗ late", Tone.BAD), age="▲ stale 4m")
    assert found("is:bad", late) and found("is:trouble", late) and found("is:stale", late)
    assert found("is:marked", marked=True)
    assert not found("!is:marked", marked=True)


def test_a_quote_keeps_a_space_in_a_value() -> None:
    off = record(state=Cell("○ Not Activated", Tone.OFF))
    assert found('state:"not activated"', off)
    assert not found('state:"not activated"')


def test_a_quote_that_is_still_being_typed_is_no_error() -> None:
    assert found('state:"runn')


def test_a_name_with_a_colon_is_searched_for_as_text_and_that_is_said() -> None:
    wanted = compile_filter("fa:pg", COLUMNS)
    assert wanted.matches(record(name="fa:pg-erp"), NOW)
    assert "fa is no field here" in wanted.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rpo>soon", "expected an age such as 90s, 15m, 2h or 1d"),
        ("size>big", "expected a size such as"),
        ("vols>many", "expected a number"),
        ("state>3", "which are compared with state:3"),
        ("is:happy", "expected one of ok, busy"),
        ("erp(", "not a regular expression"),
    ],
)
def test_what_cannot_be_understood_is_named_with_what_was_expected(text: str, words: str) -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter(text, COLUMNS)
    assert text.split(">")[0].split(":")[0] in str(caught.value)
    assert words in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_understood_or_refused_with_a_reason(text: str) -> None:
    try:
        wanted = compile_filter(text, COLUMNS)
    except FilterError as error:
        assert str(error)
    else:
        assert wanted.matches(record(), NOW) in (True, False)


@given(st.lists(st.sampled_from(["erp", "state:running", "site:dr", "rpo>5m", "vols>9", "!crm", "oslo"]), max_size=5))
def test_every_term_is_required_whatever_their_order(terms: list[str]) -> None:
    together = found(" ".join(terms))
    assert together == all(found(term) for term in terms)
    assert found(" ".join(reversed(terms))) == together


@given(st.sampled_from(["erp", "state:running", "site:oslo", "rpo>5m", "is:ok", "vols>9"]))
def test_a_negation_finds_exactly_what_the_term_does_not(term: str) -> None:
    assert found(f"!{term}") is not found(term)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_ages_compare_as_numbers_of_seconds(age_s: int, limit_s: int) -> None:
    row = record(rpo_s=age_s)
    assert found(f"rpo>{limit_s}s", row) is (age_s > limit_s)
    assert found(f"rpo<={limit_s}s", row) is (age_s <= limit_s)


@given(st.integers(0, 400), st.integers(0, 23), st.integers(0, 59))
def test_a_span_is_the_sum_of_its_parts(days: int, hours: int, minutes: int) -> None:
    text = f"{days}d{hours}h{minutes}m"
    assert measured(text, Measure.SPAN) == days * 86_400 + hours * 3600 + minutes * 60
