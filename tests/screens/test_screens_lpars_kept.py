"""Rows of LPARs are kept while what they say is true: a kept row never says anything else than one made anew."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from screens.cells import Tone
from screens.columns import Row
from screens.lpars import LparsPane
from screens.rows_lpars import COLUMNS
from screens.scene import Scene
from screens.surroundings import Surroundings
from screens.widgets.table import Table
from store.estate import Host, Lpar, LparState, Problem
from store.records import DeviceHealth
from store.view import Sighting
from tests.screens.estate import SITES, Clock, ago, client, drillable, fa_host, lpar, wwpns_of
from tests.screens.piloting import driven, piloted


class Pane:
    """The LPAR pane without a screen, and the estate that it is over."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.view = drillable().view()
        self.pane = LparsPane(Surroundings(self.view, self.clock, SITES))
        self.look()

    def look(self) -> None:
        """What the screen does when it hears of a change."""
        scene = self.pane.around.scene()
        if self.pane._take_changes(scene) is None:
            self.pane.listing.take(self.pane.rows(scene))
            self.pane._scene = scene

    def kept(self) -> dict[str, Row]:
        return {entry.key: self.pane._row(entry.key) for entry in self.view.entries("lpar")}

    def anew(self) -> dict[str, Row]:
        return {entry.key: self.pane._made(entry.key) for entry in self.view.entries("lpar")}

    def put(self, device: str, obj: Lpar | Host, gone: bool = False) -> None:
        kind = "lpar" if isinstance(obj, Lpar) else "host"
        self.view.record(device, put={(kind, obj.key): Sighting(obj, ago(99), self.clock(), None, gone)})


def full(rows: dict[str, Row]) -> dict[str, list[tuple[str, str, float | None, str]]]:
    """Everything of the cells: two that differ in what sorts and filters go by are else equal."""
    return {key: [(cell.text, cell.tone, cell.value, cell.aka) for cell in row] for key, row in rows.items()}


HOST = [column.title for column in COLUMNS].index("Host")

NAMES = st.sampled_from(["crm", "erp", "db1", "web01", "aix-new"])
ACTIONS = st.one_of(
    st.tuples(st.just("state"), st.integers(0, 30), st.sampled_from(LparState)),
    st.tuples(st.just("host"), NAMES, st.sets(st.integers(1, 4), max_size=2)),
    st.tuples(st.just("new"), NAMES, st.just(0)),
    st.tuples(st.just("gone"), st.integers(0, 30), st.booleans()),
    st.tuples(st.just("later"), st.integers(1, 900), st.just(0)),
    st.tuples(st.just("health"), st.sampled_from(["fa-oslo", "hmc-oslo", "hmc-bergen"]), st.sampled_from(DeviceHealth)),
    st.tuples(st.just("read"), st.sampled_from(["fa-oslo", "hmc-oslo", "hmc-bergen"]), st.booleans()),
    st.tuples(st.just("work"), st.just(0), st.just(0)),
)


def act(pane: Pane, action: str, one: object, other: object) -> None:
    view = pane.view
    entries = view.entries("lpar")
    match action, one, other:
        case "state", int(), LparState():
            entry = entries[one % len(entries)]
            assert isinstance(entry.obj, Lpar)
            pane.put(entry.device, replace(entry.obj, state=other))
        case "gone", int(), bool():
            entry = entries[one % len(entries)]
            assert isinstance(entry.obj, Lpar)
            pane.put(entry.device, entry.obj, gone=other)
        case "host", str(), set():
            pane.put("fa-oslo", fa_host(one, tuple(w for number in sorted(other) for w in wwpns_of(number))))
        case "new", str(), _:
            pane.put("hmc-oslo", lpar(one, "P10-OSLO-01", "7801234", LparState.RUNNING))
        case "later", int(), _:
            pane.clock.forward(one)
        case "health", str(), DeviceHealth():
            status = view.device(one)
            assert status is not None
            view.record(one, status=replace(status, health=other))
        case "read", str(), bool():
            status = view.device(one)
            assert status is not None
            problems = (Problem("GET /hosts", "{}", "a host"),) if other else ()
            view.record(one, status=replace(status, last_ok=pane.clock(), problems=problems))
        case _:
            pane.pane.listing.work(60)


@given(st.lists(ACTIONS, max_size=12))
@settings(max_examples=60, deadline=None)
def test_a_kept_row_says_what_one_made_anew_says(actions: list[tuple[str, object, object]]) -> None:
    pane = Pane()
    for action in actions:
        act(pane, *action)
        pane.look()
        assert full(pane.kept()) == full(pane.anew())


def test_a_new_lpar_with_the_name_of_a_host_takes_the_host_from_the_lpar_that_it_was_taken_for() -> None:
    pane = Pane()
    mine = client("db7", wwpns_of(4))
    pane.put("hmc-oslo", mine)
    pane.put("fa-oslo", fa_host("newcomer", wwpns_of(4)))
    pane.look()
    pane.pane.listing.work(60)
    assert pane.kept()[mine.key][HOST].text == "● as LPAR"
    pane.put("hmc-oslo", lpar("newcomer", "P10-OSLO-01", "7801234", LparState.RUNNING))
    pane.look()
    assert pane.kept()[mine.key][HOST].tone is Tone.BAD
    assert full(pane.kept()) == full(pane.anew())


def test_a_host_that_was_not_in_the_last_readings_is_not_believed_for_ever() -> None:
    pane = Pane()
    mine = client("db7", wwpns_of(4))
    pane.put("hmc-oslo", mine)
    host = fa_host("db7", wwpns_of(4))
    pane.view.record("fa-oslo", put={("host", host.key): Sighting(host, ago(99), ago(99), ago(1))})
    pane.look()
    pane.pane.listing.work(60)
    assert pane.kept()[mine.key][HOST].tone is Tone.OK
    for _ in range(10):
        pane.clock.forward(50)
        for device in ("hmc-oslo", "hmc-bergen", "fa-oslo", "fa-bergen"):
            if (status := pane.view.device(device)) is not None:
                pane.view.record(device, status=replace(status, last_ok=pane.clock()))
        pane.look()
    assert pane.kept()[mine.key][HOST].tone is Tone.UNKNOWN
    assert full(pane.kept()) == full(pane.anew())


def test_a_row_is_not_made_again_while_nothing_of_it_changes() -> None:
    pane = Pane()
    pane.pane.listing.work(60)
    before = pane.kept()
    made: list[str] = []
    original = pane.pane.row

    def row(key: str, scene: Scene) -> Row:
        made.append(key)
        return original(key, scene)

    pane.pane.row = row  # type: ignore[method-assign]
    pane.clock.forward(3)
    pane.look()
    after = pane.kept()
    assert made == []
    assert all(after[key][:-1] == row[:-1] for key, row in before.items())


@piloted
async def test_a_row_that_was_read_again_is_as_young_as_its_reading_for_filters_and_sorts() -> None:
    view, clock = drillable().view(), Clock()
    for entry in view.entries("lpar"):
        view.record(entry.device, put={("lpar", entry.key): Sighting(entry.obj, ago(99), ago(99))})
    async with driven(view, (120, 40), clock) as console:
        await console.press("2")
        clock.forward(20)
        status = view.device("hmc-bergen")
        assert status is not None
        view.record("hmc-bergen", status=replace(status, last_ok=clock()))
        await console.press("slash")
        await console.type("age<15s")
        await console.press("enter")
        table = console.screen.query_one(Table)
        assert {view.get("lpar", key).device for key in table.keys} == {"hmc-bergen"}  # type: ignore[union-attr]
        await console.press("escape")
        await console.command("sort age")
        devices = [view.get("lpar", key).device for key in table.keys]  # type: ignore[union-attr]
        assert devices == sorted(devices, reverse=True), "the oldest first: those of hmc-oslo"
