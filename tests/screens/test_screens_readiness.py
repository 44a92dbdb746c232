"""How the screens say whether LPARs could come back at the other site: rows, counts, the detail, filters, ages."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from screens.cells import Cell, Line, Tone, line_text
from screens.columns import Row
from screens.facts_lpar import parts
from screens.lpars import LparsPane
from screens.readiness import summary_lines, told
from screens.rows_lpars import COLUMNS, row
from screens.scene import Scene
from screens.side_by_side import lay_out
from screens.surroundings import Surroundings
from screens.widgets.table import Table
from store.estate import Lpar
from store.readiness import Covered
from store.readiness_view import ReadinessView
from store.records import Entry
from tests.screens.estate import NOW, SITES, Clock, Estate, ago, troubled
from tests.screens.piloting import Driven, driven, piloted
from tests.screens.readied import MAC, checked, fill, readiness

DR = [column.title for column in COLUMNS].index("DR")


def scene(view: ReadinessView | None = None, estate: Estate | None = None) -> Scene:
    return replace((estate or troubled()).scene(), readiness=fill(ReadinessView()) if view is None else view)


def lpar(at: Scene, name: str, site: str) -> Entry:
    return next(
        e for e in at.view.entries("lpar") if isinstance(e.obj, Lpar) and e.obj.name == name and site in e.device
    )


def said(at: Scene, name: str, site: str = "oslo") -> Cell:
    return row(lpar(at, name, site), at)[DR]


def detail(at: Scene, name: str, site: str = "oslo") -> str:
    return "\n".join(line_text(line).rstrip() for line in lay_out(parts(at, lpar(at, name, site)), 100))


# -------------------------------------------------------------------------------------------------------------- rows


@pytest.mark.parametrize(
    ("name", "site", "cell"),
    [
        ("web01", "oslo", Cell("● ready", Tone.DIM)),  # its row is stale
        ("web01", "bergen", Cell("● ready", Tone.OK)),
        ("erp-db", "bergen", Cell("▲ not ready", Tone.WARN)),
        ("batch01", "bergen", Cell("? not known", Tone.UNKNOWN)),
        ("test09", "bergen", Cell("○ excluded", Tone.OFF)),
        ("vios1", "bergen", Cell("–", Tone.DIM)),
        ("old01", "bergen", Cell("–", Tone.DIM)),
    ],
)
def test_each_row_says_how_its_lpar_stands_at_either_site(name: str, site: str, cell: Cell) -> None:
    assert said(scene(), name, site) == cell


def test_what_no_pattern_names_or_only_the_recovery_site_has_is_not_protected() -> None:
    view = fill(ReadinessView(), covered=Covered("oslo", "bergen", ("erp*",)))
    assert said(scene(view), "web01", "bergen").text == "○ not protected"
    everything = fill(ReadinessView(), covered=Covered("oslo", "bergen"))
    assert said(scene(everything), "test09", "bergen").text == "○ not protected", "oslo has none of that name"


def test_before_the_first_look_they_are_not_checked_and_where_none_is_covered_nothing_is_said() -> None:
    view = ReadinessView()
    assert said(scene(view), "web01").text == "–"
    view.cover(Covered("oslo", "bergen", exclude=("erp*",)))
    assert said(scene(view), "web01", "bergen").text == "○ not checked"
    assert said(scene(view), "erp-db", "bergen").text == "○ excluded"


def test_a_verdict_that_is_too_old_is_not_known_any_more() -> None:
    old = fill(ReadinessView(), seen_s=700)
    assert [said(scene(old), name, "bergen").text for name in ("web01", "erp-db")] == ["? not known"] * 2


# ------------------------------------------------------------------------------------------------------------ filters


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("dr:ready", {"web01"}),
        ("dr:not", {"batch01", "erp-app", "erp-db"}),
        ("dr:excluded", {"test09"}),
        ("!dr:ready is:warn", {"batch01", "erp-app", "erp-db", "test09"}),
        ('dr:"not ready"', {"erp-app", "erp-db"}),
        ("dr:mac-kept", {"erp-app"}),
        ("dr:ready,excluded", {"web01", "test09"}),
    ],
)
@piloted
async def test_lpars_are_filtered_by_how_they_stand_and_by_the_first_reason(typed: str, names: set[str]) -> None:
    async with driven(troubled().view()) as console:
        fill(console.console.around.readiness)
        await console.press("2")
        await console.command(f"filter {typed}")
        assert {key.partition("/")[2] for key in console.screen.query_one(Table).keys} == names


@piloted
async def test_the_keys_find_the_row_that_ceased_to_be_ready() -> None:
    async with driven(troubled().view()) as console:
        fill(console.console.around.readiness)
        await console.press("2")
        await console.command("filter web01 site:bergen is:warn")
        assert "None of" in console.text
        view = console.console.around.readiness
        view.take([readiness("web01", MAC, seen_s=2)], ago(2))
        console.console.estate_changed()
        await console.wait_for(lambda: "▲ not ready" in console.text, "the row is not shown")


# --------------------------------------------------------------------------------------------------------- kept rows


def test_only_the_rows_whose_lpar_stands_otherwise_are_made_anew() -> None:
    clock = Clock()
    view = troubled().view()
    pane = LparsPane(Surroundings(view, clock, SITES, readiness=fill(ReadinessView())))
    made: list[str] = []
    original = pane.row

    def counted(key: str, at: Scene) -> Row:
        made.append(key.partition("/")[2])
        return original(key, at)

    pane.row = counted  # type: ignore[method-assign]

    def look() -> None:
        at = pane.around.scene()
        if pane._take_changes(at) is None:
            pane.listing.take(pane.rows(at))
            pane._scene = at
        pane.listing.work(60)

    look()
    made.clear()
    seen = pane.around.readiness
    seen.begin(NOW)
    look()
    seen.take(checked(2), ago(2))
    look()
    assert made == [], "all stand as before"
    seen.take([each if each.name != "web01" else readiness("web01", MAC, seen_s=1) for each in checked(1)], ago(1))
    look()
    assert set(made) == {"web01"}
    made.clear()
    clock.forward(1200)
    look()
    assert "erp-db" in made, "nothing of it is believed any more"


# --------------------------------------------------------------------------------------------------- counts and words


def lines(found: tuple[Line, ...]) -> list[str]:
    return [line_text(line).rstrip() for line in found]


def test_above_the_table_they_are_counted_with_their_age() -> None:
    assert lines(summary_lines(scene(), 80)) == [
        "DR at bergen  ● 1 ready  ▲ 2 not ready  ? 1 not known  checked 10s ago",
    ]
    assert lines(summary_lines(scene(), 60)) == [
        "DR at bergen  ● 1 ready  ▲ 2 not ready  ? 1 not known",
        "  checked 10s ago",
    ]


def test_above_the_table_it_is_said_why_they_could_not_be_checked_and_since_when() -> None:
    view = fill(ReadinessView())
    view.take(checked(12)[:2], ago(12), {"hmc-oslo": "no answer in time"}, whole=False)
    found = lines(summary_lines(scene(view), 80))
    assert found[-1] == "? DR rests on what could not be read since 10s: hmc-oslo"
    view.fail("the store is full", ago(300))
    view.fail("the store is full", ago(10))
    found = lines(summary_lines(scene(view), 80))
    assert found[-1] == "✗ DR could not be checked since 5m: the store is full"


def test_above_the_table_nothing_is_said_where_nothing_is_checked() -> None:
    view = ReadinessView()
    assert summary_lines(scene(view), 80) == ()
    view.cover(Covered("oslo", "bergen"), "this console was started with --cached")
    assert summary_lines(scene(view), 80) == ()
    view.cover(Covered("oslo", "bergen"))
    assert "not checked yet" in lines(summary_lines(scene(view), 80))[0]
    view.begin(NOW)
    assert "being checked for the first time" in lines(summary_lines(scene(view), 80))[0]


# ------------------------------------------------------------------------------------------------------------- detail


def test_the_detail_shows_every_check_the_worst_first_with_evidence_and_what_to_do() -> None:
    text = detail(scene(), "erp-db", "bergen")
    assert (
        "Return at bergen\nStanding          ▲ not ready because erp_log has no tag of its source, and 1 more" in text
    )
    assert "Checked           10s ago, 02:59:48 UTC" in text
    order = [text.index(word) for word in ("fa.paired ", "pwr.mac-kept ", "pwr.boot ", "fa.complete ", "dev.clock ")]
    assert order == sorted(order)
    assert "fa.paired         ✗ fails (hard) erp_log has no tag of its source" in text
    assert "→ drdeck pra shows what is lacking, drdeck pra --apply adds it" in text
    assert "pwr.boot          ▲ fails (warn) it never answered in a drill" in text
    assert "fa.member         ● holds (hard) 2 volumes" in text


def test_the_detail_says_how_old_what_it_shows_is_and_which_device_could_not_be_read() -> None:
    view = fill(ReadinessView(), seen_s=400)
    view.take(checked(20)[:1], ago(20), {"hmc-oslo": "no answer in time"}, whole=False)
    text = detail(scene(view), "erp-db", "bergen")
    assert "Standing          ? not known" in text
    assert "Checked           6m ago, 02:53:20 UTC" in text
    assert "? hmc-oslo could not be read since 20s ago, 02:59:40 UTC: no answer in time." in text
    assert "? What follows is what was known before: the last look did not show this LPAR." in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("test09", "○ excluded ([pra] exclude names it)"),
        ("vios1", None),
    ],
)
def test_the_detail_says_why_an_lpar_is_not_checked(name: str, words: str | None) -> None:
    text = detail(scene(), name, "bergen")
    assert (words in text) if words is not None else ("Return at" not in text)


def test_the_detail_says_why_nothing_is_checked_at_all() -> None:
    view = ReadinessView()
    view.cover(None, "no LPAR can come back at bergen: no flasharray at bergen is configured")
    text = detail(scene(view), "web01", "bergen")
    assert "Not checked: no LPAR can come back at bergen: no flasharray at bergen is configured." in text


# ---------------------------------------------------------------------------------------------------------- sentences


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), "Checked: 1 ready, 2 not ready, 1 not known: batch01, erp-app, erp-db."),
        (("web01",), "web01: ready."),
        (("erp-db",), "erp-db: not ready, because erp_log has no tag of its source, and 1 more."),
        (("erp*",), "Checked: 2 not ready: erp-app, erp-db."),
        (("nothing",), "No protected LPAR is called nothing."),
    ],
)
def test_what_was_asked_for_is_answered_in_a_sentence(names: tuple[str, ...], words: str) -> None:
    at = scene()
    assert told(at.readiness, at, names) == words


@piloted
async def test_a_check_is_refused_with_the_reason_where_nothing_is_checked() -> None:
    async with driven(troubled().view()) as console:
        await console.press("2", "C")
        assert "Not checked: the console is still starting." in console.text
    async with driven(troubled().view(), cached=True) as console:
        await console.press("2", "C")
        assert "No device is read: this console was started with --cached." in console.text


def shown(console: Driven) -> str:
    return console.line("DR at bergen")


@piloted
async def test_the_age_of_the_verdicts_grows_above_the_table_while_nothing_else_changes() -> None:
    clock = Clock()
    async with driven(troubled().view(), (120, 40), clock) as console:
        fill(console.console.around.readiness)
        await console.press("2")
        assert "checked 10s ago" in shown(console)
        clock.forward(20)
        console.screen.tick()
        await console.settle()
        assert "checked 30s ago" in shown(console)
