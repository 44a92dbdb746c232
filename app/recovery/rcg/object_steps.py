"""Steps on what an array has beside its groups: exports (VLUNs) and snapshots. Sources: procedures 4.4, 4.5."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from app.recovery.rcg.sending import SendsVerb
from app.recovery.step import Hands, Seen, Sight, UnseenError, Verdict, facts
from backends.threepar.objects import ArrayObjects, ArrayVolume
from backends.threepar.provision import CreateSnapshot, CreateVlun, RemoveVlun
from store.estate import Vlun
from store.record import Record


def objects_of(sight: Sight, device: str) -> ArrayObjects:
    found: ArrayObjects = sight.objects(device)
    return found


def exports_and_volumes(sight: Sight, device: str) -> tuple[Mapping[str, tuple[Vlun, ...]], Mapping[str, ArrayVolume]]:
    """The exports of an array by volume, and its volumes by name, looked at side by side: each may be a look of its
    own. Raises :class:`UnseenError`."""
    found = objects_of(sight, device)
    with ThreadPoolExecutor(1, thread_name_prefix="look") as pool:
        volumes = pool.submit(lambda: found.volumes)
        return found.vluns, volumes.result()


class Unexport(SendsVerb, Record, frozen=True):
    """``removevlun``: a host no longer sees a volume. For ``delay_s`` seconds it waits for the host's side to give the
    volume up by itself, before it takes it away. ``absent``: one that is not there is done with."""

    array: str
    volume: str
    lun: int
    host: str
    door: str
    delay_s: float = 0.0
    absent: bool = False

    def verb(self) -> RemoveVlun:
        return RemoveVlun(self.volume, self.lun, self.host)

    def observe(self, sight: Sight) -> Seen:
        exports, volumes = exports_and_volumes(sight, self.array)
        vluns = exports.get(self.volume, ())
        shown = ", ".join(f"{vlun.host} as LUN {vlun.lun}" for vlun in vluns) or "nobody"
        seen = facts({f"{self.volume} on {self.array} is exported to": shown})
        if self.volume not in volumes:  # it may have another name now, under which hosts still see it
            verdict = Verdict.DONE if self.absent else Verdict.REFUSED
            return Seen(verdict, seen, f"{self.array} has no volume {self.volume}")
        if not any(vlun.host == self.host for vlun in vluns):
            return Seen(Verdict.DONE, seen, f"{self.host} does not see it")
        if not any((vlun.host, vlun.lun) == (self.host, self.lun) for vlun in vluns):
            return Seen(Verdict.REFUSED, seen, f"{self.host} sees it under another LUN than planned")
        if sight.waited_s < self.delay_s:
            return Seen(Verdict.CHANGING, seen, f"{self.host} has {self.delay_s - sight.waited_s:.0f} s to give it up")
        return Seen(Verdict.READY, seen, f"{self.host} sees it")


class Export(SendsVerb, Record, frozen=True):
    """``createvlun``: a host sees a volume under a planned LUN."""

    array: str
    volume: str
    lun: int
    host: str
    door: str

    def verb(self) -> CreateVlun:
        return CreateVlun(self.volume, self.lun, self.host)

    def observe(self, sight: Sight) -> Seen:
        found = objects_of(sight, self.array)
        mine = found.vluns.get(self.volume, ())
        shown = ", ".join(f"{vlun.host} as LUN {vlun.lun}" for vlun in mine) or "nobody"
        seen = facts({f"{self.volume} on {self.array} is exported to": shown})
        if any((vlun.host, vlun.lun) == (self.host, self.lun) for vlun in mine):
            return Seen(Verdict.DONE, seen, f"{self.host} sees it as LUN {self.lun}")
        if any(vlun.host == self.host for vlun in mine):
            return Seen(Verdict.REFUSED, seen, f"{self.host} sees it under another LUN than planned")
        if self.volume not in found.volumes:
            return Seen(Verdict.REFUSED, seen, f"{self.array} has no volume {self.volume}")
        for volume, vluns in found.vluns.items():
            if any((vlun.host, vlun.lun) == (self.host, self.lun) for vlun in vluns):
                return Seen(Verdict.REFUSED, seen, f"LUN {self.lun} of {self.host} is taken by {volume}")
        if not self.host.startswith("set:") and self.host not in found.hosts:
            return Seen(Verdict.REFUSED, seen, f"{self.array} has no host {self.host}")
        return Seen(Verdict.READY, seen, f"{self.host} does not see it")


class Snapshot(SendsVerb, Record, frozen=True):
    """``createsv -ro``: what a volume holds now is kept under ``name``."""

    array: str
    volume: str
    name: str
    door: str

    def verb(self) -> CreateSnapshot:
        return CreateSnapshot(self.name, self.volume)

    def observe(self, sight: Sight) -> Seen:
        volumes = objects_of(sight, self.array).volumes
        found = volumes.get(self.name)
        seen = facts({f"{self.name} on {self.array}": "is not there" if found is None else f"of {found.copy_of}"})
        if found is None and self.volume not in volumes:
            return Seen(Verdict.REFUSED, seen, f"{self.array} has no volume {self.volume}")
        if found is None:
            return Seen(Verdict.READY, seen, "the snapshot does not exist")
        if found.copy_of != self.volume:
            return Seen(Verdict.REFUSED, seen, f"{self.name} exists and is not a snapshot of {self.volume}")
        if sight.began_at is None:
            return Seen(Verdict.REFUSED, seen, f"{self.name} exists already, and this run did not make it")
        return Seen(Verdict.DONE, seen, "the snapshot exists")


class Unexported(Record, frozen=True):
    """The last look at a side that must not serve any more: none of its volumes is exported. Sends nothing; where the
    array cannot be read it says so and does not hold the run up (``lenient``)."""

    array: str
    volumes: tuple[str, ...]
    lenient: bool = False

    @property
    def device(self) -> str:
        return self.array

    def call(self) -> str:
        return ""

    def observe(self, sight: Sight) -> Seen:
        try:
            exports, there = exports_and_volumes(sight, self.array)
        except UnseenError as error:
            if not self.lenient:
                raise
            return Seen(Verdict.DONE, facts({self.array: str(error)}), "it cannot be read: not checked")
        shown = {volume: exports.get(volume, ()) for volume in self.volumes}
        left = [f"{volume} to {vlun.host}" for volume, vluns in shown.items() for vlun in vluns]
        seen = facts({f"exports on {self.array}": ", ".join(left) or "none"})
        missing = [volume for volume in self.volumes if volume not in there]
        if missing:  # they may have other names now, under which hosts still see them
            return Seen(Verdict.REFUSED, seen, f"{self.array} has no volume {', '.join(missing)}")
        if left:
            return Seen(Verdict.REFUSED, seen, "the side that must not serve is still exported")
        return Seen(Verdict.DONE, seen, "no volume is exported there")

    def act(self, hands: Hands) -> str:
        return ""
