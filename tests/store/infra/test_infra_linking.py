"""Which system is which discovered object: by serial first, by name else, and never by a guess."""

from __future__ import annotations

from msgspec.structs import replace

from store.estate import EsxiHost
from store.infra.linking import Linked, discovered, linked
from store.infra.records import Item, System, SystemType
from tests.screens.estate import calm, entry
from tests.store.infra.standing import OSLO


def links(*items: Item) -> Linked:
    return linked(items, discovered(calm().view()))


def test_a_serial_links_whatever_the_name_is() -> None:
    found = links(System("frame 1", "oslo", SystemType.SERVER, serial="7801234"))
    assert found.found["frame 1"].name == "P10-OSLO-01" and found.conflicts == ()
    assert ("system", "9105-22A*7801234") in found.systems


def test_a_name_links_what_has_no_serial_in_any_case_of_letters() -> None:
    found = links(System("ESX01", "oslo", SystemType.SERVER), System("FA-Oslo", "oslo", SystemType.ARRAY))
    assert {name: one.kind for name, one in found.found.items()} == {"ESX01": "esxi", "FA-Oslo": "flasharray"}


def test_an_array_of_the_name_of_a_managed_system_is_not_it() -> None:
    assert links(System("P10-OSLO-01", "oslo", SystemType.ARRAY)).found == {}


def test_one_name_with_two_serials_is_linked_to_nothing_and_said() -> None:
    found = links(System("P10-OSLO-01", "oslo", SystemType.MANAGED_SYSTEM, serial="1111111"))
    assert found.found == {}
    assert "its serial is 1111111 here, 7801234 on P10-OSLO-01" in found.conflicts[0].text


def test_two_systems_cannot_be_the_same_object() -> None:
    one = System("a", "oslo", SystemType.OTHER, serial="7801234")
    found = links(one, replace(one, name="b"))
    assert set(found.found) == {"a"} and found.conflicts[0].other == ("system", "a")


def test_a_name_that_two_servers_report_is_linked_to_neither() -> None:
    estate = calm()
    estate.entries.append(entry(EsxiHost("vc-2", "host-9", "esx01", "connected", "poweredOn"), "vc-bergen"))
    found = linked([System("esx01", "oslo", SystemType.SERVER)], discovered(estate.view()))
    assert found.found == {} and "several devices report one of it: vc-bergen, vc-oslo" in found.conflicts[0].text


def test_a_system_at_another_site_than_its_device_is_said() -> None:
    found = links(System("fa-oslo", "bergen", SystemType.ARRAY))
    assert "it stands at bergen, and fa-oslo is at oslo" in found.conflicts[0].text


def test_what_no_item_places_is_loose() -> None:
    found = links(*OSLO)
    assert {one.name for one in found.loose} == {"3par-bergen", "esx01"}
