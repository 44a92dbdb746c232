"""A protection group as the planner sees it: its array, and the group that it is to be cloned to, as just read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from app.recovery.draft import Draft
from app.recovery.pg.pairing import Source, Target
from backends.flasharray.records import GroupSnapshot, Owner
from store.estate import ProtectionGroup, Volume


class GroupNow(Struct, frozen=True):
    """One side. ``device`` is its name here, ``owner`` the array's own name and id. ``group`` None: there is none of
    that name. ``volumes`` are its members, by name; ``skew_s`` by how much the array's clock is ahead, where it was
    measured."""

    device: str
    owner: Owner
    taken_at: datetime
    name: str
    group: ProtectionGroup | None
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    skew_s: float | None = None

    @property
    def key(self) -> str:
        return f"pg:{self.owner.id}:{self.name}"


class TargetsNow(Struct, frozen=True):
    """The group to clone to. ``users`` are, by volume, the hosts that may be writing to it, each with why."""

    side: GroupNow
    targets: tuple[Target, ...]
    users: Mapping[str, Mapping[str, str]]


class Away(Struct, frozen=True):
    """A snapshot on the array ``array`` that it is replicated to: None if it is not there yet. ``complete``: its
    transfer is done; ``lacking`` are the volumes that it should have then and has not."""

    array: str
    snapshot: GroupSnapshot | None
    complete: bool
    lacking: tuple[str, ...]


class DatabaseNow(Struct, frozen=True):
    """A database that is to be in backup mode meanwhile, and its commands. It is not asked anything before the run.
    ``believed``: there is a host key to hold its host to, as ``identity`` says."""

    name: str
    host: str
    begin: str
    end: str
    status: str
    believed: bool
    identity: str

    @property
    def key(self) -> str:
        return f"db:{self.name}"


class CloneNow(Struct, frozen=True):
    """What there is for a snapshot and a clone. ``snapshot`` is the group snapshot of that name at home, None: it is
    to be taken. ``whole`` is its name where it is cloned from; ``sources`` are its volumes, predicted where it does
    not exist yet. ``gone`` are those of its volume snapshots that are pending eradication; ``arrived``: it is of this
    array, or all of it has come here. ``away`` says how it stands on another array, where it is cloned there.
    ``database`` is put into backup mode for a snapshot that is to be taken."""

    name: str
    now: datetime
    home: GroupNow
    snapshot: GroupSnapshot | None
    whole: str
    sources: tuple[Source, ...]
    onto: TargetsNow | None = None
    away: Away | None = None
    gone: tuple[str, ...] = ()
    arrived: bool = True
    database: DatabaseNow | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        onto = () if self.onto is None else (self.onto.side.key,)
        return (self.home.key, *onto) if self.database is None else (self.home.key, *onto, self.database.key)


class RestoreNow(Struct, frozen=True):
    """What there is for a restore of a group from its own snapshot. ``parts`` are the volume snapshots in
    it, each with its size in bytes, ``users`` as above."""

    name: str
    now: datetime
    home: GroupNow
    snapshot: GroupSnapshot | None
    parts: Mapping[str, int]
    users: Mapping[str, Mapping[str, str]]

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.home.key,)


CloneDraft = Draft[CloneNow]
RestoreDraft = Draft[RestoreNow]
