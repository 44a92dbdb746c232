"""Which rows a table shows, in which order, as rows come, go and change."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from screens.cells import Cell, Tone
from screens.columns import Column, Measure, Row
from screens.listing import Listing, Order

COLUMNS = (
    Column("Name"),
    Column("State"),
    Column("Age", measure=Measure.MOMENT),
    Column("Vols", measure=Measure.NUMBER),
)
TONES = {"fine": Tone.OK, "odd": Tone.WARN, "wrong": Tone.BAD}


class Rows:
    """Rows that a test changes, and how often each was looked at."""

    def __init__(self) -> None:
        self.facts: dict[str, tuple[str, float | None, float | None]] = {}
        self.looks: list[str] = []

    def make(self, key: str) -> Row:
        self.looks.append(key)
        state, seen, vols = self.facts[key]
        return (Cell(key), Cell(state, TONES[state]), Cell("age", value=seen), Cell("vols", value=vols))

    def stamps(self) -> Iterable[tuple[str, object]]:
        return [(key, self.facts[key]) for key in sorted(self.facts)]


def listing(rows: Rows) -> Listing:
    made = Listing(COLUMNS, rows.make)
    made.take(rows.stamps())
    assert made.work(60)
    return made


def some() -> Rows:
    rows = Rows()
    rows.facts = {
        "a": ("fine", 100.0, 3),
        "b": ("wrong", 50.0, 1),
        "c": ("odd", None, None),
        "d": ("fine", 75.0, 2),
    }
    return rows


def test_without_filter_and_order_all_rows_stand_in_their_natural_order() -> None:
    assert listing(some()).shown(0) == ("a", "b", "c", "d")


def test_a_filter_leaves_rows_out_and_one_that_is_not_understood_leaves_all_as_it_was() -> None:
    found = listing(some())
    found.set_filter("fine")
    assert found.shown(0) == ("a", "d")
    found.set_filter("vols>many")
    assert found.shown(0) == ("a", "d")
    assert found.error is not None and "expected a number" in found.error
    found.set_filter("")
    assert found.error is None
    assert found.shown(0) == ("a", "b", "c", "d")


def test_states_sort_from_the_worst_numbers_from_the_largest_moments_from_the_oldest() -> None:
    found = listing(some())
    found.set_order(Order(1))
    assert found.shown(0) == ("b", "c", "a", "d")
    found.set_order(Order(3))
    assert found.shown(0) == ("a", "d", "b", "c")
    found.set_order(Order(2))
    assert found.shown(0) == ("b", "d", "a", "c")


def test_a_row_without_a_value_stands_last_in_either_direction() -> None:
    found = listing(some())
    for reverse in (False, True):
        found.set_order(Order(2, reverse))
        assert found.shown(0)[-1] == "c"


def test_only_rows_that_changed_are_looked_at_again() -> None:
    rows = some()
    found = listing(rows)
    rows.looks.clear()
    rows.facts["b"] = ("fine", 50.0, 1)
    found.take(rows.stamps())
    assert found.work(60)
    assert rows.looks == ["b"]
    found.set_filter("wrong")
    assert found.shown(0) == ()


def test_until_all_rows_have_been_looked_at_a_filter_shows_what_was_found_so_far() -> None:
    rows = some()
    found = Listing(COLUMNS, rows.make)
    found.take(rows.stamps())
    found.set_filter("fine")
    assert found.shown(0) == ()
    assert not found.complete
    found.work(0)
    assert found.shown(0) == ("a",)
    assert found.work(60)
    assert found.shown(0) == ("a", "d")


def test_a_comparison_of_ages_finds_other_rows_as_time_goes_on() -> None:
    found = listing(some())
    found.set_filter("age>60s")
    assert found.shown(120) == ("b",)
    assert found.shown(140) == ("b", "d")


def test_marks_go_with_their_rows_and_can_be_filtered_by() -> None:
    rows = some()
    found = listing(rows)
    found.toggle_mark("a")
    found.toggle_mark("d")
    found.set_filter("is:marked")
    assert found.shown(0) == ("a", "d")
    found.toggle_mark("a")
    assert found.shown(0) == ("d",)
    del rows.facts["d"]
    found.take(rows.stamps())
    assert list(found.marks) == []
    assert found.shown(0) == ()


class AsRowsComeAndGo(RuleBasedStateMachine):
    """However rows change, the table shows what filtering and sorting them all at once would show."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = Rows()
        self.found = Listing(COLUMNS, self.rows.make)

    @rule(
        key=st.sampled_from("abcdef"),
        state=st.sampled_from(list(TONES)),
        seen=st.none() | st.floats(0, 1000),
        vols=st.none() | st.floats(0, 9),
    )
    def put(self, key: str, state: str, seen: float | None, vols: float | None) -> None:
        self.rows.facts[key] = (state, seen, vols)

    @rule(key=st.sampled_from("abcdef"))
    def take_away(self, key: str) -> None:
        self.rows.facts.pop(key, None)

    @rule(text=st.sampled_from(["", "fine", "!wrong", "vols>4", "state:odd,wrong"]))
    def filter(self, text: str) -> None:
        self.found.set_filter(text)

    @rule(place=st.integers(0, 3), reverse=st.booleans())
    def sort(self, place: int, reverse: bool) -> None:
        self.found.set_order(Order(place, reverse))

    @invariant()
    def it_is_as_if_made_anew(self) -> None:
        self.found.take(self.rows.stamps())
        assert self.found.work(60)
        anew = listing(self.rows)
        anew.set_filter(self.found.filter.text)
        anew.set_order(self.found.order)
        assert self.found.shown(0) == anew.shown(0)


AsRowsComeAndGo.TestCase.settings = settings(max_examples=50)
TestAsRowsComeAndGo = AsRowsComeAndGo.TestCase


@given(st.lists(st.floats(0, 1e9), min_size=1, unique=True))
def test_reversing_an_order_turns_the_rows_with_values_round(values: list[float]) -> None:
    rows = Rows()
    rows.facts = {f"{number:03}": ("fine", value, None) for number, value in enumerate(values)}
    found = listing(rows)
    found.set_order(Order(2))
    down = found.shown(0)
    found.set_order(Order(2, True))
    assert found.shown(0) == tuple(reversed(down))


@given(
    st.lists(st.sampled_from(["fine", "odd", "wrong"]) | st.none(), min_size=1, max_size=400),
    st.booleans(),
    st.booleans(),
)
def test_few_and_many_different_texts_sort_alike(states: list[str | None], same: bool, reverse: bool) -> None:
    rows = Rows()
    rows.facts = {f"k{n:03}": (state or "fine", None, None) for n, state in enumerate(states)}
    column = 1 if same else 0
    made = Listing(COLUMNS, rows.make)
    made.take(rows.stamps())
    for _ in range(len(states) // 2):
        made.work(0)  # half of the rows are looked at
    made.set_order(Order(column, reverse))
    shown = made.shown(0)
    known = [key for key in sorted(rows.facts) if made.looked_at_row(key) is not None]
    ranks = {"wrong": 0, "odd": 2, "fine": 4}

    def said(key: str) -> tuple[int, str]:
        return (ranks[rows.facts[key][0]], rows.facts[key][0]) if same else (0, key)

    rest = [key for key in sorted(rows.facts) if made.looked_at_row(key) is None]
    assert list(shown) == sorted(known, key=said, reverse=reverse) + rest
