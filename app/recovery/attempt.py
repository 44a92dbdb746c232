"""One try at one step: look, write down what is to be sent, send it once, look until its effect is seen."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from app.recovery import kinds
from app.recovery.kinds import UnknownStepError
from app.recovery.looks import Asked, Between, Devices
from app.recovery.patience import PatientLedger
from app.recovery.step import Query, Seen, Step, UnseenError, Verdict, Watch
from app.recovery.tempo import Tempo
from backends.outcome import DeviceError, Failure, ParseError, Sent
from store.errors import StoreAwayError
from store.ledger import LEASE_S, LeaseError
from store.runs import NO_ANSWER, REFUSED, Fact, Lease, PlannedStep, StepRecord, StepState


class Pace(Struct, frozen=True):
    """How patient the runner is, in seconds. ``poll_s`` lies between two looks; ``lost_s`` is how long a call that got
    no answer may still have its effect: only after it is *not done* believed; ``margin_s`` bounds by how much the clock
    of a device may differ from what was measured; ``busy_s`` lies between two tries at a busy device."""

    poll_s: float = 1.0
    lost_s: float = 20.0
    margin_s: float = 4.0
    busy_s: float = 5.0
    retries: int = 3


LEAST_OFTEN_S, SLOWER = 3.0, 0.05
"""A step that only waits looks again after this share of the time that it has waited, but at least so often."""

STALE_S, AT_LAST = 5.0, 1e9
"""A verb that has waited for a session of its device for longer is not sent on what was seen before: it is looked at
anew, and goes before all others then."""

SOON_S, LATER = 0.1, 0.05
"""The first look for the effect of a verb is taken when others of its kind were seen. What it does not show yet is
near: the next is taken so soon after it, and each further one after this share of the time since the device took the
verb, up to the usual pace: half as soon or half as late again, so that of many that wait for a device not all look at
the same moment and then wait for the end of that look."""


class End(Struct, frozen=True):
    """How a try ended; ``lost``: the lease is somebody else's now, and nothing was written. ``begun``: when the
    looks began (monotonic) that showed what the step has done, by what was looked at."""

    state: StepState
    lost: bool = False
    begun: Mapping[Asked, float] = field(default_factory=dict)


class _NotSentError(Exception):
    """An intent was written, or may have been, and nothing was sent."""


def look_ahead(devices: Devices, planned: PlannedStep, old_s: float) -> None:
    """See what a verb will rest on, at most ``old_s`` seconds old, so that it finds it seen. Never raises: the step
    looks for itself, and says so."""
    since = time.monotonic() - old_s
    with suppress(Exception):
        step = kinds.made(planned.kind, planned.params)
        step.observe(_Sight(devices, lambda asked: since, None, False, False, 0.0, 0.0, 0.0))


class _Sight(Struct, frozen=True):
    """What a step sees, with looks that begin when ``since`` says or later. ``begun``: when those began that it saw."""

    devices: Devices
    since: Callable[[Asked], float]
    began_at: datetime | None
    accepted: bool
    unanswered: bool
    waited_s: float
    margin_s: float
    urgency: float
    begun: dict[Asked, float] = field(default_factory=dict)

    def reading(self, device: str) -> object:
        return self.devices.groups(device, self._seen)

    def objects(self, device: str) -> object:
        return self.devices.parts(device, self._seen)

    def look(self, device: str, query: Query, old_s: float = 0.0) -> Any:
        return self._seen((device, query), old_s)

    def looks(self, asked: Sequence[tuple[str, Query, float]]) -> list[Any]:
        with ThreadPoolExecutor(max(1, len(asked)), thread_name_prefix="look") as pool:
            return list(pool.map(self._tried, asked))

    def _tried(self, asked: tuple[str, Query, float]) -> Any:
        device, query, old_s = asked
        try:
            return self._seen((device, query), old_s)
        except UnseenError as error:
            return error

    def _seen(self, asked: Asked, old_s: float = 0.0) -> object:
        value, began = self.devices.look(asked, self.since(asked), old_s, self.urgency)
        if not old_s:
            self.begun[asked] = began
        return value


class _Hands(Struct, frozen=True):
    devices: Devices
    margin_s: float
    limit_s: float
    urgency: float
    wanted: Callable[[], bool]
    told: Callable[[tuple[Fact, ...]], None]

    def perform(self, device: str, verb: object, door: str) -> str:
        return self.devices.perform(device, verb, door, self.limit_s, self.urgency)

    def between(self, source: str, target: str, verb: Between) -> str:
        return self.devices.between(source, target, verb, _Watch(self.wanted, self.told), self.urgency)

    def here(self, work: Callable[[Watch], str]) -> str:
        return work(_Watch(self.wanted, self.told))

    def pause(self) -> None:
        time.sleep(self.margin_s)


TOLD_S = 10.0
"""How far something is, is written down so often at most, but always at its end."""


class _Watch(Struct):
    wanted: Callable[[], bool]
    told: Callable[[tuple[Fact, ...]], None]
    said: int = -1
    said_at: float = 0.0

    def progress(self, percent: int, words: str) -> None:
        now = time.monotonic()
        if percent != self.said and (percent == 100 or now - self.said_at >= TOLD_S):
            self.told((Fact("progress", f"{percent} %: {words}"),))
            self.said, self.said_at = percent, now


class Attempt:
    """One try at a step of a run under ``lease``. ``stopped`` says that this console must do nothing more, ``may_send``
    whether the operator lets anything more be sent. A verb may rest on a look that others took meanwhile, if it began
    (monotonic) when ``recent`` says or later; nothing else is concluded from one that did not begin now. ``urgency``:
    of the verbs that wait for a session of their device the greatest goes first. ``ahead`` begins the looks on which
    the next steps will rest, and waits for none."""

    def __init__(
        self,
        ledger: PatientLedger,
        devices: Devices,
        pace: Pace,
        lease: Lease,
        stopped: Callable[[], bool],
        may_send: Callable[[], bool],
        tell: Callable[[], None],
        tempo: Tempo,
        recent: Callable[[Asked], float],
        urgency: float = 1.0,
        ahead: Callable[[], None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._devices = devices
        self._pace = pace
        self._lease = lease
        self._stopped = stopped
        self._may_send = may_send
        self._tell = tell
        self._tempo = tempo
        self._since = recent
        self._urgency = urgency
        self._ahead = ahead
        self._first_look = self._patient_from = time.monotonic()
        self._begun: dict[Asked, float] = {}
        self._sent_at: float | None = None
        self._taken_at: float | None = None
        self._accepted = False
        self._queued_s = 0.0

    def make(self, planned: PlannedStep) -> End:
        """Try until the step is settled, failed, or unknown; a stopped runner leaves it as it is."""
        try:
            step = kinds.made(planned.kind, planned.params)
        except UnknownStepError as error:
            return self._settle(planned, StepState.FAILED, Seen(Verdict.UNKNOWN), str(error))
        try:
            return self._make(step, planned)
        except LeaseError:
            return End(StepState.RUNNING, lost=True)

    def _make(self, step: Step, planned: PlannedStep) -> End:
        record = self._ledger.step(self._lease.run, planned.id)
        if record.attempts and planned.call:
            self._remember(record)
        intended, failures, first = record.attempts > 0, 0, True
        if intended or not planned.call or planned.kind in kinds.FRESH:
            self._since = _now()
        while not self._stopped():
            seen = self._look(step, record)
            if self._stopped():  # a look takes its time
                break
            if first and not intended and planned.call and seen.verdict is not Verdict.READY:
                self._since, first = _now(), False
                continue
            self._learn(planned.kind, seen.verdict, first)
            first = False
            match seen.verdict:
                case Verdict.DONE:
                    state = StepState.DONE if intended or not planned.call else StepState.ALREADY
                    return self._settle(planned, state, seen, seen.why)
                case Verdict.ASKED:
                    return self._settle(planned, StepState.UNKNOWN, seen, seen.why)
                case Verdict.REFUSED if self._believed:
                    return self._settle(planned, StepState.FAILED, seen, seen.why)
                case Verdict.READY if self._believed and not self._may_send():
                    return self._settle(planned, StepState.PENDING, seen, "not sent: the run was paused or aborted")
                case Verdict.READY if self._believed:
                    try:
                        with self._reserved(planned) as waited_s:
                            self._queued_s += waited_s
                            late = waited_s > STALE_S or self._stopped() or not self._may_send()
                            error = None if late else self._act(step, planned, seen)
                    except _NotSentError:  # what was seen is old by now
                        if not self._stopped():
                            record, self._since = self._ledger.step(self._lease.run, planned.id), _now()
                        continue
                    if late:  # nothing was sent: what was seen may not be true any more
                        self._urgency += AT_LAST
                        self._since = _now()
                        continue
                    intended = True
                    if error is not None and not self._goes_on(error, failures):
                        return self._refused(step, planned, error)
                    failures += error is not None
                    record = self._ledger.step(self._lease.run, planned.id)
                    first = True
                    if error is None:
                        self._rest(self._tempo.first(planned.kind))
                        self._ahead()
                    self._since = _now()
                    continue
            if time.monotonic() - self._patient_from > planned.limit_s:
                text = f"not seen within {planned.limit_s:g} s: {seen.why}"
                return self._settle(planned, StepState.UNKNOWN, seen, text)
            self._await(planned)
        return End(record.state)

    def _reserved(self, planned: PlannedStep) -> AbstractContextManager[float]:
        """A session for the verb before its intent is written: what is on the disk leaves at once. Gives how long it
        was waited for, in seconds."""
        if planned.kind in kinds.OWN_SESSIONS:
            return nullcontext(0.0)
        return self._devices.reserved(planned.device, self._urgency)

    def _await(self, planned: PlannedStep) -> None:
        """Until the next look. Where it can only end the waiting, and nothing is sent by it, one that others took
        meanwhile will do: many steps that wait on one device would leave it no session for those that act, but where
        sessions are kept. What only waits, and has for long, looks less often."""
        if planned.call and not (self._accepted and self._sent_at is None):
            self._rest(self._pace.poll_s)
            self._since = _now()
            return
        waited = time.monotonic() - self._patient_from
        if planned.call:
            rest = min(self._pace.poll_s, max(SOON_S, waited * LATER)) * random.uniform(0.5, 1.5)
        else:
            rest = min(LEAST_OFTEN_S, max(self._pace.poll_s, waited * SLOWER))
        self._rest(rest)
        old = 0.0 if planned.call and self._devices.keeping(planned.device) else rest
        began = max(self._taken_at or self._first_look, time.monotonic() - old)
        self._since = lambda asked: began

    def _rest(self, seconds: float) -> None:
        """Wait, but not for long once this console is to do nothing more."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._stopped():
            time.sleep(min(left, self._pace.poll_s))

    def _learn(self, kind: str, verdict: Verdict, first: bool) -> None:
        """Whether the effect was seen by the look just taken, counted from when the device took the verb."""
        if self._taken_at is not None and self._begun and verdict in (Verdict.DONE, Verdict.CHANGING, Verdict.READY):
            done = verdict is Verdict.DONE
            began = max(self._begun.values()) if done else min(self._begun.values())
            self._tempo.saw(kind, began - self._taken_at, done, first)

    def _remember(self, record: StepRecord) -> None:
        """What an earlier try left behind: a call that got no answer may still arrive, and one that was accepted may
        take the device its time, unless somebody asked for it to be tried again."""
        if record.unanswered:
            self._sent_at = time.monotonic()
        elif record.state is StepState.RUNNING:
            self._accepted = record.accepted

    @property
    def _believed(self) -> bool:
        """Whether *not done* may be believed: no call can still be on its way, and none was accepted, which may take
        the device its time."""
        on_its_way = self._sent_at is not None and time.monotonic() - self._sent_at < self._pace.lost_s
        return not (self._accepted or on_its_way)

    def _look(self, step: Step, record: StepRecord) -> Seen:
        """Look at what the step rests on."""
        waited = time.monotonic() - self._first_look
        told = (record.began_at, self._accepted, record.unanswered, waited, self._pace.margin_s, self._urgency)
        sight = _Sight(self._devices, self._since, *told)
        try:
            seen = step.observe(sight)
        except UnseenError as error:
            self._begun = {}
            return Seen(Verdict.UNKNOWN, (), str(error))
        self._begun = sight.begun
        return seen

    def _act(self, step: Step, planned: PlannedStep, seen: Seen) -> DeviceError | None:
        """Write the intent, send, keep the answer. Returns what went wrong, None: the device took it. Raises
        :class:`_NotSentError` where nothing was sent: the store is away, or this console was held up for so long that
        the lease may be somebody else's."""
        asked = time.monotonic()
        try:
            self._ledger.intend(self._lease, planned.id, planned.call, seen.facts)
        except StoreAwayError as away:
            raise _NotSentError from away
        self._tell()
        if time.monotonic() - asked > LEASE_S / 2:
            raise _NotSentError
        began = time.monotonic()
        error: DeviceError | None = None
        try:
            answer = step.act(self._hands(planned)) or "accepted"
        except DeviceError as failed:
            error, answer = failed, f"{NO_ANSWER if failed.sent is Sent.UNKNOWN else REFUSED}{failed}"
        except (ParseError, ValueError) as failed:
            error = DeviceError(planned.device, planned.call, Failure.REFUSED, Sent.NO, str(failed))
            answer = f"{REFUSED}{error}"
        self._accepted = error is None
        self._taken_at = time.monotonic() if error is None else None
        self._sent_at = time.monotonic() if error is not None and error.sent is Sent.UNKNOWN else None
        self._patient_from = time.monotonic()
        self._ledger.answered(self._lease, planned.id, answer, time.monotonic() - began)
        self._tell()
        return error

    def _hands(self, planned: PlannedStep) -> _Hands:
        def wanted() -> bool:
            return self._may_send() and not self._stopped()

        def told(found: tuple[Fact, ...]) -> None:
            self._ledger.progress(self._lease, planned.id, found)
            self._tell()

        return _Hands(self._devices, self._pace.margin_s, planned.limit_s, self._urgency, wanted, told)

    def _goes_on(self, error: DeviceError, failures: int) -> bool:
        """Whether to look again and, where it is still not done, try the same verb again."""
        if failures >= self._pace.retries or self._stopped():
            return False
        if error.sent is not Sent.UNKNOWN:
            if error.failure not in (Failure.BUSY, Failure.SESSION_LIMIT) and error.sent is not Sent.NO:
                return False
            time.sleep(self._pace.busy_s)
        return True

    def _refused(self, step: Step, planned: PlannedStep, error: DeviceError) -> End:
        """What went wrong is looked at once more before it is a failure: the array may have done it by itself."""
        record = self._ledger.step(self._lease.run, planned.id)
        self._since = _now()
        seen = self._look(step, record)
        if seen.verdict is Verdict.DONE:
            return self._settle(planned, StepState.DONE, seen, f"{seen.why} (the device had said: {error.text})")
        code = f" ({error.code})" if error.code else ""
        state = StepState.UNKNOWN if error.sent is Sent.UNKNOWN else StepState.FAILED
        return self._settle(planned, state, seen, f"{error.failure}: {error.text}{code}")

    def _settle(self, planned: PlannedStep, state: StepState, seen: Seen, reason: str) -> End:
        took = time.monotonic() - self._first_look - self._queued_s if state is StepState.DONE else None
        self._ledger.settle(self._lease, planned.id, state, seen.facts, reason, took)
        self._tell()
        return End(state, begun=self._begun)


def _now() -> Callable[[Asked], float]:
    """Looks that begin now."""
    now = time.monotonic()
    return lambda asked: now
