"""What the screens of protection groups offer to be done, why the rest is not right, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from screens.actions import Place, Situation, refusal
from screens.actions_acts import ACTS
from screens.dialogs.acts import ActMenu
from screens.offers import Offer
from screens.pgroup_offers import asked
from store.estate import PgroupTarget, ProtectionGroup
from tests.screens.estate import Estate, calm, devices, entry, pgroup, replica_group, snapshot, with_own
from tests.screens.piloting import driven, piloted

VERBS = ("snapshot", "replicate", "send", "clone", "restore")
MADE = "drdeck-0301-0300"
"""The name of a snapshot that is taken at NOW."""

HELD = (snapshot("pg-erp", 41, 300, None), snapshot("pg-erp", 40, 1200, None), snapshot("pg-erp", 41, 300, "fa-bergen"))

CHOOSE = "choose one on the list of its snapshots"


def offered(
    group: ProtectionGroup, snapshots: Sequence[str] = (), gone: bool = False, on: str = "fa-oslo"
) -> dict[str, Offer]:
    scene = Estate(devices(), [entry(group, on, gone=gone)]).scene()
    return {offer.word: offer for offer in asked(scene, (group.key,), snapshots).offers}


def orders(group: ProtectionGroup, *snapshots: str) -> dict[str, str | None]:
    return {word: offer.order for word, offer in offered(group, snapshots).items()}


def test_a_group_at_home_is_snapshot_as_it_stands_and_asks_for_more_to_be_cloned_or_restored() -> None:
    found = offered(pgroup("fa-oslo", "pg-erp", HELD))
    assert tuple(found) == VERBS
    assert {offer.word: offer.why_not for offer in found.values() if offer.why_not} == {"send": CHOOSE}
    assert [offer.more for offer in found.values()] == [False, False, False, True, True]


def test_the_orders_name_group_device_a_new_snapshot_by_the_time_or_the_newest_that_there_is() -> None:
    assert orders(pgroup("fa-oslo", "pg-erp", HELD)) == {
        "snapshot": f"pgroup snapshot pg-erp {MADE} --on fa-oslo",
        "replicate": f"pgroup snapshot pg-erp {MADE} --on fa-oslo --replicate",
        "send": None,
        "clone": "pgroup clone pg-erp 41 --on fa-oslo --onto ",
        "restore": "pgroup restore pg-erp --on fa-oslo 41",
    }


def test_a_selected_snapshot_is_cloned_and_restored_from_as_it_stands() -> None:
    group = pgroup("fa-oslo", "pg-erp", HELD)
    assert orders(group, "40")["clone"] == "pgroup clone pg-erp 40 --on fa-oslo --onto "
    assert orders(group, "40")["restore"] == "pgroup restore pg-erp 40 --on fa-oslo"
    assert offered(group, ("40",))["restore"].right


@pytest.mark.parametrize(
    ("snapshots", "why"),
    [(("41", "40"), "one snapshot at a time"), (("39",), "fa-oslo does not show pg-erp.39 among its own")],
)
def test_several_snapshots_or_one_that_only_a_target_has_are_neither_cloned_nor_restored_from(
    snapshots: tuple[str, ...], why: str
) -> None:
    away = (*HELD, snapshot("pg-erp", 39, 2100, "fa-bergen"))
    found = offered(pgroup("fa-oslo", "pg-erp", away), snapshots)
    for word in ("clone", "restore"):
        assert (found[word].order, found[word].why_not) == (None, why)
    assert found["snapshot"].right, "that is about the group"


def test_without_a_snapshot_of_its_own_a_group_is_cloned_by_a_new_one_and_not_restored() -> None:
    found = offered(pgroup("fa-oslo", "pg-erp", HELD[2:]))
    assert found["clone"].order == f"pgroup clone pg-erp {MADE} --on fa-oslo --onto "
    assert found["restore"].why_not == "no snapshot of it is known on fa-oslo"
    assert found["restore"].order is None


@pytest.mark.parametrize(
    ("targets", "why"),
    [
        ((), "it has no target"),
        ((PgroupTarget("fa-bergen", False),), "no target allows it: fa-bergen"),
        ((PgroupTarget("a", False), PgroupTarget("b", False)), "no target allows it: a, b"),
        ((PgroupTarget("a", False), PgroupTarget("b", True)), None),
    ],
)
def test_a_snapshot_is_replicated_only_where_a_target_allows_it(
    targets: tuple[PgroupTarget, ...], why: str | None
) -> None:
    found = offered(pgroup("fa-oslo", "pg-erp", HELD, targets=targets))
    assert found["replicate"].why_not == why
    assert found["snapshot"].right


def test_of_several_targets_it_is_asked_to_which_one_a_snapshot_is_to_be_sent() -> None:
    group = pgroup("fa-oslo", "pg-erp", HELD, targets=(PgroupTarget("a", True), PgroupTarget("b", True)))
    found = offered(group)["replicate"]
    assert found.more
    assert found.order == f"pgroup snapshot pg-erp {MADE} --on fa-oslo --replicate --to "


def test_a_selected_snapshot_is_sent_to_the_target_that_does_not_have_it() -> None:
    group = pgroup("fa-oslo", "pg-erp", HELD)
    found = offered(group, ("40",))["send"]
    assert (found.order, found.more, found.right) == (
        "pgroup snapshot pg-erp 40 --on fa-oslo --replicate",
        False,
        True,
    )
    assert offered(group, ("41",))["send"].why_not == "41 is on fa-bergen already"
    two = replace(group, targets=(PgroupTarget("fa-bergen", True), PgroupTarget("fa-rome", True)))
    found = offered(two, ("41",))["send"]
    assert (found.order, found.more) == ("pgroup snapshot pg-erp 41 --on fa-oslo --replicate --to ", True)


GONE = "fa-oslo does not report it any more"


@pytest.mark.parametrize(
    ("changes", "gone", "why"),
    [
        ({"destroyed": True}, False, ("it is pending eradication",) * 5),
        ({}, True, (GONE,) * 5),
        ({"volumes": ()}, False, ("it has no members", "it has no members", CHOOSE, None, None)),
        ({"volumes": (), "hosts": ("erp-db",)}, False, (None, None, CHOOSE, None, None)),
    ],
)
def test_what_is_destroyed_gone_or_empty_says_so(
    changes: dict[str, object], gone: bool, why: tuple[str | None, ...]
) -> None:
    found = offered(pgroup("fa-oslo", "pg-erp", HELD, **changes), gone=gone)
    assert tuple(offer.why_not for offer in found.values()) == why


def test_a_replica_says_where_its_group_is_at_home_and_nothing_can_be_asked_of_it() -> None:
    found = offered(replica_group("pg-erp", HELD[:1]), on="fa-bergen")
    assert {offer.why_not for offer in found.values()} == {"a replica: act on pg-erp on fa-oslo"}
    assert {offer.order for offer in found.values()} == {None}


def test_several_groups_are_acted_on_one_at_a_time() -> None:
    groups = [pgroup("fa-oslo", name, HELD) for name in ("pg-erp", "pg-web")]
    scene = Estate(devices(), [entry(group, "fa-oslo") for group in groups]).scene()
    menu = asked(scene, [group.key for group in groups])
    assert menu.what == "2 groups: pg-erp on fa-oslo, pg-web on fa-oslo"
    assert {(offer.why_not, offer.order) for offer in menu.offers} == {("one group at a time", None)}


def test_a_group_that_the_store_forgot_offers_nothing() -> None:
    menu = asked(calm().scene(), ("id-fa-oslo:pg-gone",))
    assert {offer.why_not for offer in menu.offers} == {"the store does not know it any more"}


def test_a_group_without_snapshots_can_be_acted_on_from_their_empty_list() -> None:
    empty = Situation(Place.SNAPSHOTS)
    assert {refusal(action, empty) for action in ACTS if Place.SNAPSHOTS in action.places} == {None}


# ------------------------------------------------------------------------------------------------------- the console


@piloted
async def test_a_offers_what_can_be_done_on_pane_detail_and_list_of_snapshots() -> None:
    async with driven(with_own(calm()).view()) as console:
        await console.press("3")
        assert "a Act" in console.text
        for keys, what in (
            ((), "Act on pg-erp on fa-oslo\n"),
            (("enter",), "Act on pg-erp on fa-oslo\n"),
            (("enter", "j"), "Act on pg-erp on fa-oslo, snapshot 40\n"),
        ):
            await console.press(*keys, "a")
            assert isinstance(console.console.screen, ActMenu)
            assert what in console.text
            await console.press("escape")
        await console.press("3", "j", "a")
        assert console.text.count("not right: a replica: act on pg-erp on fa-oslo") == 5


@piloted
async def test_marked_groups_are_said_to_be_too_many_and_enter_does_nothing_then() -> None:
    async with driven(with_own(calm()).view()) as console:
        await console.press("3", "space", "space", "a")
        assert console.text.count("not right: one group at a time") == 5
        await console.press(*["enter"] * 3)
        assert isinstance(console.console.screen, ActMenu)


@pytest.mark.parametrize(
    ("keys", "typed"),
    [
        (["a", "j", "j", "j", "enter"], ":do pgroup clone pg-erp 41 --on fa-oslo --onto"),
        (["a", "j", "j", "j", "j", "enter"], ":do pgroup restore pg-erp --on fa-oslo 41"),
        (["a", "o"], f":do pgroup snapshot pg-erp {MADE} --on fa-oslo"),
        ([":clone"], ":do pgroup clone pg-erp 41 --on fa-oslo --onto"),
        (["enter", ":restore"], ":do pgroup restore pg-erp --on fa-oslo 41"),
        (["enter", "enter", "j", ":clone"], ":do pgroup clone pg-erp 40 --on fa-oslo --onto"),
    ],
)
@piloted
async def test_what_asks_for_more_is_typed_on_with_its_end_in_sight(keys: list[str], typed: str) -> None:
    async with driven(with_own(calm()).view()) as console:
        await console.press("3")
        for key in keys:
            await (console.command(key[1:]) if key.startswith(":") else console.press(key))
        assert console.text.rstrip().splitlines()[-1].startswith(typed)
        await console.press("x")
        assert f"{typed} x" in console.text or f"{typed}x" in console.text


@pytest.mark.parametrize("word", ["snapshot", "replicate", "send", "clone", "restore"])
@piloted
async def test_a_command_for_a_replica_says_why_it_is_not_right(word: str) -> None:
    async with driven(with_own(calm()).view()) as console:
        await console.press("3", "j")
        await console.command(word)
        assert "is not right: a replica: act on pg-erp on fa-oslo." in console.text


@piloted
async def test_a_read_only_console_refuses_every_one_of_them() -> None:
    async with driven(with_own(calm()).view(), read_only=True) as console:
        await console.press("3", "a")
        assert "Act is refused: this console is read-only." in console.text
        await console.command("restore")
        assert "Restore the whole group is refused: this console is read-only." in console.text


@piloted
async def test_a_reason_that_its_row_has_no_room_for_stands_below_in_full() -> None:
    estate = calm()
    home = "an-array-with-a-name-that-nobody-would-want-to-type-twice-on-one-day"
    estate.entries.append(entry(replace(replica_group("pg-x", ()), source=home), "fa-bergen"))
    async with driven(estate.view()) as console:
        await console.press("3", "G", "a")
        assert f"Not right: a replica: act on pg-x on\n{home}." in console.text
        await console.press("escape", "k", "a")
        assert "Not right:" not in console.text
