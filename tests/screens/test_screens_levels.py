"""The way down: what stands below each object, why nothing does, and that rows keep their keys over sweeps."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from screens.cells import Tone
from screens.columns import Measure, Widths, lay_out
from screens.levels import Level, LevelRow, Ref, first_level, level
from screens.scene import Scene
from store.estate import (
    Datastore,
    DeviceKind,
    LparState,
    NicPort,
    PgroupTarget,
    Pod,
    PodReplicaLink,
    PortKind,
    PowerState,
    RcgRole,
    SyncStatus,
    VCenter,
    Vlun,
)
from store.records import DeviceHealth
from tests.screens.estate import (
    HMC_DOWN,
    NOW,
    Estate,
    ago,
    client,
    devices,
    drillable,
    entry,
    fa_host,
    pgroup,
    rcg,
    rcg_views,
    replica_group,
    snapshot,
    system,
    troubled,
    vm,
    volume,
    wwpns_of,
)

ERP = "9105-22A*7801234/erp-db"
HOST = "id-fa-oslo:erp-db"
LATER = NOW.replace(minute=1)


def cell(row: LevelRow, made: Level, title: str) -> str:
    """The text of a row under a column."""
    place = [column.title for column in made.columns].index(title)
    return row.cells[place].text


def row(made: Level, key: str) -> LevelRow:
    return next(one for one in made.rows if one.key == key)


def down(scene: Scene, ref: Ref, *keys: str) -> list[Level]:
    """The levels from ``ref`` down, opening the rows with these keys."""
    found = [level(scene, ref)]
    for key in keys:
        opens = row(found[-1], key).opens
        assert opens is not None
        found.append(level(scene, opens))
    return found


# --------------------------------------------------------------------------------------------- from the LPAR down


def test_an_lpar_leads_down_to_the_transfers_of_its_snapshots() -> None:
    start = first_level("lpar", ERP)
    assert start is not None
    levels = down(drillable().scene(), start, "fc 32", HOST, "id-fa-oslo:v-erp-data", "id-fa-oslo:pg-erp", "41")
    assert [one.noun for one in levels] == [
        "virtual adapters",
        "hosts",
        "volumes",
        "protection groups",
        "snapshots",
        "transfers",
    ]
    assert [one.title for one in levels] == [
        "LPAR erp-db",
        "slot 32",
        "host erp-db",
        "volume erp-data",
        "group pg-erp",
        "snapshot pg-erp.41",
    ]
    assert all(one.rows for one in levels)


def test_adapters_show_pair_profile_host_and_path() -> None:
    made = level(drillable().scene(), Ref("lpar.adapters", ERP))
    first, second = row(made, "fc 31"), row(made, "fc 32")
    assert cell(first, made, "WWPNs or MAC") == " ".join(wwpns_of(1)[:2])
    assert cell(first, made, "In the profile") == "● as running"
    assert cell(first, made, "Host or other site") == "● erp-db"
    assert cell(second, made, "Host or other site") == f"✗ erp-db lacks {wwpns_of(1)[3]}"
    assert cell(second, made, "Through") == "vios2 vfchost3 fcs1"
    assert cell(row(made, "eth 4"), made, "Host or other site") == "● same at bergen"
    assert row(made, "eth 4").detail == ("lpar", "9105-22A*7805678/erp-db")


def test_adapters_that_differ_are_marked_by_shape_and_word() -> None:
    estate = drillable()
    mine = client("erp-db", wwpns_of(1), in_profile=(*wwpns_of(1)[:2], *wwpns_of(9)[:2], *wwpns_of(8)[:2]))
    mine = replace(mine, eth=(replace(mine.eth[0], mac="FA0000000001"),))
    estate.entries = [e if e.key != ERP else entry(mine, "hmc-oslo") for e in estate.entries]
    made = level(estate.scene(), Ref("lpar.adapters", ERP))
    assert cell(row(made, "fc 31"), made, "In the profile") == "● as running"
    assert cell(row(made, "fc 32"), made, "In the profile") == f"≠ {' '.join(wwpns_of(9)[:2])}"
    assert cell(row(made, "fc 33"), made, "In the profile") == "≠ not running"
    assert cell(row(made, "fc 33"), made, "Host or other site") == "✗ on no host"
    assert cell(row(made, "eth 4"), made, "In the profile") == "≠ FA1B2C3D4E04"
    assert cell(row(made, "eth 4"), made, "Host or other site") == "≠ FA1B2C3D4E04 at bergen"


def test_a_vnic_shows_its_mac_its_profile_and_whether_the_other_site_keeps_it() -> None:
    estate = drillable()
    mine = client("erp-db", wwpns_of(1))
    vnic = NicPort(PortKind.VNIC, "12", "FA1B2C3D4E0A", 120)
    port = NicPort(PortKind.SRIOV, "1/27004001", mine.eth[0].mac)
    given = tuple(replace(profile, ports=(replace(vnic, mac=None),)) for profile in mine.profiles)
    mine = replace(mine, ports=(vnic, port), profiles=given)
    estate.entries = [e if e.key != ERP else entry(mine, "hmc-oslo") for e in estate.entries]
    made = level(estate.scene(), Ref("lpar.adapters", ERP))
    first, second = row(made, "vNIC 12"), row(made, "SR-IOV port 1/27004001")
    assert cell(first, made, "WWPNs or MAC") == "FA1B2C3D4E0A"
    assert cell(first, made, "In the profile") == "▲ HMC chooses"
    assert cell(first, made, "Host or other site") == "≠ nowhere at bergen"
    assert cell(first, made, "Through") == "VLAN 120"
    assert cell(second, made, "In the profile") == "≠ not in it"
    assert cell(second, made, "Host or other site") == "● kept at bergen"


def test_an_lpar_that_is_off_has_its_adapters_in_the_profile_only() -> None:
    estate = drillable()
    off = client("erp-db", (), in_profile=wwpns_of(1), state=LparState.NOT_ACTIVATED, eth=())
    estate.entries = [e if e.key != ERP else entry(off, "hmc-oslo") for e in estate.entries]
    made = level(estate.scene(), Ref("lpar.adapters", ERP))
    assert {cell(one, made, "In the profile") for one in made.rows} == {"○ there only"}


def test_what_was_not_read_is_not_shown_as_missing() -> None:
    estate = drillable()
    estate.set_device("fa-oslo", health=DeviceHealth.FAILING, failure="no answer in time")
    made = level(estate.scene(), Ref("lpar.adapters", ERP))
    assert cell(row(made, "fc 32"), made, "Host or other site") == "? not read: erp-db"
    hosts = level(estate.scene(), Ref("lpar.hosts", ERP))
    assert cell(hosts.rows[0], hosts, "WWPNs") == "? not read"
    assert any("fa-oslo: hosts could not be read" in note.text for note in hosts.notes)


def test_a_slot_shows_only_the_hosts_of_its_pair() -> None:
    estate = drillable()
    estate.entries = [e for e in estate.entries if e.key != HOST]
    for place, name in enumerate(("erp-a", "erp-b")):
        estate.entries.append(entry(fa_host(name, wwpns_of(1)[2 * place : 2 * place + 2]), "fa-oslo"))
    scene = estate.scene()
    assert [one.key for one in level(scene, Ref("lpar.hosts", ERP)).rows] == ["id-fa-oslo:erp-a", "id-fa-oslo:erp-b"]
    made = level(scene, Ref("lpar.hosts", ERP, "32"))
    assert "id-fa-oslo:erp-b" in [one.key for one in made.rows]
    assert cell(row(made, "id-fa-oslo:erp-b"), made, "WWPNs") == "▲ several"


def test_volumes_come_by_lun_with_size_group_and_the_way_they_are_connected() -> None:
    made = level(drillable().scene(), Ref("host.volumes", HOST))
    assert [cell(one, made, "LUN") for one in made.rows] == ["1", "2", "254"]
    assert [cell(one, made, "Volume") for one in made.rows] == ["erp-data", "erp-log", "erp-shared"]
    assert [cell(one, made, "Pgroup") for one in made.rows] == ["pg-erp", "pg-erp", "no group"]
    assert [cell(one, made, "Through") for one in made.rows] == ["host", "host", "group erp"]
    size = made.rows[0].cells[2]
    assert (size.text, size.value) == ("400 GiB", 400 * 1024**3)


def test_a_group_holds_a_volume_by_itself_by_its_host_or_by_its_host_group() -> None:
    estate = drillable()
    more = {"volumes": (), "targets": ()}
    estate.entries.append(entry(pgroup("fa-oslo", "pg-host", (), hosts=("erp-db",), **more), "fa-oslo"))
    estate.entries.append(entry(pgroup("fa-oslo", "pg-grp", (), host_groups=("erp",), **more), "fa-oslo"))
    scene = estate.scene()
    made = level(scene, Ref("volume.pgroups", "id-fa-oslo:v-erp-data"))
    assert [cell(one, made, "Holds it by") for one in made.rows] == ["volume", "host erp-db"]
    shared = level(scene, Ref("volume.pgroups", "id-fa-oslo:v-erp-shared"))
    assert [cell(one, shared, "Holds it by") for one in shared.rows] == ["host group erp"]


def test_snapshots_tell_for_each_target_whether_the_copy_is_complete() -> None:
    estate = Estate(devices())
    made = (snapshot("pg-web", 7, 60, "fa-bergen", 0.43), snapshot("pg-web", 6, 960, "fa-bergen"))
    local = replace(snapshot("pg-web", 8, 20, None), started=None, completed=None, progress=None)
    group = pgroup("fa-oslo", "pg-web", (local, *made), snapshot_count=40)
    two = replace(group, targets=(*group.targets, PgroupTarget("fa-third", True)))
    estate.entries.append(entry(two, "fa-oslo"))
    found = level(estate.scene(), Ref("pgroup.snapshots", "id-fa-oslo:pg-web"))
    assert [one.key for one in found.rows] == ["8", "7", "6"]
    assert [cell(one, found, "On the targets") for one in found.rows] == [
        "▲ fa-bergen not there, ▲ fa-third not there",
        "◐ fa-bergen transferring 43%, ▲ fa-third not there",
        "● fa-bergen complete, ▲ fa-third not there",
    ]
    assert any("40 snapshots" in note.text for note in found.notes)


def test_what_a_target_tells_of_itself_counts_and_a_contradiction_is_told() -> None:
    estate = Estate(devices())
    complete = snapshot("pg-web", 7, 60, "fa-bergen")
    estate.entries.append(entry(pgroup("fa-oslo", "pg-web", (complete,)), "fa-oslo"))
    moving = replace(snapshot("fa-oslo:pg-web", 7, 60, None, 0.5), target=None)
    estate.entries.append(entry(replica_group("pg-web", (moving,)), "fa-bergen"))
    scene = estate.scene()
    found = level(scene, Ref("pgroup.snapshots", "id-fa-oslo:pg-web"))
    assert cell(found.rows[0], found, "On the targets") == "◐ fa-bergen transferring 50%"
    transfers = level(scene, Ref("snapshot.transfers", "id-fa-oslo:pg-web", "7"))
    assert [cell(one, transfers, "Told by") for one in transfers.rows] == ["fa-oslo", "fa-bergen"]
    assert any("do not agree" in note.text for note in transfers.notes)


def test_transfers_tell_duration_amount_and_rate() -> None:
    made = level(drillable().scene(), Ref("snapshot.transfers", "id-fa-oslo:pg-erp", "41"))
    first = made.rows[0]
    assert cell(first, made, "State") == "● complete"
    assert cell(first, made, "Started") == "02:55:02"
    assert cell(first, made, "Took") == "1m 30s"
    assert cell(first, made, "Moved") == "700 MiB"
    assert cell(first, made, "A second") == "7.8 MiB/s"


# ------------------------------------------------------------------------------------------------ other branches


def test_a_vios_leads_to_its_clients_and_a_system_to_its_lpars() -> None:
    scene = drillable().scene()
    made = level(scene, Ref("lpar.adapters", "9105-22A*7801234/vios2"))
    assert cell(made.rows[0], made, "Client LPAR") == "erp-db"
    assert made.noun == "NPIV maps"
    lpars = level(scene, Ref("system.lpars", "9105-22A*7801234"))
    assert "erp-db" in [cell(one, lpars, "LPAR") for one in lpars.rows]
    assert row(lpars, ERP).opens == Ref("lpar.adapters", ERP)


def test_the_volumes_of_an_rcg_stand_side_by_side_with_their_differences_marked() -> None:
    estate = Estate(devices(), rcg_views("paydb", RcgRole.PRIMARY, RcgRole.SECONDARY))
    there = rcg("3par-bergen", "paydb", RcgRole.SECONDARY)
    exported = replace(there.volumes[1], vluns=(Vlun("aix9", 7),), sync_status=SyncStatus.STALE)
    estate.entries[1] = entry(replace(there, volumes=(there.volumes[0], exported)), "3par-bergen")
    scene = estate.scene()
    made = level(scene, Ref("rcg.volumes", "100:paydb"))
    assert [cell(one, made, "Volume") for one in made.rows] == ["paydb-1", "paydb-2"]
    assert [cell(one, made, "Its peer") for one in made.rows] == ["paydb-1.dr", "paydb-2.dr"]
    assert [cell(one, made, "Peer") for one in made.rows] == ["● Synced", "≠ ▲ Stale"]
    hosts = level(scene, row(made, "paydb-2").opens or Ref("", ""))
    assert [(cell(one, hosts, "Host or host set"), cell(one, hosts, "Array")) for one in hosts.rows] == [
        ("aix9", "3par-bergen")
    ]


def test_a_side_that_is_not_read_is_not_taken_for_a_difference() -> None:
    estate = Estate(devices(), rcg_views("paydb", RcgRole.PRIMARY, RcgRole.SECONDARY)[:1])
    estate.set_device("3par-bergen", health=DeviceHealth.FAILING)
    made = level(estate.scene(), Ref("rcg.volumes", "100:paydb"))
    assert {cell(one, made, "Peer") for one in made.rows} == {"? not read"}
    assert any("The peer is not read now" in note.text for note in made.notes)
    hosts = level(estate.scene(), Ref("rcg.hosts", "100:paydb", "paydb-1"))
    assert hosts.rows == ()
    assert "where it was read" in hosts.empty[0].text


def test_a_vm_leads_to_the_replicas_of_its_source() -> None:
    scene = troubled().scene()
    made = level(scene, Ref("vm.replicas", "vc-1:vm-shop01"))
    assert [one.detail for one in made.rows] == [
        ("vm", "vc-2:vm-shop01_replica_5"),
        ("vm", "vc-2:vm-shop01_replica_4"),
    ]
    from_replica = level(scene, Ref("vm.replicas", "vc-2:vm-shop01_replica_4"))
    assert [one.key for one in from_replica.rows] == [one.key for one in made.rows]


def test_a_device_leads_to_what_it_reports_by_kind_and_each_object_further_down() -> None:
    scene = drillable().scene()
    kinds = level(scene, Ref("device.kinds", "fa-oslo"))
    assert [(one.key, cell(one, kinds, "There")) for one in kinds.rows] == [
        ("flasharray", "1"),
        ("pgroup", "1"),
        ("volume", "3"),
        ("host", "2"),
        ("pod", "0"),
    ]
    hosts = level(scene, row(kinds, "host").opens or Ref("", ""))
    assert row(hosts, HOST).opens == Ref("host.volumes", HOST)


def test_a_pod_leads_to_its_links_and_no_recovery_point_is_no_bound() -> None:
    estate = Estate(devices())
    links = (
        PodReplicaLink("outbound", "fa-bergen", "pod-dr", "replicating", False, 2.0, ago(4)),
        PodReplicaLink("outbound", "fa-third", "pod-3", "baselining", False),
    )
    estate.entries.append(entry(Pod("fa-oslo", "id-fa-oslo", "p1", "pod1", False, "promoted", links=links), "fa-oslo"))
    made = level(estate.scene(), Ref("pod.links", "id-fa-oslo:p1"))
    assert [cell(one, made, "RPO age") for one in made.rows] == ["<10s", "no bound"]
    assert made.rows[1].cells[5].tone is Tone.BAD


def every_object() -> Estate:
    """Objects of every kind, with trouble among them."""
    estate = troubled()
    estate.entries += drillable().entries
    estate.entries.append(entry(VCenter("vc-1", "vCenter", "8.0", "1", "VirtualCenter"), "vc-oslo"))
    estate.entries.append(entry(Datastore("vc-1", "ds-1", "ds", "VMFS", 100, 50), "vc-oslo"))
    estate.entries.append(entry(Pod("fa-oslo", "id-fa-oslo", "p1", "pod1", False, "promoted"), "fa-oslo"))
    estate.entries.append(entry(vm("vc-1", "on-esx", PowerState.ON, host="esx01"), "vc-oslo"))
    return estate


def reachable(scene: Scene) -> dict[Ref, Level]:
    """Every level that can be reached from a device."""
    found: dict[Ref, Level] = {}
    ahead = [Ref("device.kinds", name) for name in scene.index.devices]
    while ahead:
        ref = ahead.pop()
        if ref not in found:
            found[ref] = level(scene, ref)
            ahead += [one.opens for one in found[ref].rows if one.opens is not None]
    return found


def test_every_level_that_can_be_reached_has_its_keys_columns_and_sources() -> None:
    scene = every_object().scene()
    levels = reachable(scene)
    assert {ref.kind for ref in levels} >= {"rcg.hosts", "esxi.vms", "snapshot.transfers", "lpar.hosts", "vm.replicas"}
    for ref, made in levels.items():
        keys = [one.key for one in made.rows]
        assert len(set(keys)) == len(keys), ref
        assert all(len(one.cells) == len(made.columns) for one in made.rows), ref
        assert made.rows or made.empty, ref
        assert made.seen or not made.sources, ref
        assert all(column.source for column in made.columns), ref
        assert all(one.detail is None or one.detail[0] in ("lpar", "pgroup", "rcg_pair", "vm") for one in made.rows)


def test_what_a_column_measures_its_cells_carry() -> None:
    for ref, made in reachable(every_object().scene()).items():
        for place, column in enumerate(made.columns):
            values = [one.cells[place].value for one in made.rows]
            if column.measure is Measure.TEXT:
                assert not any(value is not None for value in values), (ref, column.title)


def test_rows_keep_their_keys_when_a_minute_passes_and_a_device_goes_dark() -> None:
    estate = every_object()
    before = reachable(estate.scene())
    estate.set_device("fa-oslo", health=DeviceHealth.FAILING)
    estate.set_device("hmc-oslo", **HMC_DOWN)
    after = reachable(estate.scene(LATER))
    assert {ref: [one.key for one in made.rows] for ref, made in before.items()} == {
        ref: [one.key for one in made.rows] for ref, made in after.items()
    }


@pytest.mark.parametrize("width", [80, 120])
def test_no_level_is_wider_than_the_screen(width: int) -> None:
    for ref, made in reachable(every_object().scene()).items():
        widths = Widths.of(made.columns)
        for one in made.rows:
            widths.take(one.cells)
        slots = lay_out(made.columns, widths, width - 1)
        assert slots[-1].x + slots[-1].width <= width - 1, (ref, [slot.column.title for slot in slots])


# --------------------------------------------------------------------------------------------- why there is none


def test_none_there_not_read_and_could_not_be_read_are_three_texts() -> None:
    estate = drillable()
    estate.entries.append(entry(fa_host("lonely", ()), "fa-oslo"))
    texts = []
    for health in (DeviceHealth.OK, DeviceHealth.NEVER, DeviceHealth.FAILING):
        estate.set_device("fa-oslo", health=health)
        made = level(estate.scene(), Ref("host.volumes", "id-fa-oslo:lonely"))
        assert made.rows == ()
        texts.append((made.empty[0].text, made.empty[0].tone))
    assert texts[0] == ("fa-oslo was read, and no volume is connected to lonely.", Tone.DIM)
    assert texts[1] == ("No volumes are known yet: fa-oslo has not been read so far.", Tone.UNKNOWN)
    assert texts[2][0].startswith("Volumes could not be read, and none are known from before: fa-oslo")
    assert texts[2][1] is Tone.BAD


def test_no_host_says_whether_the_arrays_were_read() -> None:
    estate = Estate(devices(), [entry(client("db1", wwpns_of(7)), "hmc-oslo")])
    ref = Ref("lpar.hosts", "9105-22A*7801234/db1")
    assert "No host on fa-oslo holds a WWPN of db1" in level(estate.scene(), ref).empty[0].text
    estate.set_device("fa-oslo", health=DeviceHealth.NEVER)
    assert "not read so far: fa-oslo" in level(estate.scene(), ref).empty[0].text
    estate.set_device("fa-oslo", health=DeviceHealth.FAILING)
    assert "could not be read" in level(estate.scene(), ref).empty[0].text
    estate.devices = [one for one in estate.devices if one.kind is not DeviceKind.FLASHARRAY]
    assert "no FlashArray of site oslo is configured" in level(estate.scene(), ref).empty[0].text


def test_an_object_that_the_store_forgot_says_so() -> None:
    scene = drillable().scene()
    for kind in ("lpar.adapters", "rcg.volumes", "device.kinds", "pod.links"):
        made = level(scene, Ref(kind, "1:x"))
        assert made.rows == ()
        assert "does not know this object any more" in made.empty[0].text


def test_a_kind_of_level_that_there_is_not_is_a_defect() -> None:
    with pytest.raises(KeyError):
        level(drillable().scene(), Ref("no.such", "x"))
    assert first_level("datastore", "x") is None


def test_a_system_that_reports_no_lpars_says_that_it_was_read() -> None:
    estate = Estate(devices(), [entry(system("P10-EMPTY", "78FFFFF"), "hmc-oslo")])
    made = level(estate.scene(), Ref("system.lpars", "9105-22A*78FFFFF"))
    assert made.empty[0].text == "P10-EMPTY was read and has no LPARs."


def test_the_copies_of_the_dr_site_are_not_warned_about_for_being_in_no_group() -> None:
    estate = drillable()
    estate.entries.append(entry(volume("copy", ("erp-db", 1), array="fa-bergen"), "fa-bergen"))
    made = level(estate.scene(), Ref("host.volumes", "id-fa-bergen:erp-db"))
    place = [column.title for column in made.columns].index("Pgroup")
    assert (made.rows[0].cells[place].text, made.rows[0].cells[place].tone) == ("no group", Tone.DIM)
