"""A machine becomes an OVF package in a folder and a machine again, over HTTPS: whole, verified, or not at all."""

from __future__ import annotations

import hashlib
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.lab.faults import FaultKind
from backends.lab.vsphere.records import Vm
from backends.lab.vsphere.sums import Sums
from backends.outcome import DeviceError, ParseError, Sent
from backends.vsphere import acts, package, stream, tasks, transfer
from backends.vsphere.export import Export, Exported
from backends.vsphere.looks import COPY, Places
from backends.vsphere.package import Vouched, manifest_files, manifest_text
from backends.vsphere.stream import Count
from backends.vsphere.upload import Upload
from backends.vsphere.verbs import ClonePlace
from tests.backends.vsphere.test_vsphere_transfer import Pair, Watch


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(tmp_path_factory.mktemp("package"))
    yield made
    made.close()


@pytest.fixture
def pair(lab: Pair, monkeypatch: pytest.MonkeyPatch) -> Pair:
    for module, name, value in (
        (tasks, "_POLL_S", 0.02), (transfer, "POLL_S", 0.02), (stream, "REST_S", 0.02),
        (acts, "LOCKED_REST_S", 0.05), (stream, "CHUNK", 64 << 10),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    lab.world.faults.clear()
    return lab


def export(pair: Pair, folder: Path, watch: Watch | None = None, snapshot: str | None = "s") -> Exported:
    found: list[Exported] = []
    driver = pair.drivers[0]
    Export(pair.vm.moid, snapshot, folder, "web", found.append).carry(driver, driver, watch or Watch())
    return found[0]


def contents(pair: Pair) -> list[bytes]:
    """What the disks of the snapshot are, as they cross the wire."""
    return pair.files()


def upload(pair: Pair, folder: Path, found: Exported, name: str) -> Vm | None:
    """Bring it back at the other host."""
    driver = pair.drivers[1]
    places = Places().take(driver)
    place = ClonePlace(places.root, places.hosts[0].pool, places.hosts[0].moid, places.stores[0].moid)
    networks = (("PROD", places.networks[0][0]),)
    verb = Upload(folder, found.descriptor, found.disks, name, place, networks, ((COPY, name),), (("drdeck.all", "1"),))
    verb.carry(driver, driver, Watch())
    return made(pair, name)


def made(pair: Pair, name: str) -> Vm | None:
    return next((vm for vm in pair.states[1].vms.values() if vm.name == name), None)


def imports(pair: Pair) -> int:
    """How often the other host was told of an import."""
    counted = pair.world.devices["esx-b"].counters.requests
    return counted["CreateImportSpec"] + counted["ImportVApp"]


def test_what_is_exported_is_what_the_snapshot_holds_and_the_manifest_vouches_for_every_byte(
    pair: Pair, tmp_path: Path
) -> None:
    watch = Watch()
    found = export(pair, tmp_path, watch)
    kept = [(tmp_path / f"web-disk{n}.vmdk").read_bytes() for n in (1, 2)]
    assert kept == contents(pair)
    lines = (tmp_path / "web.mf").read_text().splitlines()
    sums = {name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in
            ("web.ovf", "web-disk1.vmdk", "web-disk2.vmdk")}  # fmt: skip
    assert lines == [f"SHA256({name})= {digest}" for name, digest in sums.items()]
    assert f'ovf:href="web-disk2.vmdk" ovf:id="file2" ovf:size="{len(kept[1])}"' in (tmp_path / "web.ovf").read_text()
    package.check(tmp_path, (found.descriptor, *found.disks), Count())
    assert watch.told[-1][0] == 100
    assert pair.vm.busy is None


def test_a_package_comes_back_as_a_machine_that_holds_the_same(pair: Pair, tmp_path: Path) -> None:
    found = export(pair, tmp_path)
    vm = upload(pair, tmp_path, found, "again")
    assert vm is not None
    assert [disk.volume.stored for disk in vm.home.disks] == [
        pair.vm.roots[0].images[disk.key] for disk in pair.vm.home.disks
    ]
    assert vm.home.extra[COPY] == "again"
    assert vm.home.nics[0].mac != pair.vm.home.nics[0].mac


@pytest.mark.parametrize("name", ["web-disk2.vmdk", "web.ovf"])
def test_one_changed_byte_is_named_and_nothing_is_sent(pair: Pair, tmp_path: Path, name: str) -> None:
    found = export(pair, tmp_path)
    content = bytearray((tmp_path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / name).write_bytes(content)
    before = imports(pair)
    with pytest.raises(DeviceError, match=f"{name} is damaged: its SHA256 is"):
        upload(pair, tmp_path, found, "damaged")
    assert imports(pair) == before
    assert made(pair, "damaged") is None


def test_a_cut_connection_goes_on_with_the_next_byte(pair: Pair, tmp_path: Path) -> None:
    fault = pair.world.faults.add("esx-a", FaultKind.TRUNCATED, "GET /nfc")
    fault.remaining = 3
    before, watch = pair.gets(), Watch()
    export(pair, tmp_path, watch)
    assert [(tmp_path / f"web-disk{n}.vmdk").read_bytes() for n in (1, 2)] == contents(pair)
    assert "3 cuts made good" in watch.told[-1][1]
    assert pair.gets() - before == 5


def test_an_export_that_is_cut_for_good_has_no_manifest_and_gives_its_lease_back(pair: Pair, tmp_path: Path) -> None:
    pair.world.faults.add("esx-a", FaultKind.DROP_BEFORE, "GET /nfc")
    with pytest.raises(DeviceError) as caught:
        export(pair, tmp_path)
    assert caught.value.sent is Sent.REFUSED
    assert not (tmp_path / "web.mf").exists()
    assert pair.vm.busy is None


def test_a_checksum_that_is_not_that_of_the_server_is_refused(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sums, "of", lambda self, file: "0" * 40)
    with pytest.raises(DeviceError, match="the source says 0000"):
        export(pair, tmp_path)
    assert not (tmp_path / "web.mf").exists()


def test_what_is_not_wanted_any_more_is_given_back(pair: Pair, tmp_path: Path) -> None:
    pair.world.faults.add("esx-a", FaultKind.SLOW, "GET /nfc", seconds=0.3)
    watch = Watch()
    watch.still = False
    with pytest.raises(DeviceError, match="not wanted any more"):
        export(pair, tmp_path, watch)
    assert pair.vm.busy is None


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """The system writes no file further: as on a disk that is full, but without one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_finds_no_room_is_told_by_the_name_of_its_file(pair: Pair, tmp_path: Path) -> None:
    with no_file_over(1 << 20), pytest.raises(DeviceError) as caught:
        export(pair, tmp_path)
    assert (caught.value.device, caught.value.sent) == ("this machine", Sent.REFUSED)
    assert "web-disk1.vmdk: File too large" in caught.value.text
    assert pair.vm.busy is None


def test_a_machine_that_runs_is_exported_from_a_snapshot_only(pair: Pair, tmp_path: Path) -> None:
    with pytest.raises(DeviceError) as caught:
        export(pair, tmp_path, snapshot=None)
    assert caught.value.code == "InvalidPowerState"
    with pytest.raises(DeviceError, match="has no snapshot gone"):
        export(pair, tmp_path, snapshot="gone")


def test_a_file_that_changes_after_it_was_read_is_seen_while_it_is_sent(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = export(pair, tmp_path)
    lease = transfer.import_lease

    def changed(*given: Any) -> Any:
        disk = tmp_path / "web-disk2.vmdk"
        disk.write_bytes(disk.read_bytes()[:-1] + b"!")
        return lease(*given)

    monkeypatch.setattr(transfer, "import_lease", changed)
    with pytest.raises(DeviceError, match=r"web-disk2\.vmdk changed while it was sent"):
        upload(pair, tmp_path, found, "changed")
    assert made(pair, "changed") is None


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,30}[a-z]", fullmatch=True)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=8)), min_size=1, max_size=8, unique_by=lambda pair: pair[0]))
def test_a_manifest_is_read_as_it_was_written(files: list[tuple[str, bytes]]) -> None:
    vouched = tuple(Vouched(name, "SHA256", hashlib.sha256(content).hexdigest()) for name, content in files)
    assert manifest_files(manifest_text(vouched)) == vouched


@given(st.text(max_size=120))
def test_what_is_no_manifest_is_an_error_with_its_line(text: str) -> None:
    try:
        found = manifest_files(text)
    except ParseError:
        return
    assert all(len(file.digest) in (40, 64) and "/" not in file.name for file in found)


@pytest.mark.parametrize(
    "text",
    [
        "", f"SHA256(../x)= {'0' * 64}", f"SHA256(..)= {'0' * 64}", f"SHA256(a)= {'0' * 40}", f"MD5(a)= {'0' * 32}",
        f"SHA256(a)= {'0' * 64}\nSHA256(a)= {'1' * 64}",
    ],
)  # fmt: skip
def test_a_manifest_that_leads_elsewhere_or_says_two_things_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        manifest_files(text)


def test_a_manifest_with_sha1_is_understood_too() -> None:
    (found,) = manifest_files(f"SHA1(a.vmdk)={'A' * 40}\n")
    assert found == Vouched("a.vmdk", "SHA1", "a" * 40)
