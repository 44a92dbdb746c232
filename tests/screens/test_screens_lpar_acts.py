"""What the screens of LPARs offer to be done, what is not right and why, and what is only a hint."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from screens.dialogs.acts import ActMenu
from screens.lpar_offers import asked
from screens.offers import Offer
from screens.run_messages import ActsAsked
from store.estate import LparState
from store.readiness import Covered
from store.readiness_view import ReadinessView
from store.records import DeviceHealth, Entry
from store.runs import Run
from tests.screens.estate import HMC_DOWN, NOW, Estate, ago, devices, entry, lpar
from tests.screens.piloting import driven, piloted
from tests.screens.readied import COVERED, MAC, PAIRED, UNREAD, fill, readiness
from tests.store.drilled_runs import drill

ON, OFF = LparState.RUNNING, LparState.NOT_ACTIVATED
WORDS = ("check", "failover", "disaster", "drill", "cleanup", "reprotect", "failback", "align")
NO_DRILL = "no drill of it owes a clean-up"
STAYS = "it does not run at bergen"
ANSWERS = "oslo answers: a planned failover loses nothing"


def home(name: str = "erp", state: LparState = ON, **more: object) -> Entry:
    return entry(lpar(name, "P10-OSLO-01", "7801234", state, **more), "hmc-oslo")  # type: ignore[arg-type]


def there(name: str = "erp", state: LparState = OFF, **more: object) -> Entry:
    return entry(lpar(name, "P10-BERGEN-01", "7805678", state, **more), "hmc-bergen")  # type: ignore[arg-type]


def menu(
    *entries: Entry,
    of: int = 1,
    view: ReadinessView | None = None,
    owing: Mapping[str, Run] | None = None,
    down: bool = False,
) -> ActsAsked:
    """The menu for the first ``of`` entries."""
    estate = Estate(devices(), list(entries))
    if down:
        estate.set_device("hmc-oslo", **HMC_DOWN)
    if view is None:
        view = ReadinessView()
        view.cover(COVERED)
    scene = replace(estate.scene(), readiness=view)
    return asked(scene, [one.key for one in entries[:of]], owing or {})


def offered(found: ActsAsked) -> dict[str, Offer]:
    return {offer.word: offer for offer in found.offers}


def why(found: ActsAsked) -> dict[str, str]:
    """Why an act is not right, for those that are not."""
    return {offer.word: offer.why_not for offer in found.offers if offer.why_not is not None}


def test_one_that_runs_at_home_and_stands_by_at_the_other_site_is_failed_over_or_drilled() -> None:
    found = menu(home(), there())
    assert tuple(offered(found)) == WORDS
    assert why(found) == {"disaster": ANSWERS, "cleanup": NO_DRILL, "reprotect": STAYS, "failback": STAYS}
    assert found.what == "erp, Running at oslo, Not Activated at bergen"


def test_the_orders_are_those_of_the_command_line() -> None:
    assert {word: offer.order for word, offer in offered(menu(home("db 1"), there("db 1"))).items()} == {
        "check": "lpar check 'db 1'",
        "align": "lpar align 'db 1'",
        "failover": "lpar failover 'db 1'",
        "disaster": "lpar failover 'db 1' --disaster",
        "drill": "lpar drill 'db 1'",
        "cleanup": None,
        "reprotect": "lpar reprotect 'db 1'",
        "failback": "lpar failback 'db 1'",
    }


def test_the_row_of_either_site_asks_for_the_same() -> None:
    at_home, away = home(), there()
    assert offered(menu(away, at_home)) == offered(menu(at_home, away))
    assert menu(at_home, away, of=2).what == "erp, Running at oslo, Not Activated at bergen", "one LPAR, marked twice"


def test_with_home_silent_only_a_disaster_can_be_planned() -> None:
    found = menu(home(), there(), down=True)
    assert why(found) == {
        "align": "oslo cannot be read",
        "failover": "oslo cannot be read",
        "cleanup": NO_DRILL,
        "reprotect": STAYS,
        "failback": STAYS,
    }
    assert why(menu(there()))["failover"] == "oslo does not show it"
    assert "disaster" not in why(menu(there()))


def test_after_a_failover_it_is_protected_and_fails_back() -> None:
    assert why(menu(home(state=OFF), there(state=ON))) == {
        "failover": "it is Running at bergen",
        "disaster": "it is Running at bergen",
        "drill": "it is Running at bergen",
        "cleanup": NO_DRILL,
    }


def test_one_that_runs_at_both_sites_is_neither_failed_over_nor_back() -> None:
    found = why(menu(home(), there(state=ON)))
    assert (found["failover"], found["failback"]) == ("it is Running at bergen", "it runs at oslo too")


def test_a_drill_that_is_not_cleaned_up_stands_before_everything_else() -> None:
    owing = {"d1": drill("d1", "erp", at=ago(60))}
    found = menu(home(), there(state=ON), owing=owing)
    words = "the drill d1 is not cleaned up"
    assert why(found) == dict.fromkeys(("align", "failover", "disaster", "drill", "reprotect", "failback"), words)
    assert offered(found)["cleanup"].order == "lpar cleanup d1"
    assert offered(menu(home("crm"), there("crm"), owing=owing))["cleanup"].why_not == NO_DRILL


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ((home(),), {"failover": "it is not defined at bergen", "failback": "it is not defined at bergen"}),
        ((home(env="vioserver"),), {"check": "it is a VIOS, which stays where it is"}),
        ((home("test1"), there("test1")), {"drill": "it is not protected: [pra] exclude names it"}),
        (
            (home(), there(), replace(there(), key="9105-22A*1/erp")),
            {"check": "more than one LPAR at bergen is called so"},
        ),
    ],
)
def test_what_cannot_come_back_there_says_why(entries: tuple[Entry, ...], words: dict[str, str]) -> None:
    found = why(menu(*entries))
    assert {word: found[word] for word in words} == words


def test_nothing_can_be_asked_of_what_is_not_protected() -> None:
    assert {offer.order for offer in menu(home("test1"), there("test1")).offers} == {None}


def test_without_an_isolated_network_nothing_is_drilled() -> None:
    view = ReadinessView()
    view.cover(Covered("oslo", "bergen"))
    assert why(menu(home(), there(), view=view))["drill"] == "[pra] names no isolated network for drills"


def test_where_no_lpar_is_to_come_back_elsewhere_the_reason_is_told() -> None:
    view = ReadinessView()
    view.cover(None, "the configuration does not say which LPARs come back where: see [pra]")
    found = menu(home(), there(), view=view)
    assert set(why(found).values()) == {view.why_not}
    assert {offer.order for offer in found.offers} == {None}


def test_an_lpar_that_the_store_forgot_offers_nothing() -> None:
    scene = Estate(devices()).scene()
    assert {offer.why_not for offer in asked(scene, ("x/gone",), {}).offers} == {"the store does not know it any more"}


@pytest.mark.parametrize(
    ("check", "hint"),
    [
        (MAC, "not ready: slot 4 has FA1B2C3D4E05, to be FA1B2C3D4E04"),
        (UNREAD, "not known: fa-oslo: no answer in time"),
    ],
)
def test_that_an_lpar_is_not_ready_is_a_hint_and_keeps_nobody_from_having_it_planned(check: object, hint: str) -> None:
    view = ReadinessView()
    view.cover(COVERED)
    view.take([readiness("erp", check)], ago(12))  # type: ignore[arg-type]
    found = offered(menu(home(), there(), view=view))
    assert {word: offer.hint for word, offer in found.items() if offer.hint is not None} == dict.fromkeys(
        ("failover", "disaster", "drill"), hint
    )
    assert found["failover"].right


def test_of_several_the_first_reason_is_told_and_the_others_are_counted() -> None:
    view = ReadinessView()
    view.cover(COVERED)
    view.take([readiness("a", PAIRED), readiness("b"), readiness("c", MAC)], ago(12))
    entries = [home("a"), home("b"), home("c", state=OFF), there("a"), there("b"), there("c", state=ON)]
    found = menu(*entries, of=3, view=view)
    assert found.what == "3 LPARs: a, b and c"
    assert offered(found)["failover"].order == "lpar failover a b c"
    assert why(found)["failover"] == "c: it is Running at bergen"
    assert why(found)["failback"] == "a: it does not run at bergen, and 1 more"
    assert offered(found)["failover"].hint == "a: not ready: erp_log has no tag of its source, and 1 more"


def test_two_drills_are_not_cleaned_up_at_once() -> None:
    owing = {"d1": drill("d1", "a", at=ago(60)), "d2": drill("d2", "b", at=NOW)}
    found = offered(menu(home("a"), home("b"), there("a"), there("b"), of=2, owing=owing))
    assert found["cleanup"].order is None


def test_an_hmc_that_was_partly_read_answers_all_the_same() -> None:
    made = Estate(devices(), [home(), there()])
    made.set_device("hmc-oslo", health=DeviceHealth.PARTIAL)
    view = ReadinessView()
    view.cover(COVERED)
    found = asked(replace(made.scene(), readiness=view), [made.entries[0].key], {})
    assert "failover" not in why(found)


# ------------------------------------------------------------------------------------------------------- the console


def estate() -> Estate:
    return Estate(devices(), [home("erp-db"), there("erp-db"), home("web01"), there("web01")])


@piloted
async def test_a_offers_what_can_be_done_on_the_pane_and_in_the_detail() -> None:
    async with driven(estate().view()) as console:
        fill(console.console.around.readiness)
        await console.press("2")
        assert "a Act" in console.text
        for keys in ((), ("enter",)):
            await console.press(*keys, "a")
            assert isinstance(console.console.screen, ActMenu)
            assert "Act on erp-db, Running at oslo, Not Activated at bergen" in console.text
            assert "▲ not ready: erp_log has no tag of its source" in console.line("Fail over ")
            await console.press("escape")


@piloted
async def test_below_the_menu_a_hint_stands_in_full_and_says_that_the_plan_looks_anew() -> None:
    async with driven(estate().view()) as console:
        fill(console.console.around.readiness)
        await console.press("2", "a", "j")
        told = "As it was checked last: not ready: erp_log has no tag of its source. The plan\nlooks at it anew."
        assert told in console.text


@piloted
async def test_all_marked_lpars_are_acted_on_together() -> None:
    async with driven(estate().view()) as console:
        fill(console.console.around.readiness)
        await console.press("2", "space", "space", "space", "a")
        assert "Act on 2 LPARs: erp-db and web01" in console.text


@pytest.mark.parametrize(
    ("keys", "typed"),
    [
        (["a", "j", "o"], ":do lpar failover erp-db"),
        (["a", "j", "j", "o"], ":do lpar failover erp-db --disaster"),
        (["enter", "a", "j", "o"], ":do lpar failover erp-db"),
    ],
)
@piloted
async def test_an_act_is_typed_on_with_options(keys: list[str], typed: str) -> None:
    async with driven(estate().view()) as console:
        fill(console.console.around.readiness)
        await console.press("2", *keys)
        assert console.text.rstrip().splitlines()[-1].startswith(typed)


@pytest.mark.parametrize("word", ["failover", "failback", "drill"])
@piloted
async def test_a_command_that_nothing_can_be_asked_by_says_why(word: str) -> None:
    async with driven(Estate(devices(), [home("test1"), there("test1")]).view()) as console:
        fill(console.console.around.readiness)
        await console.press("2")
        await console.command(word)
        assert "is not right: it is not protected: [pra] exclude names it." in console.text


@piloted
async def test_a_read_only_console_refuses_to_act_and_still_checks() -> None:
    async with driven(estate().view(), read_only=True) as console:
        fill(console.console.around.readiness)
        await console.press("2", "a")
        assert "Act is refused: this console is read-only." in console.text
        await console.command("failover")
        assert "Fail over is refused: this console is read-only." in console.text
        await console.press("C")
        assert "read-only" not in console.text.splitlines()[-1]
