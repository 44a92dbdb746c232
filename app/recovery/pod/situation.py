"""A pod on both sides of its replica link, as just read: what every plan on it goes by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from app.recovery.draft import Draft
from app.recovery.pod import seeing
from app.recovery.witnesses import Witness
from backends.flasharray.records import Owner
from store.estate import Pod, PodReplicaLink


class ArrayPods(Struct, frozen=True):
    """An array of the configuration with all its pods. ``pods`` None: it could not be read, ``failure`` says how, and
    ``silent`` that it gave no sign of life. ``owner`` is its own name and id, as last known where it is not read."""

    device: str
    site: str
    owner: Owner | None
    pods: Mapping[str, Pod] | None
    taken_at: datetime | None = None
    skew_s: float | None = None
    failure: str = ""
    silent: bool = False

    def pod(self, name: str) -> Pod | None:
        """The pod of that name, destroyed or not."""
        return (self.pods or {}).get(name)

    def key(self, pod: str) -> tuple[str, ...]:
        """Under what a run on the pod holds its lease, where the id of the array is known."""
        return (f"pod:{self.owner.id}:{pod}",) if self.owner is not None else ()


class PodNow(Struct, frozen=True):
    """``here`` is the array that is acted on, ``there`` the one at the other end of the link, None: no device of the
    configuration is it. ``users`` are the hosts that may be writing to its volumes, each with why; ``shared`` the
    WWPNs that see the volumes of both sides. ``witnesses`` are those of the other side's site, where that is said to be
    dark; ``failed_over`` says which run promoted it in a disaster, the last that promoted it."""

    name: str
    now: datetime
    here: ArrayPods
    there: ArrayPods | None
    users: Mapping[str, str] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    witnesses: tuple[Witness, ...] = ()
    failed_over: str | None = None

    @property
    def pod(self) -> Pod | None:
        return seeing.live(self.here.pods or {}, self.name)

    @property
    def link(self) -> PodReplicaLink | None:
        return seeing.link_of(self.pod)

    @property
    def other_name(self) -> str:
        """What the pod is called at the other side."""
        return (self.link.remote_pod if self.link is not None else None) or self.name

    @property
    def peer(self) -> Pod | None:
        """The pod at the other side, where that was read."""
        return self.there.pod(self.other_name) if self.there is not None else None

    @property
    def keys(self) -> tuple[str, ...]:
        """Both sides: what is done to one of them changes what may be done to the other."""
        return (*self.here.key(self.name), *(self.there.key(self.other_name) if self.there is not None else ()))


PodDraft = Draft[PodNow]
