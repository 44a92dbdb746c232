"""Steps on hosts, connections and volumes of a FlashArray for the PRA. Source: procedures 3.2, 3.4."""

from __future__ import annotations

from app.recovery.pg.seeing import group_of, member, why_unusable
from app.recovery.pg.steps import Sends
from app.recovery.step import Seen, Sight, Verdict, facts
from backends.flasharray.acts import AddHostWwns, ConnectVolume, CopyVolume, CreateHost, DisconnectVolume
from backends.flasharray.looks import Connections, Hosts, Volumes
from store.estate import Host
from store.record import Record


def _holder(hosts: dict[str, Host], wwns: tuple[str, ...], but: str) -> str | None:
    """Somebody else who holds one of the WWPNs, in words."""
    for host in hosts.values():
        taken = sorted(set(wwns) & set(host.wwns)) if host.name != but else []
        if taken:
            return f"{taken[0]} belongs to the host {host.name}: it is not taken away"
    return None


class MakeHost(Sends, Record, frozen=True):
    """POST /hosts with all WWPNs in one request."""

    array: str
    host: str
    wwns: tuple[str, ...]
    personality: str | None

    def verb(self) -> CreateHost:
        return CreateHost(self.host, self.wwns, self.personality)

    def observe(self, sight: Sight) -> Seen:
        hosts = sight.look(self.array, Hosts())
        found = hosts.get(self.host)
        if found is not None:
            told = facts({self.host: ", ".join(found.wwns) or "no WWPNs"})
            if set(self.wwns) <= set(found.wwns):
                return Seen(Verdict.DONE, told, "the host is there with its WWPNs")
            return Seen(Verdict.REFUSED, told, f"a host {self.host} is there, with other WWPNs")
        told = facts({self.host: "not there"})
        if (why := _holder(hosts, self.wwns, self.host)) is not None:
            return Seen(Verdict.REFUSED, told, why)
        return Seen(Verdict.READY, told, f"there is no host {self.host}")


class AddWwns(Sends, Record, frozen=True):
    """PATCH /hosts ``add_wwns``: the host keeps those it has."""

    array: str
    host: str
    wwns: tuple[str, ...]

    def verb(self) -> AddHostWwns:
        return AddHostWwns(self.host, self.wwns)

    def observe(self, sight: Sight) -> Seen:
        hosts = sight.look(self.array, Hosts())
        found = hosts.get(self.host)
        if found is None:
            return Seen(Verdict.REFUSED, facts({self.host: "not there"}), f"there is no host {self.host}")
        told = facts({self.host: ", ".join(found.wwns) or "no WWPNs"})
        if set(self.wwns) <= set(found.wwns):
            return Seen(Verdict.DONE, told, "the host holds them")
        if (why := _holder(hosts, self.wwns, self.host)) is not None:
            return Seen(Verdict.REFUSED, told, why)
        return Seen(Verdict.READY, told, "the host lacks them")


class MakeVolume(Sends, Record, frozen=True):
    """POST /volumes from a volume snapshot, outside of the default protection groups."""

    array: str
    volume: str
    snapshot: str

    def verb(self) -> CopyVolume:
        return CopyVolume(self.volume, self.snapshot)

    def observe(self, sight: Sight) -> Seen:
        look = self.look(sight)
        found = sight.look(self.array, Volumes()).get(self.volume)
        if found is not None:
            told = facts({self.volume: "pending eradication" if found.destroyed else f"{found.provisioned} bytes"})
            if found.destroyed:
                return Seen(Verdict.REFUSED, told, f"{self.volume} is pending eradication: its name is taken")
            if sight.began_at is None:
                return Seen(Verdict.REFUSED, told, f"a volume {self.volume} is there: it is not this run's")
            return Seen(Verdict.DONE, told, f"{self.volume} is there")
        told = facts({self.volume: "not there"})
        if (why := why_unusable(look, group_of(self.snapshot))) is not None:
            return Seen(Verdict.REFUSED, told, why)
        if member(look, group_of(self.snapshot), self.snapshot) is None:
            return Seen(Verdict.REFUSED, told, f"{self.snapshot} is not there, or pending eradication")
        return Seen(Verdict.READY, told, f"there is no volume {self.volume}")


class Connect(Sends, Record, frozen=True):
    """POST /connections with a LUN."""

    array: str
    host: str
    volume: str
    lun: int

    def verb(self) -> ConnectVolume:
        return ConnectVolume(self.host, self.volume, self.lun)

    def observe(self, sight: Sight) -> Seen:
        every = sight.look(self.array, Connections())
        mine = every.get(self.volume, ())
        told = facts({self.volume: ", ".join(f"{a.host or a.host_group} LUN {a.lun}" for a in mine) or "not connected"})
        for each in mine:
            if each.host == self.host and each.lun == self.lun:
                return Seen(Verdict.DONE, told, f"{self.host} sees it as LUN {self.lun}")
        if mine:
            return Seen(Verdict.REFUSED, told, f"{self.volume} is connected otherwise: it is left alone")
        for volume, others in every.items():
            if any(each.host == self.host and each.lun == self.lun for each in others):
                return Seen(Verdict.REFUSED, told, f"LUN {self.lun} of {self.host} is taken by {volume}")
        return Seen(Verdict.READY, told, f"{self.host} does not see it yet")


class Disconnect(Sends, Record, frozen=True):
    """DELETE /connections: the host no longer sees the volume. ``lun`` is kept for the way back."""

    array: str
    host: str
    volume: str
    lun: int | None

    def verb(self) -> DisconnectVolume:
        return DisconnectVolume(self.host, self.volume)

    def observe(self, sight: Sight) -> Seen:
        mine = sight.look(self.array, Connections()).get(self.volume, ())
        told = facts({self.volume: ", ".join(f"{a.host or a.host_group} LUN {a.lun}" for a in mine) or "not connected"})
        if not any(each.host == self.host for each in mine):
            return Seen(Verdict.DONE, told, f"{self.host} does not see it")
        if any(each.host == self.host and each.host_group for each in mine):
            return Seen(Verdict.REFUSED, told, f"{self.host} sees it through a host group: take it away there")
        return Seen(Verdict.READY, told, f"{self.host} sees it")
