"""Who is whose other side, and what the details of a pair say."""

from __future__ import annotations

from msgspec.structs import replace

from screens import facts_lpar, facts_pgroup, facts_vm
from screens.pairing import lpar_pair, newest_complete, pgroup_pair, vm_pair
from screens.rows_replicas import COLUMNS as REPLICA_COLUMNS
from screens.rows_replicas import row as replica_row
from screens.scene import Scene
from screens.side_by_side import Fact, Note, Part
from store.estate import DeviceKind, LparState, NicPort, PgroupTarget, PortKind, PowerState
from store.records import Entry
from tests.screens.estate import (
    Estate,
    calm,
    device,
    devices,
    entry,
    lpar,
    pgroup,
    profile,
    snapshot,
    troubled,
    vm,
    vm_replica,
)

OSLO, BERGEN = "9105-22A*7801234", "9105-22A*7805678"


def _entry(scene: Scene, kind: str, key: str) -> Entry:
    return scene.entry(kind, key)


def _facts(parts: list[Part]) -> dict[str, Fact]:
    return {part.label.strip(): part for part in parts if isinstance(part, Fact)}


def _notes(parts: list[Part]) -> str:
    return " ".join(part.text for part in parts if isinstance(part, Note))


def test_an_lpar_pairs_with_the_one_of_its_name_on_the_other_site_and_prod_stands_left() -> None:
    scene = calm().scene()
    for key in (f"{OSLO}/erp-db", f"{BERGEN}/erp-db"):
        pair = lpar_pair(scene, _entry(scene, "lpar", key))
        assert pair.right is not None
        assert (pair.left.key, pair.right.key) == (f"{OSLO}/erp-db", f"{BERGEN}/erp-db")


def test_pra_10_lpars_of_one_name_on_one_site_are_kept_apart_and_do_not_pair() -> None:
    twins = [
        entry(lpar("db", "P10-OSLO-01", "7801234", LparState.RUNNING), "hmc-oslo"),
        entry(lpar("db", "P10-OSLO-02", "7809999", LparState.RUNNING), "hmc-oslo"),
    ]
    scene = Estate(devices(), twins).scene()
    assert lpar_pair(scene, twins[0]).right is None
    assert len(scene.view.entries("lpar")) == 2


def test_several_candidates_are_named_and_none_is_chosen() -> None:
    lpars = [
        entry(lpar("db", "P10-OSLO-01", "7801234", LparState.RUNNING), "hmc-oslo"),
        entry(lpar("db", "P10-BERGEN-01", "7805678", LparState.NOT_ACTIVATED), "hmc-bergen"),
        entry(lpar("db", "P10-BERGEN-02", "7806666", LparState.NOT_ACTIVATED), "hmc-bergen"),
    ]
    scene = Estate(devices(), lpars).scene()
    assert lpar_pair(scene, lpars[0]).right is None
    said = _notes(facts_lpar.parts(scene, lpars[0]))
    assert "Several LPARs" in said and "P10-BERGEN-01" in said and "P10-BERGEN-02" in said


def test_a_vios_pairs_with_nothing_and_shows_its_npiv_maps() -> None:
    scene = troubled().scene()
    vios = _entry(scene, "lpar", f"{BERGEN}/vios1")
    facts = _facts(facts_lpar.parts(scene, vios))
    assert "erp-db" in facts["vfchost0"].left.text
    assert facts["vfchost1"].left.text == "no client  NOT_LOGGED_IN  no port"


def test_a_profile_that_gives_other_wwpns_than_the_running_ones_is_marked() -> None:
    scene = troubled().scene()
    facts = _facts(facts_lpar.parts(scene, _entry(scene, "lpar", f"{OSLO}/batch01")))
    assert facts["Slot 31 profile"].left.text == "≠ c0507609a1b2ffff c0507609a1b2fffe"
    assert facts["Slot 31 profile"].right is not None
    assert facts["Slot 31 profile"].right.text == "as running"
    assert facts["Slot 4 profile"].left.text == "▲ the HMC chooses a MAC"
    assert facts["Mem min/want/max"].differs


def test_the_detail_shows_vnics_beside_virtual_ethernet() -> None:
    left = lpar("db", "P10-OSLO-01", "7801234", LparState.RUNNING)
    vnic = NicPort(PortKind.VNIC, "12", "FA1B2C3D4E0A", 120)
    left = replace(left, ports=(vnic,), profiles=tuple(replace(each, ports=(vnic,)) for each in left.profiles))
    one, other = entry(left, "hmc-oslo"), lpar("db", "P10-BERGEN-01", "7805678", LparState.NOT_ACTIVATED)
    facts = _facts(facts_lpar.parts(Estate(devices(), [one, entry(other, "hmc-bergen")]).scene(), one))
    assert facts["vNIC 12 running"].left.text == "FA1B2C3D4E0A VLAN 120"
    assert facts["vNIC 12 profile"].left.text == "as running"
    assert "FA1B2C3D4E0A" in facts["MACs kept"].left.text and facts["MACs kept"].differs


def test_an_adapter_that_runs_and_is_in_no_profile_is_marked() -> None:
    bare = lpar("db", "P10-OSLO-01", "7801234", LparState.RUNNING, in_profile=profile((), None))
    only = entry(bare, "hmc-oslo")
    facts = _facts(facts_lpar.parts(Estate(devices(), [only]).scene(), only))
    assert facts["Slot 31 profile"].left.text == "≠ not in the profile"


def test_macs_of_production_that_the_dr_profile_does_not_give_are_marked() -> None:
    def kept(dr_mac: str | None) -> Fact:
        prod = entry(lpar("db", "P10-OSLO-01", "7801234", LparState.RUNNING), "hmc-oslo")
        other = lpar("db", "P10-BERGEN-01", "7805678", LparState.NOT_ACTIVATED, in_profile=profile((), dr_mac))
        scene = Estate(devices(), [prod, entry(other, "hmc-bergen")]).scene()
        return _facts(facts_lpar.parts(scene, prod))["MACs kept"]

    assert not kept("FA1B2C3D4E04").differs
    assert kept("FA1B2C3D4E99").differs
    assert kept(None).differs


def test_rows_of_an_lpar_that_could_not_be_read_are_said_to_be_missing() -> None:
    scene = troubled().scene()
    said = _notes(facts_lpar.parts(scene, _entry(scene, "lpar", f"{BERGEN}/test09")))
    assert "a row of fc could not be read" in said


def test_a_protection_group_pairs_with_what_its_target_shows_from_either_end() -> None:
    scene = calm().scene()
    for key in ("id-fa-oslo:pg-erp", "id-fa-bergen:fa-oslo:pg-erp"):
        pair = pgroup_pair(scene, _entry(scene, "pgroup", key))
        assert pair.source is not None and pair.source.key == "id-fa-oslo:pg-erp"
        assert [replica.key for replica in pair.replicas] == ["id-fa-bergen:fa-oslo:pg-erp"]


def test_a_replica_whose_home_is_dark_and_was_never_read_is_shown_alone_and_says_so() -> None:
    estate = calm()
    estate.entries = [e for e in estate.entries if e.key != "id-fa-oslo:pg-erp"]
    scene = estate.scene()
    replica = _entry(scene, "pgroup", "id-fa-bergen:fa-oslo:pg-erp")
    parts = facts_pgroup.parts(scene, replica)
    assert "The group at home is not known" in _notes(parts)
    assert _facts(parts)["Newest complete"].left.text == "5m ago, 02:55:00 UTC"


def test_a_target_that_no_reading_shows_is_unknown_and_not_without_copies() -> None:
    scene = troubled().scene()
    said = _notes(facts_pgroup.parts(scene, _entry(scene, "pgroup", "id-fa-oslo:pg-late")))
    assert "What fa-bergen holds of it is not known" in said


def test_the_detail_of_a_group_tells_how_far_each_snapshot_is_behind_and_whether_it_is_under_safemode() -> None:
    moving = (
        snapshot("pg-x", 3, 60, "fa-bergen", 0.437),
        replace(snapshot("pg-x", 2, 90, "fa-bergen", 0), started=None, progress=None),
        snapshot("pg-x", 1, 960, "fa-bergen"),
        snapshot("pg-x", 1, 960, None),
    )
    target = PgroupTarget("fa-bergen", True, "suspended")
    group = pgroup("fa-oslo", "pg-x", moving, retention_lock="ratcheted", targets=(target,))
    kept = entry(group, "fa-oslo")
    scene = Estate(devices(), [kept]).scene()
    parts = facts_pgroup.parts(scene, kept)
    assert _facts(parts)["Retention lock"].left.text == "ratcheted: SafeMode"
    said = [part.left.text for part in parts if isinstance(part, Fact)]
    assert any("pg-x.3" in text and "43% on fa-bergen" in text for text in said)
    assert any("pg-x.2" in text and "not complete on fa-bergen" in text for text in said)
    assert any("pg-x.1" in text and "complete on fa-bergen 1m 32s later" in text for text in said)
    assert any("pg-x.1" in text and "local" in text for text in said)
    assert "replication to it is suspended" in said


def test_a_vm_pairs_by_the_source_uuid_and_not_by_name() -> None:
    misnamed = replace(vm_replica("crm01", 9, 60), name="something-else")
    estate = calm()
    estate.entries.append(entry(misnamed, "vc-bergen"))
    estate.entries.append(entry(vm("vc-2", "crm01_replica_x", PowerState.OFF), "vc-bergen"))
    scene = estate.scene()
    pair = vm_pair(scene, _entry(scene, "vm", "vc-1:vm-crm01"))
    names = [getattr(e.obj, "name", "") for e in pair.replicas]
    assert names == ["something-else", "crm01_replica_8"]


def test_a_failover_would_use_the_newest_complete_replica_that_is_still_there() -> None:
    entries = (
        entry(vm_replica("db", 3, 60, complete=False), "vc-bergen"),
        entry(vm_replica("db", 2, 600), "vc-bergen", gone=True),
        entry(vm_replica("db", 1, 4000), "vc-bergen"),
    )
    assert newest_complete(entries) is entries[2]
    assert newest_complete(entries[:2]) is None


def test_source_and_replica_powered_on_at_once_is_marked_in_the_row_and_in_the_detail() -> None:
    scene = troubled().scene()
    replica = _entry(scene, "vm", "vc-2:vm-mail01_replica_2")
    cells = dict(zip([c.title for c in REPLICA_COLUMNS], replica_row(replica, scene), strict=True))
    assert cells["Power both"].text == "✗ on / on"
    assert "at the same time" in _notes(facts_vm.parts(scene, replica))


def test_a_replica_whose_source_no_vcenter_shows_says_so() -> None:
    scene = troubled().scene()
    replica = _entry(scene, "vm", "vc-2:vm-lost01_replica_3")
    cells = dict(zip([c.title for c in REPLICA_COLUMNS], replica_row(replica, scene), strict=True))
    assert cells["Power both"].text == "? not seen / off"
    assert cells["Direction"].text == "? → bergen"
    assert "The source lost01 is not known" in _notes(facts_vm.parts(scene, replica))


def test_the_opened_replica_is_the_one_that_stands_beside_its_source() -> None:
    scene = troubled().scene()
    facts = _facts(facts_vm.parts(scene, _entry(scene, "vm", "vc-2:vm-shop01_replica_4")))
    assert facts["Name"].right is not None and facts["Name"].right.text == "shop01_replica_4"


def test_a_site_that_only_a_device_names_is_a_site() -> None:
    third = device("hmc-tromso", DeviceKind.HMC, "tromso")
    lone = entry(lpar("db", "P10-T", "780T", LparState.RUNNING), "hmc-tromso")
    scene = Estate([*devices(), third], [lone]).scene()
    assert scene.site_cell(lone).text == "tromso"
    assert scene.site_role(lone) is None
