"""Which FlashArray hosts belong to an LPAR, and whether they hold its WWPNs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from screens.cells import Tone
from screens.columns import Widths, lay_out
from screens.conditions import HostMatch
from screens.host_match import LparHosts, host_cell, lpar_hosts
from screens.host_words import why
from screens.rows_lpars import COLUMNS, row
from screens.scene import Scene
from screens.status import GLYPHS
from store.estate import Host, Lpar, LparState, Problem
from store.records import DeviceHealth, Entry
from store.view import Sighting
from tests.screens.estate import (
    HMC_DOWN,
    Estate,
    ago,
    client,
    devices,
    drillable,
    entry,
    fa_host,
    lpar,
    troubled,
    wwpns_of,
)

MINE, THEIRS = wwpns_of(1), wwpns_of(2)


def estate_of(lpars: list[Lpar], hosts: list[Host]) -> Estate:
    """LPARs read by hmc-oslo, hosts by the array that they name."""
    estate = Estate(devices())
    estate.entries += [entry(one, "hmc-oslo") for one in lpars]
    estate.entries += [entry(one, one.array) for one in hosts]
    return estate


def of(estate: Estate, name: str = "db1") -> tuple[Scene, Entry]:
    scene = estate.scene()
    return scene, next(one for one in scene.view.entries("lpar") if one.obj.name == name)


def verdict(*hosts: Host, mine: Lpar | None = None, others: tuple[Lpar, ...] = ()) -> LparHosts:
    return lpar_hosts(*of(estate_of([mine or client("db1", MINE), *others], list(hosts))))


def test_a_host_with_exactly_the_wwpns_is_as_the_lpar_whatever_its_name() -> None:
    assert verdict(fa_host("db1", MINE)).match is HostMatch.AS_LPAR
    assert verdict(fa_host("aix-db1-prod", MINE)).match is HostMatch.AS_LPAR


def test_a_host_that_lacks_a_wwpn_differs_and_says_which() -> None:
    found = verdict(fa_host("db1", MINE[:3]))
    assert found.match is HostMatch.DIFFERS
    assert found.found[0].missing == MINE[3:]


def test_a_host_with_a_wwpn_too_many_differs_and_says_which() -> None:
    found = verdict(fa_host("db1", (*MINE, THEIRS[0])))
    assert found.match is HostMatch.DIFFERS
    assert found.found[0].surplus == THEIRS[:1]


def test_both_wwpns_of_a_pair_are_needed_also_where_one_is_never_logged_in() -> None:
    assert verdict(fa_host("db1", MINE[::2])).found[0].missing == MINE[1::2]


def test_what_runs_and_what_the_next_activation_gets_are_both_needed() -> None:
    moved = client("db1", MINE, in_profile=(*MINE[:2], *THEIRS[:2]))
    assert verdict(fa_host("db1", MINE), mine=moved).found[0].missing == THEIRS[:2]
    assert verdict(fa_host("db1", (*MINE, *THEIRS[:2])), mine=moved).match is HostMatch.AS_LPAR


def test_a_wwpn_of_another_profile_is_neither_needed_nor_too_many() -> None:
    mine = client("db1", MINE)
    drill = replace(client("x", THEIRS).profiles[0], name="drill")
    two = replace(mine, profiles=(*mine.profiles, drill))
    assert verdict(fa_host("db1", MINE), mine=two).match is HostMatch.AS_LPAR
    assert verdict(fa_host("db1", (*MINE, THEIRS[0])), mine=two).match is HostMatch.AS_LPAR


def test_an_lpar_that_is_not_activated_is_judged_by_its_profile() -> None:
    off = client("db1", (), in_profile=MINE, state=LparState.NOT_ACTIVATED)
    assert verdict(fa_host("db1", MINE), mine=off).match is HostMatch.AS_LPAR
    assert verdict(fa_host("db1", MINE[:2]), mine=off).match is HostMatch.DIFFERS


def test_a_wwpn_on_the_host_of_another_lpar_is_told_as_such() -> None:
    other = client("db2", THEIRS)
    found = verdict(fa_host("db2", (*THEIRS, MINE[0])), others=(other,))
    assert found.match is HostMatch.OTHER
    beside = verdict(fa_host("db1", MINE[1:]), fa_host("strange", (MINE[0],)))
    assert beside.match is HostMatch.OTHER
    assert [one.match for one in beside.found] == [HostMatch.DIFFERS, HostMatch.OTHER]


def test_hosts_that_were_swapped_are_not_taken_for_right_because_the_wwpns_agree() -> None:
    assert verdict(fa_host("db2", MINE), others=(client("db2", THEIRS),)).match is HostMatch.OTHER


def test_wwpns_spread_over_hosts_of_one_array_are_several() -> None:
    found = verdict(fa_host("db1-fabric-a", MINE[:2]), fa_host("db1-fabric-b", MINE[2:]))
    assert found.match is HostMatch.SEVERAL
    lacking = verdict(fa_host("db1-fabric-a", MINE[:2]), fa_host("db1-fabric-b", MINE[2:3]))
    assert lacking.match is HostMatch.DIFFERS


def test_a_host_with_the_name_alone_lacks_everything() -> None:
    found = verdict(fa_host("DB1", THEIRS))
    assert (found.match, found.found[0].missing) == (HostMatch.DIFFERS, MINE)


def test_hosts_of_the_other_site_do_not_count() -> None:
    assert verdict(fa_host("db1", MINE, "fa-bergen")).match is HostMatch.NONE


def test_a_host_that_is_gone_is_none() -> None:
    estate = estate_of([client("db1", MINE)], [])
    estate.entries.append(entry(fa_host("db1", MINE), "fa-oslo", gone=True))
    assert lpar_hosts(*of(estate)).match is HostMatch.NONE


def test_each_array_of_the_site_is_judged_and_the_worst_counts() -> None:
    estate = estate_of([client("db1", MINE)], [fa_host("db1", MINE)])
    estate.devices.append(replace(estate.devices[1], name="fa-oslo-2"))
    estate.entries.append(entry(fa_host("db1", MINE[:2], "fa-oslo-2"), "fa-oslo-2"))
    found = lpar_hosts(*of(estate))
    assert found.match is HostMatch.DIFFERS
    assert [one.match for one in found.found] == [HostMatch.AS_LPAR, HostMatch.DIFFERS]


@pytest.mark.parametrize("health", [DeviceHealth.FAILING, DeviceHealth.NEVER])
def test_an_array_that_is_not_read_is_not_read_and_never_none(health: DeviceHealth) -> None:
    estate = estate_of([client("db1", MINE)], [])
    estate.set_device("fa-oslo", health=health)
    assert lpar_hosts(*of(estate)).match is HostMatch.UNREAD
    estate.entries.append(entry(fa_host("db1", MINE), "fa-oslo", 600))
    assert lpar_hosts(*of(estate)).match is HostMatch.UNREAD


def test_a_list_of_hosts_that_was_partly_read_may_hide_the_host() -> None:
    estate = estate_of([client("db1", MINE)], [])
    estate.set_device("fa-oslo", health=DeviceHealth.PARTIAL, problems=(Problem("GET /hosts", "{}", "a name"),))
    assert lpar_hosts(*of(estate)).match is HostMatch.UNREAD
    estate.set_device("fa-oslo", problems=(Problem("GET /alerts", "{}", "a severity"),))
    assert lpar_hosts(*of(estate)).match is HostMatch.NONE


def test_nothing_is_certain_where_the_hmc_or_a_part_of_the_lpar_was_not_read() -> None:
    estate = estate_of([client("db1", MINE)], [fa_host("db1", MINE)])
    estate.set_device("hmc-oslo", **HMC_DOWN)
    assert lpar_hosts(*of(estate)).match is HostMatch.UNREAD
    for part, expected in (("fc", HostMatch.UNREAD), ("profiles", HostMatch.UNREAD), ("mem", HostMatch.AS_LPAR)):
        assert verdict(fa_host("db1", MINE), mine=client("db1", MINE, unread=(part,))).match is expected


def test_a_site_without_a_flasharray_says_not_read_because_other_arrays_hosts_are_not() -> None:
    estate = estate_of([client("db1", MINE)], [])
    estate.devices = [one for one in estate.devices if one.name != "fa-oslo"]
    scene, one = of(estate)
    assert lpar_hosts(scene, one).match is HostMatch.UNREAD
    assert "No FlashArray of site oslo" in why(scene, one)[-1].text


def test_the_question_does_not_arise_for_a_vios_or_without_wwpns() -> None:
    vios = lpar("vios9", "P10-OSLO-01", "7801234", LparState.RUNNING, env="vioserver")
    scene, one = of(estate_of([vios], []), "vios9")
    assert lpar_hosts(scene, one).match is HostMatch.NOT_APPLICABLE
    assert host_cell(scene, one).text == "–"
    assert verdict(mine=client("db1", ())).match is HostMatch.NO_WWPNS


def test_the_sentences_name_host_array_and_wwpns() -> None:
    scene, one = of(drillable(), "erp-db")
    assert [note.text for note in why(scene, one)] == [
        f"Host erp-db on fa-oslo lacks {wwpns_of(1)[3]} of erp-db and holds c0507600dead0001, which no profile of "
        "erp-db has."
    ]


def test_none_on_the_arrays_says_that_hosts_of_3par_arrays_are_not_read() -> None:
    scene, one = of(estate_of([client("db1", MINE)], []))
    assert [note.text for note in why(scene, one)] == [
        "Hosts of the 3PAR arrays at oslo are not read: this LPAR may have its host there."
    ]


def test_the_verdict_stays_in_the_pane_at_80_columns() -> None:
    scene = troubled().scene()
    widths = Widths.of(COLUMNS)
    for one in scene.view.entries("lpar"):
        widths.take(row(one, scene))
    shown = [slot.column.title for slot in lay_out(COLUMNS, widths, 79)]
    assert {"LPAR", "Site", "State", "Host", "Age"} <= set(shown)


def test_what_is_not_as_the_lpar_is_told_by_shape_and_word() -> None:
    scene, one = of(drillable(), "erp-db")
    cell = host_cell(scene, one)
    assert (cell.text, cell.tone) == (f"{GLYPHS[Tone.BAD]} differs", Tone.BAD)
    assert cell.aka == "erp-db@fa-oslo"


# ------------------------------------------------------------------------------------------------ for any WWPNs

POOL = st.sampled_from([*wwpns_of(1, 6), *wwpns_of(2, 2)])
SETS = st.frozensets(POOL, max_size=6)


@given(SETS, SETS, SETS)
def test_one_host_is_as_the_lpar_exactly_if_it_lacks_nothing_and_has_nothing_too_many(
    running: frozenset[str], profile: frozenset[str], held: frozenset[str]
) -> None:
    mine = client("db1", tuple(sorted(running)), in_profile=tuple(sorted(profile)))
    found = verdict(fa_host("db1", tuple(held)), mine=mine)
    needed = running | profile
    if not needed:
        assert found.match is HostMatch.NO_WWPNS
        return
    assert (found.match is HostMatch.AS_LPAR) == (held == needed)
    assert frozenset(found.found[0].missing) == needed - held
    assert frozenset(found.found[0].surplus) == held - needed


@given(st.permutations(MINE), st.permutations([*MINE[1:], THEIRS[0]]))
def test_the_order_of_wwpns_never_matters(mine: list[str], held: list[str]) -> None:
    one = verdict(replace(fa_host("db1", ()), wwns=tuple(held)), mine=client("db1", tuple(mine)))
    other = verdict(fa_host("db1", tuple(sorted(held))))
    assert (one.match, one.found[0].missing, one.found[0].surplus) == (
        other.match,
        other.found[0].missing,
        other.found[0].surplus,
    )


@given(st.permutations([("db1-a", MINE[:1]), ("db1-b", MINE[1:3]), ("db1-c", MINE[3:])]))
def test_the_order_of_hosts_never_matters(hosts: list[tuple[str, tuple[str, ...]]]) -> None:
    found = verdict(*(fa_host(name, wwpns) for name, wwpns in hosts))
    assert found.match is HostMatch.SEVERAL
    assert [one.host.name for one in found.found] == ["db1-a", "db1-b", "db1-c"]


def test_what_was_found_follows_the_view_when_hosts_change() -> None:
    estate = estate_of([client("db1", MINE)], [fa_host("db1", MINE[:2])])
    scene, one = of(estate)
    assert lpar_hosts(scene, one).match is HostMatch.DIFFERS
    status = next(device for device in estate.devices if device.name == "fa-oslo")
    whole = fa_host("db1", MINE)
    scene.view.record("fa-oslo", put={("host", whole.key): Sighting(whole, ago(9), ago(9), ago(3))}, status=status)
    assert lpar_hosts(scene, one).match is HostMatch.AS_LPAR
