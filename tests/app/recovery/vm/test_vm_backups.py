"""Backups of VMs, from the look to the last step, and restores, against the lab's servers and a real directory."""

from __future__ import annotations

import fcntl
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.recovery import precedence
from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations, changed, new_run_id
from app.recovery.runner import Runner
from app.recovery.vmbackup import folders, operate, steps
from app.recovery.vmbackup.facts import FILE, Facts, read
from app.recovery.vmbackup.folders import LOCK, BackupFolder, scan
from app.recovery.vmbackup.plan import BACKUP, Owned, surplus
from app.recovery.vmbackup.restore_plan import Asked
from backends.lab.faults import FaultKind
from backends.lab.vsphere import machines
from backends.outcome import DeviceError
from backends.vsphere import acts, stream, tasks, transfer
from store.estate import PowerState
from store.ledger import LeaseError
from store.runs import Choice, Lease, Plan, Run, RunState
from tests.app.recovery.vm.test_vm_runs import PACE, done, failed_over, operating, passed
from tests.faults.vm_estate import VmEstate, vm_estate

OFF = PowerState.OFF
NOW = datetime(2027, 1, 1, tzinfo=UTC)
NETWORKS = {"PROD": "PROD-L"}
Draw = Callable[[Operations, str], Plan]


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_POLL_S", 0.02)
    monkeypatch.setattr(acts, "_POLL_S", 0.02)
    monkeypatch.setattr(acts, "LOCKED_REST_S", 0.05)
    monkeypatch.setattr(transfer, "POLL_S", 0.02)
    monkeypatch.setattr(stream, "REST_S", 0.02)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VmEstate]:
    with vm_estate(tmp_path_factory.mktemp("vms")) as ready:
        yield ready
        assert ready.world.referee.violations == []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "backups"
    made.mkdir()
    return made


@contextmanager
def console(estate: VmEstate, root: Path | None) -> Iterator[Operations]:
    store = (root or estate.directory).parent / "s.sqlite"
    with operating(estate, store) as operations:
        operations.settings = replace(operations.settings, backups=root)
        yield operations


def backup(*names: str) -> Draw:
    return lambda operations, run_id: operate.plan_backup(operations, names, run_id, datetime.now(UTC))


def restore(path: Path, asked: Asked) -> Draw:
    return lambda operations, run_id: operate.plan_restore(operations, str(path), asked, run_id)


def kept(root: Path, vm: str) -> tuple[Path, Facts]:
    """The one backup of a machine."""
    found, _ = scan(root)
    (one,) = [each for each in found if each.facts is not None and each.facts.vm == vm]
    assert one.facts is not None
    return one.folder.final, one.facts


def refusals(plan: Plan) -> str:
    return "; ".join(f"{guard.words}: {guard.evidence}" for guard in plan.refused)


def reasons(run: Run) -> str:
    return "; ".join(step.reason or "" for step in run.steps)


# ------------------------------------------------------------------------------------------------------- there and back


def test_a_machine_that_runs_is_backed_up_from_a_snapshot_and_comes_back_with_the_same_bytes(
    estate: VmEstate, root: Path
) -> None:
    name = estate.fresh()
    with console(estate, root) as operations:
        done(operations, backup(name))
        path, facts = kept(root, name)
        assert (facts.from_snapshot, facts.capacities, facts.schedule) == (True, (4 << 30,), "")
        assert facts.verified_at is not None
        assert not estate.paris.vm(name).roots
        assert sorted(each.name for each in path.iterdir()) == sorted(facts.names)
        run = done(operations, restore(path, Asked("vc-lyon", f"{name}-again", networks=NETWORKS)))
        assert run.plan.confirm == (f"vm restore {name}-again",)
        made = estate.lyon.vm(f"{name}-again")
        assert (made.power, made.home.disks[0].volume.stored.origin) == (OFF, name)
        assert made.home.nics[0].mac != estate.paris.vm(name).home.nics[0].mac
        done(operations, backup(f"{name}-again"))
        _, again = kept(root, f"{name}-again")
        assert not again.from_snapshot
        assert again.disks[0].digest == facts.disks[0].digest


def test_several_machines_are_one_run_and_a_pattern_means_no_replica(estate: VmEstate, root: Path) -> None:
    one, other = estate.fresh(), estate.fresh(running=False)
    with estate.world.turn():
        estate.paris.state.add_vm(f"{one}x", estate.paris.datastore, extra={"drdeck.replication": one})
    with console(estate, root) as operations:
        done(operations, backup(f"{one}*", other))
        assert {each.facts.vm for each in scan(root)[0] if each.facts} == {one, other}
        with pytest.raises(CannotPlanError, match="No server of the configuration has a machine nobody"):
            operate.look(operations, ["nobody"], NOW)


def test_a_plan_that_is_drawn_up_again_is_still_the_same(estate: VmEstate, root: Path) -> None:
    name = estate.fresh()
    with console(estate, root) as operations:
        plans = [operate.plan_backup(operations, [name], "r-1", NOW) for _ in range(2)]
    assert changed(plans[0], plans[1], ()) is None


def test_two_backups_of_one_second_are_kept_under_two(estate: VmEstate, root: Path) -> None:
    name = estate.fresh(running=False)
    with console(estate, root) as operations:
        for _ in range(2):
            done(operations, lambda ops, run_id: operate.plan_backup(ops, [name], run_id, NOW))
    assert [one.folder.stamp for one in scan(root)[0]] == ["20270101T000000Z", "20270101T000001Z"]


# -------------------------------------------------------------------------------------------------------------- trouble


@pytest.mark.parametrize("verb", ["GET /nfc", "ExportSnapshot", "CreateDescriptor"])
def test_a_backup_that_fails_leaves_neither_a_folder_nor_a_snapshot(estate: VmEstate, root: Path, verb: str) -> None:
    name = estate.fresh()
    with console(estate, root) as operations:
        fault = estate.world.faults.add("vc-paris", FaultKind.HTTP_403, verb)
        run = done(operations, backup(name), RunState.FAILED)
        estate.world.faults.remove(fault.id)
        assert "403" in (run.note or "")
        assert not estate.paris.vm(name).roots
        assert scan(root) == ((), ())
        done(operations, backup(name))


def test_what_is_not_on_the_disk_as_it_came_is_seen_before_it_counts(
    estate: VmEstate, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = estate.fresh()

    def rotten(path: Path, facts: Facts) -> None:
        disk = path / facts.disks[0].name
        disk.write_bytes(disk.read_bytes()[:-1] + b"!")

    monkeypatch.setattr(steps.about, "agreed", rotten)
    with console(estate, root) as operations:
        run = done(operations, backup(name), RunState.FAILED)
    assert f"{name}-disk1.vmdk is damaged: its SHA256 is" in (run.note or "")
    assert scan(root) == ((), ())
    assert not estate.paris.vm(name).roots


def test_a_snapshot_that_cannot_be_removed_is_owed_and_the_next_backup_removes_it(estate: VmEstate, root: Path) -> None:
    name = estate.fresh()
    with console(estate, root) as operations:
        fault = estate.world.faults.add("vc-paris", FaultKind.HTTP_403, "RemoveSnapshot_Task")
        run = done(operations, backup(name), RunState.FAILED)
        estate.world.faults.remove(fault.id)
        assert "not taken back: Remove the snapshot" in (run.note or "")
        assert kept(root, name)[1].verified_at is not None
        (left,) = estate.paris.vm(name).roots
        again = operate.plan_backup(operations, [name], "r-2", datetime.now(UTC))
        assert again.steps[0].title == f"Remove the snapshot {left.name}"
        done(operations, backup(name))
        assert not estate.paris.vm(name).roots


def test_a_backup_that_is_aborted_while_disks_come_leaves_nothing(estate: VmEstate, root: Path) -> None:
    name = estate.fresh()
    with console(estate, root) as operations:
        run_id = new_run_id()
        operations.agree(run_id, backup(name)(operations, run_id), ())
        fault = estate.world.faults.add("vc-paris", FaultKind.SLOW, "GET /nfc", seconds=0.5)
        runner = Runner(operations.ledger, operations.devices, "here", PACE)
        thread = threading.Thread(target=runner.run, args=(run_id,))
        thread.start()
        estate.until(lambda: scan(root)[1] != ())
        operations.ledger.decide(run_id, Choice.ABORT, None, "not tonight", "test")
        thread.join(30)
        estate.world.faults.remove(fault.id)
        run = operations.ledger.run(run_id)
        assert (run.state, run.note) == (RunState.ABORTED, "not tonight")
        assert "stopped: it is not wanted any more" in reasons(run)
        assert scan(root) == ((), ())
        assert not estate.paris.vm(name).roots


def test_a_failover_does_not_wait_for_a_backup_and_nothing_else_makes_it_give_way(
    estate: VmEstate, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precedence, "REST_S", 0.02)
    name = estate.fresh()
    with console(estate, root) as operations:
        run_id = new_run_id()
        operations.agree(run_id, backup(name)(operations, run_id), ())
        fault = estate.world.faults.add("vc-paris", FaultKind.SLOW, "GET /nfc", seconds=3.0)
        runner = Runner(operations.ledger, operations.devices, "tonight", PACE)
        thread = threading.Thread(target=runner.run, args=(run_id,))
        thread.start()
        estate.until(lambda: scan(root)[1] != ())
        with pytest.raises(LeaseError):
            done(operations, passed(name))
        assert operations.ledger.run(run_id).state is RunState.RUNNING
        operations.ledger.drop(operations.ledger.runs()[0].id, "test", "it cannot begin")
        failover = done(operations, failed_over(name))
        thread.join(30)
        estate.world.faults.remove(fault.id)
        ended = operations.ledger.run(run_id)
        assert (ended.state, ended.note) == (RunState.ABORTED, f"run {failover.id} fails its machine over")
        assert scan(root) == ((), ())
        assert estate.power(estate.paris, name) is OFF


def test_a_backup_that_ends_while_it_is_found_in_the_way_does_not_stop_the_failover(
    estate: VmEstate, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precedence, "REST_S", 0.02)
    name = estate.fresh()
    with console(estate, root) as operations:
        ledger, take, refused = operations.ledger, operations.ledger.take, list[str]()

        def once_refused(run_id: str, holder: str) -> Lease:
            if not refused:
                refused.append(run_id)
                raise LeaseError("a backup acts on it, and ends now")
            return take(run_id, holder)

        monkeypatch.setattr(ledger, "take", once_refused)
        failover = done(operations, failed_over(name))
        assert (failover.state, refused) == (RunState.SUCCEEDED, [failover.id])


def test_a_full_directory_is_told_before_anything_is_sent(estate: VmEstate, root: Path) -> None:
    name, other = estate.fresh(size_gib=1 << 20), estate.fresh()
    before = estate.writes()
    with console(estate, root) as operations:
        assert "1048576.0 GiB are wanted" in refusals(backup(name)(operations, "r"))
        assert "1048580.0 GiB are wanted with those before it" in refusals(backup(name, other)(operations, "r"))
    assert estate.writes() == before


@pytest.mark.parametrize(
    ("at", "told"),
    [(None, "[backups] directory"), ("gone", "is not there, or is no directory")],
)
def test_without_a_directory_nothing_is_begun(estate: VmEstate, tmp_path: Path, at: str | None, told: str) -> None:
    name = estate.fresh()
    with console(estate, tmp_path / at if at else None) as operations:
        assert told in refusals(backup(name)(operations, "r"))


def test_what_an_ended_run_left_is_deleted_and_what_nobody_knows_stays(estate: VmEstate, root: Path) -> None:
    name = estate.fresh()
    above = root / "vc-paris" / f"{name}-{estate.paris.vm(name).moid}"
    with console(estate, root) as operations:
        run_id = new_run_id()
        operations.agree(run_id, backup(name)(operations, run_id), ())
        operations.ledger.drop(run_id, "test", "killed before it began")
        ended, unknown, alive = (
            above / f"20270101T00000{number}Z.{run}.partial" for number, run in enumerate((run_id, "r-9", run_id))
        )
        for each in (ended, unknown, alive):
            each.mkdir(parents=True)
            (each / f"{name}-disk1.vmdk").write_bytes(b"half")
        with (alive / LOCK).open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            run = done(operations, backup(name))
        assert [each.exists() for each in (ended, unknown, alive)] == [False, True, True]
        assert "stays: it is of run r-9, which has not ended, or is not of this store" in run.plan.notes[0]
        assert len(scan(root)[0]) == 1


# -------------------------------------------------------------------------------------------------- nothing but its own


def at(root: Path, run: str = "r-1") -> BackupFolder:
    return BackupFolder(str(root), "vc", "web-vm-1", "20270101T000000Z", run)


def test_a_partial_folder_is_for_one_process_and_holds_nothing_of_an_earlier_try(root: Path) -> None:
    with folders.writing(at(root)) as path:
        (path / "web-disk1.vmdk").write_bytes(b"half")
        assert folders.busy(path)
        with pytest.raises(DeviceError, match="another process writes"), folders.writing(at(root)):
            pass
        with pytest.raises(DeviceError, match="another process writes"):
            folders.clear(path)
    with folders.writing(at(root)) as path:
        assert [each.name for each in path.iterdir()] == [LOCK]
    folders.clear(path)
    assert not path.exists()


def test_what_is_not_of_a_backup_is_never_deleted(root: Path) -> None:
    with folders.writing(at(root)) as path:
        (path / "letter.txt").write_text("mine")
        with pytest.raises(DeviceError, match=r"holds what no backup does: letter\.txt"):
            folders.discard(path)
    assert (path / "letter.txt").exists()
    path.rename(at(root).final)
    with pytest.raises(DeviceError, match="holds what is not of this backup"):
        folders.delete(at(root), [LOCK])


def test_a_symbolic_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "web-disk1.vmdk").write_bytes(b"precious")
    with folders.writing(at(root)) as path:
        (path / "web-disk1.vmdk").symlink_to(elsewhere / "web-disk1.vmdk")
        with pytest.raises(DeviceError, match="holds what no backup does"):
            folders.discard(path)
        (path / "web-disk1.vmdk").unlink()
        folders.discard(path)
    at(root).partial.symlink_to(elsewhere)
    with pytest.raises(DeviceError, match="symbolic link"), folders.writing(at(root)):
        pass
    (root / "other").symlink_to(elsewhere)
    assert scan(root) == ((), ())
    assert (elsewhere / "web-disk1.vmdk").read_bytes() == b"precious"


@given(st.sets(st.integers(0, 40)), st.integers(1, 12))
def test_retention_keeps_the_newest_and_takes_the_oldest_first(made: set[int], keep: int) -> None:
    owned = [Owned(at(Path("/b")), NOW + timedelta(hours=n), (str(n),)) for n in made]
    numbers = [int(each.names[0]) for each in surplus(owned, keep)]
    assert numbers == sorted(made)[: len(numbers)]
    assert len(made) - len(numbers) + 1 == min(keep, len(made) + 1)


# ------------------------------------------------------------------------------------------------------------- restores


def test_a_restore_is_refused_where_it_cannot_be_right(estate: VmEstate, root: Path) -> None:
    name = estate.fresh()
    with console(estate, root) as operations:
        done(operations, backup(name))
        path, facts = kept(root, name)

        def refused(**other: object) -> str:
            asked = replace(Asked("vc-lyon", "new", networks=NETWORKS), **other)  # type: ignore[arg-type]
            return refusals(restore(path, asked)(operations, "r"))

        assert refused() == ""
        assert "poweredOn, instance UUID" in refused(server="vc-paris", name=name, networks={})
        assert "no port group there is called PROD" in refused(networks={})
        assert "it is not on WEB, but on PROD" in refused(networks={**NETWORKS, "WEB": "X"})
        assert "no datastore is called x" in refused(datastore="x")
        with pytest.raises(CannotPlanError, match="expected a device of kind vsphere"):
            refused(server="hmc-paris")
        with pytest.raises(CannotPlanError, match="There is no backup"):
            restore(root / "nothing", Asked("vc-lyon", "new"))(operations, "r")
        (path / facts.manifest.name).write_text(f"SHA256(web.ovf)= {'0' * 64}\n")
        assert "is not the manifest that was written" in refused()
        content = json.loads((path / FILE).read_text())
        (path / FILE).write_text(json.dumps({**content, "surprise": 1}))
        with pytest.raises(CannotPlanError, match="is no backup that can be restored"):
            refused()


def test_a_damaged_disk_ends_a_restore_before_anything_is_sent(estate: VmEstate, root: Path) -> None:
    name = estate.fresh()
    with console(estate, root) as operations:
        done(operations, backup(name))
        path, facts = kept(root, name)
        disk = path / facts.disks[0].name
        content = bytearray(disk.read_bytes())
        content[1000] ^= 1
        disk.write_bytes(content)
        before = estate.writes()
        asked = Asked("vc-lyon", f"{name}-bad", networks=NETWORKS)
        run = done(operations, restore(path, asked), RunState.FAILED)
        assert f"{disk.name} is damaged" in (run.note or "")
        assert estate.writes() == before


@pytest.mark.parametrize("verb", ["POST /nfc", "HttpNfcLeaseComplete"])
def test_an_import_that_fails_leaves_no_machine(estate: VmEstate, root: Path, verb: str) -> None:
    name = estate.fresh()
    with console(estate, root) as operations:
        done(operations, backup(name))
        path, _ = kept(root, name)
        fault = estate.world.faults.add("vc-lyon", FaultKind.HTTP_403, verb)
        asked = Asked("vc-lyon", f"{name}-half", networks=NETWORKS)
        done(operations, restore(path, asked), RunState.FAILED)
        estate.world.faults.remove(fault.id)
        assert estate.lyon.vms(f"{name}-half") == []
        done(operations, restore(path, asked))


def test_macs_are_kept_only_while_no_machine_with_them_is_on(estate: VmEstate, root: Path) -> None:
    name = estate.fresh()
    with console(estate, root) as operations:
        done(operations, backup(name))
        path, facts = kept(root, name)
        asked = Asked("vc-lyon", f"{name}-mac", networks=NETWORKS, keep_mac=True)
        assert f"{facts.cards[0].mac} of {name} on vc-paris" in refusals(restore(path, asked)(operations, "r"))
        fault = estate.world.faults.add("esx-witness", FaultKind.UNREACHABLE)
        with estate.world.turn():
            machines.power_off(estate.paris.state, estate.paris.vm(name))
        estate.until(lambda: estate.power(estate.paris, name) is OFF)
        unseen = restore(path, asked)(operations, "r")
        estate.world.faults.remove(fault.id)
        assert unseen.confirm == (f"vm restore {name}-mac", "MACs unseen on esx-witness")
        run = done(operations, restore(path, asked))
        assert run.plan.confirm == (f"vm restore {name}-mac",)
        (card,) = estate.lyon.vm(f"{name}-mac").home.nics
        assert (card.mac, card.network and card.network.name) == (facts.cards[0].mac, "PROD-L")


def test_facts_say_whose_backup_it_is(estate: VmEstate, root: Path) -> None:
    name = estate.fresh()
    with console(estate, root) as operations:
        run = done(operations, backup(name))
        path, _ = kept(root, name)
        facts = read(path)
        vm = estate.paris.vm(name)
        assert (facts.server, facts.vm, facts.instance_uuid, facts.moref, facts.run) == (
            "vc-paris", name, vm.home.instance_uuid, vm.moid, run.id,
        )  # fmt: skip
        assert run.plan.verb == BACKUP
        assert run.plan.targets == (f"vm:{vm.home.instance_uuid}",)
