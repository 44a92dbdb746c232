"""A disk crosses from one server to another over HTTPS: whole, checked, and going on where a connection was cut."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.endpoint import Limits, Secret, TlsAccess
from backends.lab.clock import Clock
from backends.lab.faults import FaultKind
from backends.lab.lab import Lab
from backends.lab.volumes import Image, Segment
from backends.lab.vsphere import disks, door, leases
from backends.lab.vsphere.disks import Content
from backends.lab.vsphere.records import Refusal, Vm
from backends.lab.vsphere.state import GIB, VSphereState
from backends.lab.vsphere.sums import Sums
from backends.lab.vsphere.uploads import BLOCK
from backends.lab.world import Device, World
from backends.outcome import DeviceError, Failure, Sent
from backends.vsphere import acts, looks, stream, tasks, transfer
from backends.vsphere.driver import VSphereDriver
from backends.vsphere.looks import COPY, MachineOf, Places
from backends.vsphere.transfer import Carry
from backends.vsphere.verbs import ClonePlace
from store.estate import DeviceKind, SiteRole

DATA, CHUNK = 3 << 20, 64 << 10


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_POLL_S", 0.02)
    monkeypatch.setattr(transfer, "POLL_S", 0.02)
    monkeypatch.setattr(stream, "REST_S", 0.02)
    monkeypatch.setattr(acts, "LOCKED_REST_S", 0.05)
    monkeypatch.setattr(stream, "CHUNK", CHUNK)


class Watch:
    """Wants it until told otherwise."""

    def __init__(self) -> None:
        self.still = True
        self.told: list[tuple[int, str]] = []

    def wanted(self) -> bool:
        return self.still

    def progress(self, percent: int, words: str) -> None:
        self.told.append((percent, words))


class Pair:
    """Two lone hosts, a machine with a snapshot on the first, and a driver on each."""

    def __init__(self, directory: Path) -> None:
        self.world = World(clock=Clock())
        self.states: list[VSphereState] = []
        for name, site, role in (("esx-a", "paris", SiteRole.PROD), ("esx-b", "lyon", SiteRole.DR)):
            self.world.add_site(site, role)
            state = VSphereState(self.world, name, site, api_type="HostAgent")
            state.add_host(f"{name}.example")
            state.add_datastore("ds", 1024 * GIB)
            state.add_network("PROD", self.world.add_segment(f"prod-{site}"))
            self.world.add_device(Device(name, DeviceKind.VSPHERE, site, state, users={"root": "s3cret-Passw0rd"}))
            self.states.append(state)
        here = self.states[0]
        images = [Image("web", f"{number}", (Segment("written-before", 7),)) for number in range(2)]
        self.vm = here.add_vm(
            "web", here.datastores[0], disks=(4 * GIB, 8 * GIB), images=images, networks=(here.networks[0],),
            running=True,
        )  # fmt: skip
        for disk in self.vm.home.disks:
            disk.data = DATA
        self.lab = Lab(self.world, directory)
        self.lab.start()
        self.drivers = [self._driver("esx-a"), self._driver("esx-b")]
        acts.TakeSnapshot(self.vm.moid, "s", "", False).send(self.drivers[0].session)

    def _driver(self, name: str) -> VSphereDriver:
        port = self.world.devices[name].ports["https"]
        secret = Secret("s3cret-Passw0rd")
        access = TlsAccess(host="127.0.0.1", port=port, user="root", secret=secret, ca_file=self.lab.identities.ca_file)
        return VSphereDriver(name, access, Limits(connect_s=5.0, call_s=10.0))

    def carry(self, watch: Watch | None = None) -> str:
        places = Places().take(self.drivers[1])
        place = ClonePlace(places.root, places.hosts[0].pool, places.hosts[0].moid, places.stores[0].moid)
        networks = (("PROD", places.networks[0][0]),)
        marks = ((COPY, "c1"), ("drdeck.note", "x"))
        verb = Carry(self.vm.moid, "s", "web_replica", place, networks, marks, "drdeck.frozen", (("drdeck.all", "1"),))
        return verb.carry(self.drivers[0], self.drivers[1], watch or Watch())

    @property
    def made(self) -> Vm | None:
        return next((vm for vm in self.states[1].vms.values() if vm.name == "web_replica"), None)

    def gets(self) -> int:
        return self.world.devices["esx-a"].counters.requests["GET /nfc"]

    def moved(self) -> tuple[int, int]:
        """Bytes of disks that left the source, and that came to the target."""
        one, other = (self.world.devices[name].counters.moved for name in ("esx-a", "esx-b"))
        return one["GET /nfc"], other["POST /nfc"]

    def files(self) -> list[bytes]:
        """The disks, as they are exported."""
        made = [
            disks.file_of(Content(self.vm.roots[0].images[disk.key], disk.capacity, disk.data, disk.bytes_used))
            for disk in self.vm.home.disks
        ]
        return [one.read(0, one.size) for one in made]

    def close(self) -> None:
        for driver in self.drivers:
            driver.close()
        self.lab.stop()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    yield made
    made.close()


def frozen(pair: Pair) -> list[object]:
    (snapshot,) = pair.vm.roots
    return [snapshot.images[disk.key] for disk in pair.vm.home.disks]


def held(pair: Pair) -> list[object]:
    assert pair.made is not None
    return [disk.volume.stored for disk in pair.made.home.disks]


def test_what_crosses_is_what_the_snapshot_holds_and_its_checksum_is_told(pair: Pair) -> None:
    content = pair.files()
    watch = Watch()
    said = pair.carry(watch)
    assert said.startswith(f"{sum(map(len, content))} bytes of 2 disks, SHA-256 ")
    assert [sum_ in said for sum_ in (hashlib.sha256(one).hexdigest()[:16] for one in content)] == [True, True]
    assert held(pair) == frozen(pair)
    seen = MachineOf("copy:c1").take(pair.drivers[1])
    assert seen is not None
    assert seen.marks.keys() == {COPY, "drdeck.note", "drdeck.frozen", "drdeck.all"}
    assert watch.told[-1][0] == 100
    assert pair.gets() == 2
    assert pair.moved() == (sum(map(len, content)),) * 2
    assert [disk.bytes_used for disk in pair.made.home.disks] == [disk.bytes_used for disk in pair.vm.home.disks]


def test_a_cut_connection_goes_on_with_the_next_byte_and_nothing_is_read_twice(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = stream._opened

    def opened(end: stream.End, place: int) -> object:
        asked.append(f"{place}")
        return real(end, place)

    monkeypatch.setattr(stream, "_opened", opened)
    fault = pair.world.faults.add("esx-a", FaultKind.TRUNCATED, "GET /nfc")
    fault.remaining = 3
    watch = Watch()
    pair.carry(watch)
    assert held(pair) == frozen(pair)
    assert "3 cuts made good" in watch.told[-1][1]
    assert len(asked) == 5
    assert len([place for place in asked if place != "0"]) == 3  # each went on behind what it had
    assert pair.world.devices["esx-b"].counters.requests["POST /nfc"] == 2
    whole = sum(map(len, pair.files()))
    assert pair.moved() == (whole, whole)


def test_a_write_that_is_cut_sends_that_disk_again_and_no_other(pair: Pair) -> None:
    first, second = map(len, pair.files())
    fault = pair.world.faults.add("esx-b", FaultKind.TRUNCATED, "POST /nfc")
    fault.remaining = 1
    watch = Watch()
    pair.carry(watch)
    assert held(pair) == frozen(pair)
    assert "1 cuts made good" in watch.told[-1][1]
    assert "MiB sent again" in watch.told[-1][1]
    assert pair.world.devices["esx-b"].counters.requests["POST /nfc"] == 3
    left, came = pair.moved()
    assert came == first + second + first // 2
    assert left <= first + second + first // 2 + (stream.AHEAD + 2) * max(CHUNK, BLOCK)
    assert pair.vm.busy is None


def test_both_ends_can_be_cut_at_once(pair: Pair) -> None:
    for name, verb in (("esx-a", "GET /nfc"), ("esx-b", "POST /nfc")):
        pair.world.faults.add(name, FaultKind.TRUNCATED, verb).remaining = 2
    pair.carry()
    assert held(pair) == frozen(pair)


def test_a_target_that_fills_up_on_the_way_says_so_and_keeps_nothing(pair: Pair) -> None:
    store = pair.states[1].datastores[0]

    store.used = store.capacity - 5 * GIB  # less than the machine takes, and enough for what an import is held to
    pair.vm.home.disks[0].bytes_used = 4 * GIB
    with pair.world.turn():
        kept = pair.states[1].add_vm("replica-of-before", store, disks=())
    with pytest.raises(DeviceError) as caught:
        pair.carry()
    assert (caught.value.code, caught.value.sent) == ("NoDiskSpace", Sent.REFUSED)
    assert "no more space" in caught.value.text
    assert 0 < pair.moved()[1] < sum(map(len, pair.files()))
    assert pair.made is None
    assert kept.moid in pair.states[1].vms
    assert pair.vm.busy is None


def test_a_server_without_ranges_is_read_again_and_nothing_is_written_twice(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_ranged", lambda size, asked: None)
    fault = pair.world.faults.add("esx-a", FaultKind.TRUNCATED, "GET /nfc")
    fault.remaining = 1
    pair.carry()
    assert held(pair) == frozen(pair)


def test_a_source_that_is_cut_for_good_leaves_nothing_behind(pair: Pair) -> None:
    pair.world.faults.add("esx-a", FaultKind.DROP_BEFORE, "GET /nfc")
    with pytest.raises(DeviceError) as caught:
        pair.carry()
    assert (caught.value.sent, caught.value.failure) == (Sent.REFUSED, Failure.LOST)
    assert pair.gets() == 1 + stream.TRIES
    assert pair.made is None


def test_an_upload_that_is_cut_leaves_nothing_behind(pair: Pair) -> None:
    pair.world.faults.add("esx-b", FaultKind.DROP_BEFORE, "POST /nfc")
    with pytest.raises(DeviceError) as caught:
        pair.carry()
    assert caught.value.sent is Sent.REFUSED
    assert pair.world.devices["esx-b"].counters.requests["POST /nfc"] == 1 + stream.TRIES
    assert pair.made is None


def test_an_older_server_gives_sha_1_and_is_held_to_that(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise Refusal("NotSupported", "The operation is not supported on the object.")

    monkeypatch.setattr(leases, "asked_sums", refused)
    pair.carry()
    assert held(pair) == frozen(pair)
    monkeypatch.setattr(Sums, "of", lambda self, file: "0" * 40)
    assert pair.made is not None
    with pair.world.turn():
        pair.states[1].leave(pair.made)
    with pytest.raises(DeviceError, match=r"sha1 is [0-9a-f]{40}, the source says 0000"):
        pair.carry()


def test_a_checksum_that_is_not_that_of_the_source_is_refused(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sums, "of", lambda self, file: "0" * 40)
    with pytest.raises(DeviceError) as caught:
        pair.carry()
    assert "the source says 0000" in caught.value.text
    assert pair.made is None
    assert pair.vm.busy is None


def test_what_is_not_wanted_any_more_is_given_back(pair: Pair) -> None:
    pair.world.faults.add("esx-a", FaultKind.SLOW, "GET /nfc", seconds=0.5)
    watch = Watch()
    watch.still = False
    with pytest.raises(DeviceError) as caught:
        pair.carry(watch)
    assert (caught.value.sent, caught.value.text) == (Sent.REFUSED, "stopped: it is not wanted any more")
    assert pair.made is None
    assert pair.vm.busy is None


def test_leases_are_kept_alive_while_the_disks_take_their_time(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    for state in pair.states:
        state.lease_s = 1
    pair.world.faults.add("esx-a", FaultKind.SLOW, "GET /nfc", seconds=0.8)
    pair.carry()
    assert held(pair) == frozen(pair)
    assert pair.world.devices["esx-b"].counters.requests["HttpNfcLeaseProgress"] >= 2


def test_a_lease_that_ends_before_its_disks_are_asked_for_is_refused(pair: Pair) -> None:
    pair.states[0].lease_s = 1
    pair.world.faults.add("esx-a", FaultKind.SLOW, "Fetch", seconds=0.7)
    with pytest.raises(DeviceError) as caught:
        pair.carry()
    assert caught.value.sent is Sent.REFUSED and "lease" in caught.value.text
    assert pair.made is None


def test_what_an_import_that_nobody_finished_left_behind_is_destroyed_before_the_next_one(pair: Pair) -> None:
    there = pair.states[1]
    with pair.world.turn():
        half = there.add_vm("web_replica", there.datastores[0], extra={COPY: "c1"})
    pair.carry()
    assert pair.made is not half
    assert half.moid not in there.vms


def test_a_host_behind_its_server_is_known_by_the_thumbprint_that_its_server_gives(pair: Pair) -> None:
    session = pair.drivers[0].session
    looks.Places().take(pair.drivers[0])
    port = pair.world.devices["esx-b"].ports["https"]
    wrong, _ = session.disk_door(f"https://localhost:{port}/nfc/x", "00:" * 19 + "00")
    with pytest.raises(Exception, match="SHA-1 fingerprint"):
        wrong.connect()
    import ssl

    certificate = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port)))
    right = hashlib.sha1(certificate).hexdigest().upper()
    known, path = session.disk_door(f"https://localhost:{port}/nfc/x?y=1", right)
    known.connect()
    known.close()
    assert path == "/nfc/x?y=1"
    own, _ = session.disk_door("https://*/nfc/x", "")
    assert own.host == "127.0.0.1"
    with pytest.raises(DeviceError):
        session.disk_door("http://somewhere/nfc/x", "")
