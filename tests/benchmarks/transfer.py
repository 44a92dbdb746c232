"""Machines carried between two lone ESXi hosts over HTTPS, by the console and by curl, between the same two doors.

    python -m tests.benchmarks.transfer [--gib 10] [--rounds 2]

The machine has two sparse disks of twice ``--gib`` together; what is data crosses. Each host is a process of its own.
In each round the machine is carried once by the console and once by ``curl | curl``, with the same leases around both.
What arrived is exported again and must have the checksum of what was sent; a small machine carried before says how much
memory belongs to the disk.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec.structs import replace

from backends.endpoint import Limits, Secret, TlsAccess
from backends.vsphere import looks, transfer
from backends.vsphere.driver import VSphereDriver
from backends.vsphere.stream import Count, Crossed, End, cross
from backends.vsphere.transfer import Carry
from backends.vsphere.verbs import ClonePlace
from tests.benchmarks.transfer_lab import PASSWORD, USER

RATIO, MEMORY_MIB, SMALL_MIB, MIB = 0.8, 16.0, 64, 1 << 20
Way = Callable[..., Crossed]


class Watch:
    """Wants it all."""

    def wanted(self) -> bool:
        return True

    def progress(self, percent: int, words: str) -> None:
        return


@contextmanager
def host(directory: Path, name: str, mib: int) -> Iterator[VSphereDriver]:
    """An ESXi host in a process of its own, and a driver on it."""
    directory.mkdir()
    command = [sys.executable, "-m", "tests.benchmarks.transfer_lab", str(directory), name, str(mib), str(SMALL_MIB)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as lab:
        assert lab.stdin is not None and lab.stdout is not None
        port = int(lab.stdout.readline())
        access = TlsAccess(
            host="127.0.0.1", port=port, user=USER, secret=Secret(PASSWORD), ca_file=directory / "lab-ca.pem"
        )
        driver = VSphereDriver(name, access, Limits(connect_s=10.0, call_s=60.0))
        yield driver
        driver.close()
        lab.stdin.close()


class Pair:
    """Both hosts."""

    def __init__(self, source: VSphereDriver, target: VSphereDriver, directory: Path) -> None:
        self.source, self.target, self._directory = source, target, directory
        machines = looks.Machines().take(source)
        self.vms = {one.name: one for one in machines}
        places = looks.Places().take(target)
        self._place = ClonePlace(places.root, places.hosts[0].pool, places.hosts[0].moid, places.stores[0].moid)
        self._network = places.networks[0][0]
        self.made = 0
        self.crossed: list[Crossed] = []
        self._sums: list[Crossed] = []

    def carry(self, vm: str, way: Way = cross) -> float:
        """Carry a machine over; returns the seconds that its disks took."""
        self.made += 1
        self._sums, self.crossed, taken = self.crossed, [], 0.0

        def timed(*args: object) -> Crossed:
            nonlocal taken
            began = time.perf_counter()
            found = way(*args)
            taken += time.perf_counter() - began
            self.crossed.append(found)
            return found

        marks, networks = ((looks.COPY, f"c{self.made}"),), (("PROD", self._network),)
        name, done = f"{vm}-{self.made}", (("drdeck.uploaded", "true"),)
        verb = Carry(self.vms[vm].moid, "s", name, self._place, networks, marks, "drdeck.frozen", done)
        transfer.cross, kept = timed, transfer.cross  # type: ignore[assignment]
        try:
            verb.carry(self.source, self.target, Watch())
        finally:
            transfer.cross = kept
        return taken

    def by_curl(self, source: End, target: End, method: str, count: Count) -> Crossed:
        """A disk from door to door by two curls and a pipe."""
        told = ["Content-Type: application/x-vnd.vmware-streamVmdk", "Overwrite: t", "Expect:"]
        # In chunks, which it takes for what comes from a pipe, it reaches a third of what it does with a length.
        told += ["Transfer-Encoding:", f"Content-Length: {_size(source)}"]
        headers = [word for one in told for word in ("-H", one)]
        up = [*self._curl("esx-b"), "-X", method, *headers, "-T", "-", target.url]
        command = [*self._curl("esx-a"), "-w", "%{stderr}%{size_download}", source.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as down:
            assert down.stderr is not None
            subprocess.run(up, stdin=down.stdout, check=True)
            size, mine = int(down.stderr.read()), self._sums[len(self.crossed)]
        return replace(mine, size=size)  # curl takes no checksums: the console's own stand in for what the lease asks

    def _curl(self, name: str) -> list[str]:
        return ["curl", "-sSf", "--cacert", str(self._directory / name / "lab-ca.pem")]

    def downloads(self) -> float:
        """Seconds that curl alone takes to get all disks of the large machine, for nothing."""
        found = self.vms["large"].snapshot("s")
        assert found is not None
        lease = transfer.export_lease(self.source.session, self.vms["large"].moid, found.moid, Watch())
        began = time.perf_counter()
        for file in lease.files:
            subprocess.run([*self._curl("esx-a"), "-o", "/dev/null", file.url], check=True)
        taken = time.perf_counter() - began
        lease.give_back()
        return taken

    def arrived(self, vm: str, number: int) -> list[str]:
        """SHA-256 of each disk of the machine that was made as that number, as the target exports it: by curl."""
        machine = looks.resolved(self.target.session, looks.BY_COPY + f"c{number}")
        assert machine.name == f"{vm}-{number}"
        session = self.target.session
        lease = transfer.export_lease(session, machine.moid, None, Watch())
        found = []
        for file in lease.files:
            with subprocess.Popen([*self._curl("esx-b"), file.url], stdout=subprocess.PIPE) as down:
                assert down.stdout is not None
                found.append(hashlib.file_digest(down.stdout, "sha256").hexdigest())
        lease.give_back()
        return found


def _size(end: End) -> int:
    """Bytes of a disk's file."""
    connection, path = end.session.disk_door(end.url, end.thumbprint)
    connection.request("HEAD", path)
    answer = connection.getresponse()
    connection.close()
    return int(answer.headers["Content-Length"])


def peak_mib() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(gib: float = 10.0, rounds: int = 2) -> int:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        directory, mib = Path(name), int(gib * 1024)
        source = stack.enter_context(host(directory / "esx-a", "esx-a", mib))
        target = stack.enter_context(host(directory / "esx-b", "esx-b", 0))
        pair = Pair(source, target, directory)
        pair.carry("small")
        small = peak_mib()
        own, other, alone = [], [], []
        size = mine = 0
        for _ in range(rounds):
            own.append(pair.carry("large"))
            crossed, mine, size = pair.crossed, pair.made, sum(one.size for one in pair.crossed)
            other.append(pair.carry("large", pair.by_curl))
            alone.append(pair.downloads())
        grown = peak_mib() - small
        same = pair.arrived("large", mine) == [one.sha256 for one in crossed]
    return told(size / MIB, own, other, alone, same, grown)


def told(mib: float, own: list[float], other: list[float], alone: list[float], same: bool, grown: float) -> int:
    """Print the figures; the exit status."""
    mine, curl, download = (mib / statistics.median(one) for one in (own, other, alone))
    ratio = statistics.median(theirs / ours for ours, theirs in zip(own, other, strict=True))
    print(f"     {mib:,.0f} MiB of two sparse disks, medians of {len(own)}: the console {mine:.0f} MiB/s,")
    print(f"     curl | curl {curl:.0f} MiB/s, a download by curl alone {download:.0f} MiB/s")
    good = (
        _figure(ratio >= RATIO, f"of what curl reaches between the same doors: {ratio:.2f} x", f"{RATIO:g} x or more"),
        _figure(same, f"checksums of what was sent and what arrived: {'equal' if same else 'DIFFERENT'}", "equal"),
        _figure(grown <= MEMORY_MIB, f"more memory for this disk: {grown:.1f} MiB", f"{MEMORY_MIB:g} MiB"),
    )
    return 0 if all(good) else 1


def _figure(good: bool, words: str, bound: str) -> bool:
    print(f"{'ok  ' if good else 'OVER'} {words} (bound {bound})", flush=True)
    return good


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, default=10.0, help="GiB of data on the disks (10)")
    parser.add_argument("--rounds", type=int, default=2, help="rounds that the medians are of (2)")
    given = parser.parse_args()
    sys.exit(main(given.gib, given.rounds))
