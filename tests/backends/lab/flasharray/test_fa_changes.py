"""What the REST door changes: volumes, snapshots, hosts, protection groups and pods, as administrators' scripts do."""

from __future__ import annotations

from backends.lab.flasharray import protection
from backends.lab.flasharray.state import GIB
from tests.backends.flasharray.fa_estate import Estate
from tests.backends.lab.flasharray.fa_curl import Curl


def done(curl: Curl, method: str, path: str, body: object = None) -> list[dict[str, object]]:
    status, answer = curl.call(method, path, body)
    assert status == 200, answer
    return answer["items"] if answer else []


def test_a_volume_lives_and_dies(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    done(curl, "POST", "volumes?names=a,b&add_to_protection_group_names=pg-erp", {"provisioned": GIB})
    assert {d.name for d in arrays.group.disks} >= {"a", "b"}
    done(curl, "PATCH", "volumes?names=a", {"name": "a2", "provisioned": 2 * GIB})
    (row,) = curl.items("volumes?names=a2")
    assert row["provisioned"] == 2 * GIB
    done(curl, "PATCH", f"volumes?ids={row['id']}", {"destroyed": True})
    assert "a2" not in {d.name for d in arrays.group.disks}
    assert "has been destroyed" in curl.error("POST", "connections?volume_names=a2&host_names=erp_db1")
    done(curl, "PATCH", "volumes?names=a2", {"destroyed": False})
    done(curl, "PATCH", "volumes?names=a2", {"destroyed": True})
    done(curl, "DELETE", "volumes?names=a2")
    assert curl.error("GET", "volumes?names=a2") == "Volume does not exist."
    assert "does not exist" in curl.error("PATCH", "volumes?ids=0-0", {"destroyed": True})
    assert "Only one" in curl.error("PATCH", "volumes?names=b,erp-0", {"name": "x"})
    done(curl, "PATCH", "volumes?names=b&truncate=true", {"provisioned": GIB // 2})


def test_a_volume_is_copied_from_a_volume_or_a_snapshot_by_name_or_id(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    done(curl, "PUT", "volumes/tags/batch?resource_names=erp-0", [{"key": "c", "value": "1"}])
    done(curl, "PUT", "volumes/tags/batch?resource_names=erp-0", [{"key": "n", "value": "1", "copyable": False}])
    done(curl, "POST", "volumes?names=c1", {"source": {"name": "erp-0"}})
    assert [tag.key for tag in arrays.prod.disks["c1"].tags] == ["c"]
    snapshot = curl.items("volume-snapshots?source_names=erp-0")[0]
    done(curl, "POST", "volumes?names=c2", {"source": {"id": snapshot["id"]}})
    done(curl, "POST", "volumes?names=c1&overwrite=true", {"source": {"name": "erp-1"}})
    assert arrays.prod.disks["c1"].core.size == arrays.prod.disks["erp-1"].core.size
    assert "itself" in curl.error("POST", "volumes?names=c1&overwrite=true", {"source": {"name": "c1"}})
    assert "source is required" in curl.error("POST", "volumes?names=c1&overwrite=true", {})
    assert "No such volume" in curl.error("POST", "volumes?names=c3", {"source": {"id": "0-0"}})


def test_a_group_snapshot_that_was_taken_before_is_sent_to_the_targets_that_are_named(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    (row,) = done(curl, "POST", "protection-group-snapshots?source_names=pg-erp", {"suffix": "kept"})
    name = next(iter(arrays.group.targets))
    assert not any(r["name"].endswith(".kept") for r in curl.items(f"remote-protection-group-snapshots?on={name}"))
    (sent,) = done(curl, "POST", f"protection-group-snapshots/replica?ids={row['id']}&on={name}")
    assert (sent["name"], sent["id"]) == ("pg-erp.kept", row["id"])
    (shown,) = [r for r in curl.items(f"remote-protection-group-snapshots?on={name}") if r["name"].endswith(".kept")]
    assert shown["created"] == row["created"]
    again = curl.error("POST", "protection-group-snapshots/replica?names=pg-erp.kept")
    assert again == "Protection group snapshot already exists on the target."
    assert "does not exist" in curl.error("POST", "protection-group-snapshots/replica?names=pg-erp.none")
    nowhere = f"protection-group-snapshots/replica?names=pg-erp.kept&on={name}x"
    assert curl.error("POST", nowhere) == "Target does not exist."
    with arrays.world.turn():
        arrays.group.targets[name].allowed = False
    done(curl, "POST", "protection-group-snapshots?source_names=pg-erp", {"suffix": "not-allowed"})
    refused = f"protection-group-snapshots/replica?names=pg-erp.not-allowed&on={name}"
    assert curl.error("POST", refused) == "Replication is not allowed by the target."


def test_volume_snapshots_number_themselves_and_are_destroyed_alone(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    names = [done(curl, "POST", "volume-snapshots?source_names=erp-0")[0]["name"] for _ in range(2)]
    assert names == ["erp-0.1", "erp-0.2"]
    assert "must be destroyed" in curl.error("DELETE", "volume-snapshots?names=erp-0.1")
    done(curl, "PATCH", "volume-snapshots?names=erp-0.1", {"destroyed": True})
    assert "has been destroyed" in curl.error("PATCH", "volume-snapshots?names=erp-0.1", {"destroyed": True})
    done(curl, "PATCH", "volume-snapshots?names=erp-0.1", {"destroyed": False})
    done(curl, "PATCH", "volume-snapshots?names=erp-0.1", {"destroyed": True})
    done(curl, "DELETE", "volume-snapshots?names=erp-0.1")
    assert "No such volume" in curl.error("DELETE", "volume-snapshots?names=erp-0.1")
    assert "protection group" in curl.error("PATCH", "volume-snapshots?names=pg-erp.1.erp-0", {"destroyed": True})


def test_tags_go_by_key_and_namespace(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    batch = [{"key": "a", "value": "1"}, {"key": "a", "value": "2", "namespace": "other"}]
    done(curl, "PUT", "volumes/tags/batch?resource_names=erp-0,erp-1", batch)
    assert len(curl.items("volumes/tags")) == 2
    assert len(curl.items("volumes/tags?namespaces=default,other&resource_names=erp-0")) == 2
    done(curl, "DELETE", "volumes/tags?resource_names=erp-0&keys=a")
    assert [row["resource"]["name"] for row in curl.items("volumes/tags")] == ["erp-1"]
    done(curl, "PUT", "volume-snapshots/tags/batch?resource_names=pg-erp.1.erp-0", batch[:1])
    assert curl.items("volume-snapshots/tags")[0]["key"] == "a"
    assert "does not exist" in curl.error("GET", "volumes/tags?resource_names=nope")


def test_hosts_and_groups_of_hosts(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    done(curl, "POST", "hosts?names=n1", {"wwns": ["C0507601A1B20031"]})
    done(curl, "PATCH", "hosts?names=n1", {"wwns": ["c0:50:76:01:a1:b2:00:32", "C0507601A1B20033"]})
    done(curl, "PATCH", "hosts?names=n1", {"remove_wwns": ["C0507601A1B20033"], "personality": "aix"})
    assert arrays.prod.hosts["n1"].wwns == ["C0507601A1B20032"]
    assert "does not exist" in curl.error("PATCH", "hosts?names=n1", {"remove_wwns": ["C0507601A1B20033"]})
    done(curl, "POST", "host-groups?names=hg")
    done(curl, "POST", "host-groups/hosts?group_names=hg&member_names=n1")
    assert curl.items("host-groups?names=hg")[0]["host_count"] == 1
    done(curl, "POST", "connections?host_group_names=hg&volume_names=erp-2")
    (row,) = curl.items("connections?host_group_names=hg")
    assert (row["host"], row["host_group"], row["lun"]) == ({"name": "n1"}, {"name": "hg"}, 254)
    assert curl.items("connections?host_names=n1") == [row]
    done(curl, "DELETE", "connections?host_group_names=hg&volume_names=erp-2")
    done(curl, "POST", "host-groups?names=hg2")
    assert "already belongs" in curl.error("POST", "host-groups/hosts?group_names=hg2&member_names=n1")
    done(curl, "DELETE", "host-groups/hosts?group_names=hg&member_names=n1")
    assert "does not belong" in curl.error("DELETE", "host-groups/hosts?group_names=hg&member_names=n1")
    done(curl, "PATCH", "hosts?names=n1", {"host_group": {"name": "hg2"}, "name": "n2"})
    assert curl.items("host-groups/hosts")[0] == {"group": {"name": "hg2"}, "member": {"name": "n2"}}
    done(curl, "DELETE", "hosts?names=n2")
    assert "n2" not in arrays.prod.hosts


def test_a_protection_group_is_built_scheduled_and_eradicated(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    done(curl, "POST", "volumes?names=v1", {"provisioned": GIB})
    done(curl, "POST", "protection-groups?names=pg-new")
    done(curl, "POST", "protection-groups/volumes?group_names=pg-new&member_names=v1")
    done(curl, "POST", "protection-groups/targets?group_names=pg-new&member_names=fa-dr")
    told = {
        "replication_schedule": {"enabled": True, "frequency": 600_000, "blackout": {"start": 0, "end": 3_600_000}},
        "snapshot_schedule": {"enabled": True, "frequency": 86_400_000, "at": 7200},
        "source_retention": {"all_for_sec": 3600, "per_day": 2, "days": 3},
    }
    (row,) = done(curl, "PATCH", "protection-groups?names=pg-new", told)
    assert row["replication_schedule"] == {
        "at": None,
        "enabled": True,
        "frequency": 600_000,
        "blackout": {"start": 0, "end": 3_600_000},
    }
    assert row["snapshot_schedule"]["at"] == 7200  # type: ignore[index]
    assert row["source_retention"] == {"all_for_sec": 3600, "per_day": 2, "days": 3}
    (row,) = done(curl, "PATCH", "protection-groups?names=pg-new", {"replication_schedule": {"blackout": ""}})
    assert row["replication_schedule"]["blackout"] == {"start": None, "end": None}  # type: ignore[index]
    arrays.pass_time(1500)
    assert len(curl.items("protection-group-snapshots?source_names=pg-new")) >= 1
    assert curl.items("volumes/protection-groups?member_names=v1")[0]["group"]["name"] == "pg-new"
    (row,) = done(curl, "PATCH", "protection-groups?names=pg-new", {"name": "pg-newer"})
    assert "fa-dr" in arrays.prod.groups["pg-newer"].targets and "fa-prd:pg-newer" in arrays.dr.groups
    done(curl, "DELETE", "protection-groups/volumes?group_names=pg-newer&member_names=v1")
    assert "could not be found" in curl.error(
        "DELETE", "protection-groups/volumes?group_names=pg-newer&member_names=v1"
    )
    done(curl, "DELETE", "protection-groups/targets?group_names=pg-newer&member_names=fa-dr")
    assert "must be destroyed" in curl.error("DELETE", "protection-groups?names=pg-newer")
    done(curl, "PATCH", "protection-groups?names=pg-newer", {"destroyed": True})
    assert "pending eradication" in curl.error("POST", "protection-groups?names=pg-newer")
    assert "has been destroyed" in curl.error("POST", "protection-group-snapshots?source_names=pg-newer")
    done(curl, "PATCH", "protection-groups?names=pg-newer", {"destroyed": False})
    done(curl, "PATCH", "protection-groups?names=pg-newer", {"destroyed": True})
    done(curl, "DELETE", "protection-groups?names=pg-newer")
    assert "pg-newer" not in arrays.prod.groups
    assert not [name for name in arrays.prod.snapshots if name.startswith("pg-new")]


def test_replication_is_allowed_and_disallowed_on_the_target(arrays: Estate) -> None:
    there, here = Curl(arrays, "fa-dr").login(), Curl(arrays).login()
    path = "protection-groups/targets?group_names=fa-prd:pg-erp&member_names=fa-dr"
    done(there, "PATCH", path, {"allowed": False})
    assert here.items("protection-groups/targets")[0]["allowed"] is False
    done(here, "POST", "protection-group-snapshots?source_names=pg-erp&replicate_now=true", {"suffix": "kept-home"})
    assert "kept-home" not in arrays.dr.groups["fa-prd:pg-erp"].snapshots
    done(there, "PATCH", path, {"allowed": True})
    assert "not local" in there.error("POST", "protection-group-snapshots?source_names=fa-prd:pg-erp")
    (row,) = done(there, "POST", "protection-group-snapshots/test?source_names=fa-prd:pg-erp")
    assert row["success"] is False


def test_snapshots_of_a_group_are_seen_from_both_arrays(arrays: Estate) -> None:
    here, there = Curl(arrays).login(), Curl(arrays, "fa-dr").login()
    remote = here.items("remote-protection-group-snapshots?on=fa-dr")
    assert [row["name"] for row in remote] == [f"fa-prd:pg-erp.{n}" for n in (1, 2, 3)]
    assert {row["remote"]["name"] for row in remote} == {"fa-dr"}
    moved = here.items("remote-protection-group-snapshots/transfer?on=fa-dr&names=fa-prd:pg-erp.3")
    assert moved == [
        there.items("protection-group-snapshots/transfer?names=fa-prd:pg-erp.3")[0]
        | {"source": {"id": arrays.dr.groups["fa-prd:pg-erp"].id, "name": "fa-prd:pg-erp"}}
    ]
    parts = there.items("volume-snapshots?filter=name='fa-prd:pg-erp.3.*'".replace("'", "%27"))
    assert [row["name"] for row in parts] == [f"fa-prd:pg-erp.3.erp-{n}" for n in range(3)]
    production = {row["id"] for row in here.items("volumes")}
    assert not {row["source"]["id"] for row in parts} & production, "a target's source is the replica volume"
    assert here.items("remote-protection-groups")[0]["name"] == "fa-prd:pg-erp"
    assert len(here.items("remote-volume-snapshots?on=fa-dr")) == 9
    by_source = here.items("remote-protection-group-snapshots?on=fa-dr&source_names=pg-erp")
    assert len(by_source) == 3


def test_a_group_is_restored_whole_or_copied_under_a_new_name(arrays: Estate) -> None:
    with arrays.world.turn():
        arrays.world.power_off(arrays.world.writers["lpar:erp_db1"])
        late = protection.take(arrays.prod, arrays.group, "late")
    curl, there = Curl(arrays).login(), Curl(arrays, "fa-dr").login()
    assert "already exists" in curl.error("POST", "protection-groups?names=pg-erp&source_names=pg-erp.1")
    done(curl, "POST", "protection-groups?names=pg-erp&source_names=pg-erp.late&overwrite=true")
    assert [d.core.stored for d in arrays.group.disks] == [part.image for part in late.members]
    done(there, "POST", "protection-groups?names=pg-copy&source_names=fa-prd:pg-erp.3")
    assert [d.name for d in arrays.dr.groups["pg-copy"].disks] == ["erp-0", "erp-1", "erp-2"]
    assert "already exists" in there.error("POST", "protection-groups?names=pg-two&source_names=fa-prd:pg-erp.3")
    done(there, "POST", "protection-groups?names=pg-copy&source_names=fa-prd:pg-erp&overwrite=true")
    assert arrays.world.referee.violations == []


def test_a_retention_lock_forbids_to_keep_less(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    done(curl, "PATCH", "protection-groups?names=pg-erp", {"retention_lock": "ratcheted"})
    for body in (
        {"destroyed": True},
        {"retention_lock": "unlocked"},
        {"replication_schedule": {"enabled": False}},
        {"replication_schedule": {"frequency": 7_200_000}},
        {"source_retention": {"all_for_sec": 60}},
        {"target_retention": {"days": 0}},
    ):
        assert "retention locked" in curl.error("PATCH", "protection-groups?names=pg-erp", body)
    for path in (
        "protection-groups/volumes?group_names=pg-erp&member_names=erp-0",
        "protection-groups/targets?group_names=pg-erp&member_names=fa-dr",
    ):
        assert "retention locked" in curl.error("DELETE", path)
    done(curl, "PATCH", "protection-groups?names=pg-erp", {"source_retention": {"all_for_sec": 172_800}})
    (row,) = curl.items("protection-groups?names=pg-erp")
    assert (row["retention_lock"], row["source_retention"]["all_for_sec"]) == ("ratcheted", 172_800)


def test_a_group_of_hosts_protects_what_they_see(arrays: Estate) -> None:
    with arrays.world.turn():
        group = protection.add_group(arrays.prod, "pg-hosts")
        group.hosts.append("erp_db1")
        made = protection.take(arrays.prod, group, "s1")
    assert [part.name for part in made.members] == ["pg-hosts.s1.erp-0", "pg-hosts.s1.erp-1", "pg-hosts.s1.erp-2"]
    curl = Curl(arrays).login()
    assert curl.items("protection-groups/hosts") == [
        {"group": {"id": group.id, "name": "pg-hosts"}, "member": {"name": "erp_db1"}}
    ]
    assert "another type" in curl.error("POST", "protection-groups/volumes?group_names=pg-hosts&member_names=erp-0")


def test_group_snapshots_are_destroyed_recovered_and_eradicated_by_name_or_id(arrays: Estate) -> None:
    curl = Curl(arrays).login()
    (row,) = curl.items("protection-group-snapshots?names=pg-erp.2")
    done(curl, "PATCH", f"protection-group-snapshots?ids={row['id']}", {"destroyed": True})
    assert {r["name"] for r in curl.items("volume-snapshots?destroyed=true")} == {f"pg-erp.2.erp-{n}" for n in range(3)}
    done(curl, "DELETE", "protection-group-snapshots?names=pg-erp.2")
    assert "does not exist" in curl.error("GET", "protection-group-snapshots?names=pg-erp.2")
    assert not [r for r in curl.items("volume-snapshots") if ".2." in r["name"]]


def test_pods_are_made_linked_and_switched_over_rest(arrays: Estate) -> None:
    here, there = Curl(arrays).login(), Curl(arrays, "fa-dr").login()
    done(here, "POST", "pods?names=p1", {})
    done(there, "POST", "pods?names=p1", {})
    done(here, "POST", "volumes?names=p1::v1", {"provisioned": GIB})
    path = "pod-replica-links?local_pod_names=p1&remote_names=fa-dr&remote_pod_names=p1"
    assert "must be demoted" in here.error("POST", path)
    done(there, "PATCH", "pods?names=p1", {"requested_promotion_state": "demoted"})
    (row,) = done(here, "POST", path)
    assert (row["direction"], row["status"]) == ("outbound", "baselining")
    arrays.pass_time(60)
    (row,) = there.items("pod-replica-links?local_pod_names=p1")
    assert (row["direction"], row["status"], row["lag"]) == ("inbound", "replicating", 8000)
    assert [r["name"] for r in there.items("volumes?filter=pod.name%3D%27p1%27")] == ["p1::v1"]
    done(here, "PATCH", "pods?names=p1&quiesce=true", {"requested_promotion_state": "demoted"})
    assert "quiescing" in here.error("PATCH", "pods?names=p1", {"requested_promotion_state": "promoted"})
    done(here, "PATCH", "pods?names=p1&abort_quiesce=true", {"requested_promotion_state": "promoted"})
    assert here.items("pods?names=p1")[0]["requested_promotion_state"] == "promoted"
    done(here, "PATCH", "pods?names=p1&skip_quiesce=true", {"requested_promotion_state": "demoted"})
    (undo,) = here.items("pods?destroyed=true&names=p1.undo-demote")
    assert undo["time_remaining"] is not None
    done(here, "PATCH", "pods?names=p1&promote_from=p1.undo-demote", {"requested_promotion_state": "promoted"})
    assert here.items("pods?destroyed=true&names=p1.undo*") == []
    assert "together" in here.error("PATCH", "pods?names=p1&quiesce=true&skip_quiesce=true", {})
    assert "not an undo-demote pod" in there.error(
        "PATCH", "pods?names=p1&promote_from=p1", {"requested_promotion_state": "promoted"}
    )
    assert "does not exist" in here.error("PATCH", "pod-replica-links?local_pod_names=nope", {"paused": True})
    done(here, "POST", "pods?names=p2", {})
    done(here, "PATCH", "pods?names=p2", {"destroyed": True})
    done(here, "PATCH", "pods?names=p2", {"destroyed": False})
    assert here.items("pod-replica-links/lag?local_pod_names=p1")[0]["lag"]["max"] is not None
