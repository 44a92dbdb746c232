"""What a step does to a FlashArray: one record per verb, so that a plan can show and a journal keep what will be sent.

``command`` is the request as the vendor writes it, for people; ``send`` sends it once, by :mod:`verbs`.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from backends.flasharray import verbs
from backends.flasharray.client import FlashArrayClient
from backends.flasharray.looks import SnapshotMembers
from backends.flasharray.verbs import Replicate, Tag
from backends.outcome import DeviceError, Failure, Sent


class Act(Protocol):
    """Something that can be done to an array. ``send`` raises as :mod:`backends.flasharray.verbs` says."""

    def command(self) -> str: ...

    def send(self, client: FlashArrayClient) -> str: ...


class SnapshotGroup(Struct, frozen=True):
    """A snapshot ``<group>.<suffix>`` of a protection group."""

    group: str
    suffix: str
    replicate: Replicate

    def command(self) -> str:
        how = "" if self.replicate is Replicate.NO else f"&{self.replicate}=true"
        query = f"source_names={self.group}&apply_retention=true{how}"
        return f'POST /protection-group-snapshots?{query} {{"suffix": "{self.suffix}"}}'

    def send(self, client: FlashArrayClient) -> str:
        return verbs.snapshot_group(client, self.group, self.suffix, self.replicate).name


class SendSnapshot(Struct, frozen=True):
    """A protection group snapshot that is there goes to one target of its group, by that array's own name."""

    snapshot: str
    target: str

    def command(self) -> str:
        return f"POST /protection-group-snapshots/replica?names={self.snapshot}&on={self.target}"

    def send(self, client: FlashArrayClient) -> str:
        return verbs.send_group_snapshot(client, self.snapshot, self.target).name


class SnapshotVolumes(Struct, frozen=True):
    """A snapshot ``<volume>.<suffix>`` of each volume, all or none."""

    volumes: tuple[str, ...]
    suffix: str

    def command(self) -> str:
        return f'POST /volume-snapshots?source_names={",".join(self.volumes)} {{"suffix": "{self.suffix}"}}'

    def send(self, client: FlashArrayClient) -> str:
        return ", ".join(made.name for made in verbs.snapshot_volumes(client, self.volumes, self.suffix))


class OverwriteVolume(Struct, frozen=True):
    """``volume`` takes content and size of a volume snapshot."""

    volume: str
    snapshot: str

    def command(self) -> str:
        return f'POST /volumes?names={self.volume}&overwrite=true {{"source": {{"name": "{self.snapshot}"}}}}'

    def send(self, client: FlashArrayClient) -> str:
        return verbs.overwrite_volume(client, self.volume, self.snapshot).name


class RestoreGroup(Struct, frozen=True):
    """The volumes of ``group`` take the content of its own snapshot."""

    group: str
    snapshot: str

    def command(self) -> str:
        return f"POST /protection-groups?names={self.group}&source_names={self.snapshot}&overwrite=true"

    def send(self, client: FlashArrayClient) -> str:
        return verbs.restore_group(client, self.group, self.snapshot).name


class TagVolume(Struct, frozen=True):
    """One tag of one volume; copies of the volume do not carry it."""

    volume: str
    key: str
    value: str

    def command(self) -> str:
        tag = f'{{"key": "{self.key}", "value": "{self.value}", "namespace": "default", "copyable": false}}'
        return f"PUT /volumes/tags/batch?resource_names={self.volume} [{tag}]"

    def send(self, client: FlashArrayClient) -> str:
        verbs.tag_volumes(client, [self.volume], [Tag(self.key, self.value, copyable=False)])
        return ""


class TagAsSource(Struct, frozen=True):
    """One tag of one volume: the id of what the volume snapshot ``snapshot``, which came from elsewhere, is of. Only
    its array knows that id, and only once it came."""

    volume: str
    key: str
    snapshot: str

    def command(self) -> str:
        tag = f'{{"key": "{self.key}", "value": "source.id of {self.snapshot}", "namespace": "default"}}'
        return f"PUT /volumes/tags/batch?resource_names={self.volume} [{tag}]"

    def send(self, client: FlashArrayClient) -> str:
        found = SnapshotMembers(self.snapshot.rpartition(".")[0]).take(Reached(client))
        source = next((each.source_id for each in found if each.name == self.snapshot and not each.destroyed), None)
        if source is None:
            text = f"{self.snapshot} is not there, or does not say what it is of"
            raise DeviceError(client.name, self.command(), Failure.REFUSED, Sent.NO, text)
        return TagVolume(self.volume, self.key, source).send(client)


class Reached(Struct, frozen=True):
    """An array by its client alone, for looks."""

    client: FlashArrayClient


class UntagVolume(Struct, frozen=True):
    """One tag of one volume is taken away."""

    volume: str
    key: str

    def command(self) -> str:
        return f"DELETE /volumes/tags?resource_names={self.volume}&keys={self.key}&namespaces=default"

    def send(self, client: FlashArrayClient) -> str:
        verbs.untag_volume(client, self.volume, self.key)
        return ""


class PromotePod(Struct, frozen=True):
    """A demoted pod becomes writable. ``undo``: with the writes that an undo-demote pod kept."""

    pod: str
    undo: str | None = None

    def command(self) -> str:
        more = f"&promote_from={self.undo}" if self.undo else ""
        return f'PATCH /pods?names={self.pod}{more} {{"requested_promotion_state": "promoted"}}'

    def send(self, client: FlashArrayClient) -> str:
        return verbs.promote_pod(client, self.pod, undo=self.undo).name


class DemotePod(Struct, frozen=True):
    """A promoted pod becomes read-only: with ``quiesce`` once everything went across, else at once."""

    pod: str
    quiesce: bool

    def command(self) -> str:
        how = "quiesce" if self.quiesce else "skip_quiesce"
        return f'PATCH /pods?names={self.pod}&{how}=true {{"requested_promotion_state": "demoted"}}'

    def send(self, client: FlashArrayClient) -> str:
        return verbs.demote_pod(client, self.pod, self.quiesce).name


class CreateHost(Struct, frozen=True):
    """A host object with its WWNs, in one request."""

    host: str
    wwns: tuple[str, ...]
    personality: str | None

    def command(self) -> str:
        words = ", ".join(f'"{wwn.upper()}"' for wwn in self.wwns)
        more = f', "personality": "{self.personality}"' if self.personality else ""
        return f'POST /hosts?names={self.host} {{"wwns": [{words}]{more}}}'

    def send(self, client: FlashArrayClient) -> str:
        return verbs.create_host(client, self.host, self.wwns, self.personality).name


class AddHostWwns(Struct, frozen=True):
    """WWNs that a host lacks."""

    host: str
    wwns: tuple[str, ...]

    def command(self) -> str:
        words = ", ".join(f'"{wwn.upper()}"' for wwn in self.wwns)
        return f'PATCH /hosts?names={self.host} {{"add_wwns": [{words}]}}'

    def send(self, client: FlashArrayClient) -> str:
        return verbs.add_wwns(client, self.host, self.wwns).name


class CopyVolume(Struct, frozen=True):
    """A new volume from a volume snapshot."""

    volume: str
    snapshot: str

    def command(self) -> str:
        query = f"names={self.volume}&with_default_protection=false"
        return f'POST /volumes?{query} {{"source": {{"name": "{self.snapshot}"}}}}'

    def send(self, client: FlashArrayClient) -> str:
        return verbs.copy_volume(client, self.volume, self.snapshot).name


class ConnectVolume(Struct, frozen=True):
    """A volume to a host, as a LUN."""

    host: str
    volume: str
    lun: int

    def command(self) -> str:
        return f'POST /connections?host_names={self.host}&volume_names={self.volume} {{"lun": {self.lun}}}'

    def send(self, client: FlashArrayClient) -> str:
        verbs.connect(client, self.host, self.volume, self.lun)
        return ""


class DisconnectVolume(Struct, frozen=True):
    """The host no longer sees the volume."""

    host: str
    volume: str

    def command(self) -> str:
        return f"DELETE /connections?host_names={self.host}&volume_names={self.volume}"

    def send(self, client: FlashArrayClient) -> str:
        verbs.disconnect(client, self.host, self.volume)
        return ""


class SetReplicationSchedule(Struct, frozen=True):
    """The replication schedule of a group on or off, as it was otherwise but for its frequency, where one is given."""

    group: str
    enabled: bool
    every_s: int | None = None

    def command(self) -> str:
        word = "true" if self.enabled else "false"
        more = "" if self.every_s is None else f', "frequency": {self.every_s * 1000}'
        return f'PATCH /protection-groups?names={self.group} {{"replication_schedule": {{"enabled": {word}{more}}}}}'

    def send(self, client: FlashArrayClient) -> str:
        return verbs.set_replication_schedule(client, self.group, self.enabled, self.every_s).name


class CreateGroup(Struct, frozen=True):
    """A protection group without members."""

    group: str

    def command(self) -> str:
        return f"POST /protection-groups?names={self.group}"

    def send(self, client: FlashArrayClient) -> str:
        return verbs.create_group(client, self.group).name


class AddGroupMembers(Struct, frozen=True):
    """Volumes to a group, all or none."""

    group: str
    volumes: tuple[str, ...]

    def command(self) -> str:
        return f"POST /protection-groups/volumes?group_names={self.group}&member_names={','.join(self.volumes)}"

    def send(self, client: FlashArrayClient) -> str:
        verbs.add_members(client, self.group, self.volumes)
        return ""


class AddGroupTarget(Struct, frozen=True):
    """A connected array that a group replicates to."""

    group: str
    target: str

    def command(self) -> str:
        return f"POST /protection-groups/targets?group_names={self.group}&member_names={self.target}"

    def send(self, client: FlashArrayClient) -> str:
        verbs.add_target(client, self.group, self.target)
        return ""


class AllowGroupTarget(Struct, frozen=True):
    """On the target: the replica group may be replicated to it."""

    group: str
    target: str

    def command(self) -> str:
        query = f"group_names={self.group}&member_names={self.target}"
        return f'PATCH /protection-groups/targets?{query} {{"allowed": true}}'

    def send(self, client: FlashArrayClient) -> str:
        verbs.allow_target(client, self.group, self.target)
        return ""


class DestroyVolume(Struct, frozen=True):
    """Into pending eradication, which can be undone."""

    volume: str

    def command(self) -> str:
        return f'PATCH /volumes?names={self.volume} {{"destroyed": true}}'

    def send(self, client: FlashArrayClient) -> str:
        return verbs.destroy_volume(client, self.volume).name
