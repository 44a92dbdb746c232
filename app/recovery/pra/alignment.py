"""What aligning would do and what it reports, as plain records. The words of acts are those of a plan's steps."""

from __future__ import annotations

from msgspec import Struct

from app.recovery.pra.golden import Difference
from backends.hmc.verbs import Attributes


class AddHost(Struct, frozen=True):
    """A host object with its WWPNs, in one request: a refused WWPN leaves no empty host behind."""

    device: str
    host: str
    wwns: tuple[str, ...]
    personality: str | None


class AddWwns(Struct, frozen=True):
    """WWPNs that a host lacks."""

    device: str
    host: str
    wwns: tuple[str, ...]


class AddVolume(Struct, frozen=True):
    """A volume at the recovery site, from a snapshot that came from the nominal one."""

    device: str
    volume: str
    snapshot: str


class PairVolume(Struct, frozen=True):
    """The pairing tag of a volume at the recovery site."""

    device: str
    volume: str
    value: str


class Connect(Struct, frozen=True):
    """A connection with the LUN that the volume has at the nominal site."""

    device: str
    host: str
    volume: str
    lun: int


class Define(Struct, frozen=True):
    """An LPAR with its first profile. ``device`` is the HMC."""

    device: str
    system: str
    lpar: str
    profile: str
    env: str
    attributes: Attributes


class Redefine(Struct, frozen=True):
    """Fields of a profile that are not as they are to be."""

    device: str
    system: str
    lpar: str
    profile: str
    attributes: Attributes
    differences: tuple[Difference, ...]


class AddServer(Struct, frozen=True):
    """A server adapter on a running VIOS, and in its profile, for a client's virtual Fibre Channel adapter."""

    device: str
    system: str
    vios: str
    profile: str
    slot: int
    client: str
    client_id: int
    client_slot: int


class KeepServer(Struct, frozen=True):
    """A server adapter that a running VIOS has and its profile lacks: it would be gone with its next activation."""

    device: str
    system: str
    vios: str
    profile: str
    slot: int
    client: str
    client_id: int
    client_slot: int


class MapPort(Struct, frozen=True):
    """A ``vfchost`` of a VIOS to one of its physical ports."""

    device: str
    system: str
    vios: str
    slot: int
    vfchost: str
    port: str


Act = AddHost | AddWwns | AddVolume | PairVolume | Connect | Define | Redefine | AddServer | KeepServer | MapPort


class Finding(Struct, frozen=True):
    """Something that is not right and that aligning leaves alone: a person decides. ``check`` is its id."""

    check: str
    words: str


class Aligned(Struct, frozen=True):
    """One LPAR: what is to be done, in order, and what was found besides. Neither: it is aligned."""

    lpar: str
    acts: tuple[Act, ...]
    findings: tuple[Finding, ...]
