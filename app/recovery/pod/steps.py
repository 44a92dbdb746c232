"""Steps on ActiveDR pods. Sources: procedures 3.8; REST 2.26, PATCH /pods.

``array`` is the device that the verb goes to, ``peer`` the one at the other end of the link. A pod is done with when it
says so itself: a wait that comes to no end is never taken for success.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.recovery.pg.steps import OnArray, Sends
from app.recovery.pod import seeing
from app.recovery.pod.seeing import DEMOTED, IDLE, INBOUND, OUTBOUND, PROMOTED, QUIESCED, QUIESCING, REPLICATING
from app.recovery.step import Hands, Seen, Sight, UnseenError, Verdict, facts
from backends.flasharray.acts import DemotePod, PromotePod
from backends.flasharray.looks import Pods
from store.estate import Pod, PodReplicaLink
from store.record import Record
from store.runs import Fact

PLANNED, DISASTER, DRILL = "planned", "disaster", "drill"
"""Why a pod is promoted: with its source demoted and everything across; with its source silent; beside its source."""


def _pods(sight: Sight, device: str) -> Mapping[str, Pod]:
    found: Mapping[str, Pod] = sight.look(device, Pods())
    return found


def _told(device: str, name: str, pods: Mapping[str, Pod]) -> tuple[Fact, ...]:
    pod = pods.get(name)
    link = seeing.link_of(pod)
    point = None if link is None or link.recovery_point is None else f"{link.recovery_point:%Y-%m-%d %H:%M:%S} UTC"
    return facts({f"pod {name} on {device}": seeing.stands(pod), f"recovery point of {name}": point})


class Demote(Sends, Record, frozen=True):
    """PATCH /pods?quiesce=true: done when the pod is demoted and its link quiesced, so that everything is across."""

    array: str
    pod: str
    peer: str
    peer_pod: str

    def verb(self) -> DemotePod:
        return DemotePod(self.pod, True)

    def observe(self, sight: Sight) -> Seen:
        pods = _pods(sight, self.array)
        told, pod = _told(self.array, self.pod, pods), seeing.live(pods, self.pod)
        link = seeing.link_of(pod)
        if pod is None or link is None:
            return Seen(Verdict.REFUSED, told, f"{self.array} has no pod {self.pod} with one replica link")
        if pod.promotion_status == DEMOTED:
            return self._demoted(told, link)
        if pod.promotion_status != PROMOTED or link.status == QUIESCING:
            return Seen(Verdict.CHANGING, told, f"it is {seeing.stands(pod)}")
        if link.direction != OUTBOUND or link.status != REPLICATING or link.paused:
            return Seen(Verdict.REFUSED, told, f"it is {seeing.stands(pod)}: not everything could go across")
        if (why := seeing.why_in_use(self.look(sight), self.pod)) is not None:
            return Seen(Verdict.REFUSED, told, why)
        other = seeing.live(_pods(sight, self.peer), self.peer_pod)
        if other is None or other.promotion_status != DEMOTED:
            return Seen(Verdict.REFUSED, told, f"{self.peer_pod} on {self.peer} is {seeing.stands(other)}, not demoted")
        return Seen(Verdict.READY, told, "it is promoted")

    @staticmethod
    def _demoted(told: tuple[Fact, ...], link: PodReplicaLink) -> Seen:
        if link.direction != OUTBOUND:
            return Seen(Verdict.REFUSED, told, "it is demoted, and the other side has become its source")
        if link.status == QUIESCED:
            return Seen(Verdict.DONE, told, "it is demoted, and everything is across")
        if link.status == IDLE:
            return Seen(Verdict.REFUSED, told, "it was demoted without what was pending")
        return Seen(Verdict.CHANGING, told, f"it is demoted, and its link is {link.status}: not everything is across")


class Discard(Sends, Record, frozen=True):
    """PATCH /pods?skip_quiesce=true: done when the pod is demoted. What it does not share with the other side is kept
    in its undo-demote pod alone. Sent only while the other side is ``wanted``, as it was agreed to; ``dark``: or gives
    no sign of life."""

    array: str
    pod: str
    peer: str
    peer_pod: str
    wanted: str
    dark: bool = False

    def verb(self) -> DemotePod:
        return DemotePod(self.pod, False)

    def observe(self, sight: Sight) -> Seen:
        pods = _pods(sight, self.array)
        told, pod = _told(self.array, self.pod, pods), seeing.live(pods, self.pod)
        if pod is None:
            return Seen(Verdict.REFUSED, told, f"{self.array} has no pod {self.pod}")
        if pod.promotion_status == DEMOTED:
            kept = ", ".join(seeing.undo_pods(pods, self.pod)) or "nothing"
            return Seen(Verdict.DONE, (*told, Fact("kept", kept)), "it is demoted")
        if pod.promotion_status != PROMOTED:
            return Seen(Verdict.CHANGING, told, f"it is {seeing.stands(pod)}")
        if (why := seeing.why_in_use(self.look(sight), self.pod)) is not None:
            return Seen(Verdict.REFUSED, told, why)
        try:
            other = seeing.live(_pods(sight, self.peer), self.peer_pod)
        except UnseenError as unseen:
            if not (self.dark and unseen.silent):
                raise
            return Seen(Verdict.READY, told, f"it is promoted, and {self.peer} is silent")
        if other is None or other.promotion_status != self.wanted:
            why = f"{self.peer_pod} on {self.peer} is {seeing.stands(other)}, not {self.wanted}"
            return Seen(Verdict.REFUSED, told, why)
        return Seen(Verdict.READY, told, f"it is promoted, and the other side {self.wanted}")


class Promote(Sends, Record, frozen=True):
    """PATCH /pods: done when the pod says promoted, not while it is promoting. ``how`` says what must be true of its
    source at that moment."""

    array: str
    pod: str
    peer: str
    peer_pod: str
    how: str

    def verb(self) -> PromotePod:
        return PromotePod(self.pod)

    def observe(self, sight: Sight) -> Seen:
        pods = _pods(sight, self.array)
        told, pod = _told(self.array, self.pod, pods), seeing.live(pods, self.pod)
        link = seeing.link_of(pod)
        if pod is None or link is None:
            return Seen(Verdict.REFUSED, told, f"{self.array} has no pod {self.pod} with one replica link")
        if pod.promotion_status == PROMOTED:
            return Seen(Verdict.DONE, told, "it is promoted")
        if pod.promotion_status != DEMOTED:
            return Seen(Verdict.CHANGING, told, f"it is {seeing.stands(pod)}")
        if link.direction != INBOUND:
            return Seen(Verdict.REFUSED, told, "it is the source of its link, not the target")
        if link.recovery_point is None:
            return Seen(Verdict.REFUSED, told, f"its link is {link.status}: it holds no whole image")
        if (why := self._why_not(sight, link)) is not None:
            return Seen(Verdict.REFUSED, told, why)
        return Seen(Verdict.READY, told, "it is demoted")

    def _why_not(self, sight: Sight, link: PodReplicaLink) -> str | None:
        """What its source says against it. Raises :class:`UnseenError` where it must be known and is not."""
        source = f"{self.peer_pod} on {self.peer}"
        try:
            other = seeing.live(_pods(sight, self.peer), self.peer_pod)
        except UnseenError as unseen:
            if self.how != DISASTER:
                raise
            if not unseen.silent:
                return f"{self.peer} gives a sign of life: {unseen}"
            alive = link.status in (REPLICATING, QUIESCING)
            return f"its link is {link.status}: the source is alive" if alive else None
        if self.how == DRILL:
            demoted = other is None or other.promotion_status != PROMOTED
            return f"{source} is {seeing.stands(other)}, not promoted: this would be no drill" if demoted else None
        if other is not None and other.promotion_status != DEMOTED:
            return f"{source} is {seeing.stands(other)}: both sides would take writes"
        there = seeing.link_of(other)
        if self.how == PLANNED and (there is None or there.status != QUIESCED):
            return f"{source} is {seeing.stands(other)}: not everything is across"
        return None


class Undo(Sends, Record, frozen=True):
    """PATCH /pods?promote_from=: done when the pod is promoted and the undo-demote pod gone, which is used up by it.
    ``beside``: the other side stays promoted, otherwise it must be demoted."""

    array: str
    pod: str
    undo: str
    peer: str
    peer_pod: str
    beside: bool

    def verb(self) -> PromotePod:
        return PromotePod(self.pod, self.undo)

    def observe(self, sight: Sight) -> Seen:
        pods = _pods(sight, self.array)
        kept = self.undo in pods
        told = (*_told(self.array, self.pod, pods), Fact(self.undo, "there" if kept else "not there"))
        pod = seeing.live(pods, self.pod)
        if pod is None:
            return Seen(Verdict.REFUSED, told, f"{self.array} has no pod {self.pod}")
        if pod.promotion_status == PROMOTED and not kept:
            return Seen(Verdict.DONE, told, f"it is promoted, and {self.undo} is used up")
        if pod.promotion_status != DEMOTED:
            began = sight.began_at is not None or pod.promotion_status != PROMOTED
            return Seen(Verdict.CHANGING if began else Verdict.REFUSED, told, f"it is {seeing.stands(pod)}")
        if not kept:
            return Seen(Verdict.REFUSED, told, f"{self.undo} is gone: used up, or eradicated")
        other = seeing.live(_pods(sight, self.peer), self.peer_pod)
        wanted = PROMOTED if self.beside else DEMOTED
        if other is None or other.promotion_status != wanted:
            return Seen(
                Verdict.REFUSED, told, f"{self.peer_pod} on {self.peer} is {seeing.stands(other)}, not {wanted}"
            )
        return Seen(Verdict.READY, told, "it is demoted")


class WaitReplicating(OnArray, Record, frozen=True):
    """Wait until a pod replicates to its other side again, the baseline done. Sends nothing."""

    array: str
    pod: str

    def call(self) -> str:
        return ""

    def act(self, hands: Hands) -> str:
        return ""

    def observe(self, sight: Sight) -> Seen:
        pods = _pods(sight, self.array)
        told, pod = _told(self.array, self.pod, pods), seeing.live(pods, self.pod)
        link = seeing.link_of(pod)
        if pod is None or link is None:
            return Seen(Verdict.REFUSED, told, f"{self.array} has no pod {self.pod} with one replica link")
        if link.direction == OUTBOUND and link.status == REPLICATING and link.recovery_point is not None:
            return Seen(Verdict.DONE, told, f"it replicates to {link.remote_pod or self.pod} on {link.remote or '?'}")
        return Seen(Verdict.CHANGING, told, f"it is {seeing.stands(pod)}: not protected yet")
