"""The watch: one look at all groups a minute, kept and judged, and a failover begun where every condition holds.

One watch for a store at a time, by a claim; what it writes is refused once another one has it. What is being failed
over goes on, and is kept, whoever watches by then.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from app.auto_records import Auto, AutoGroup, AutoMode
from app.recovery.auto import arming
from app.recovery.auto.engine import Move, Notice, advance
from app.recovery.auto.gather import Eyes, Seen
from app.recovery.auto.port import NoPlanError, Outcome, Recovery, Result
from app.recovery.auto.rules import Finding, Look, Rules
from store.auto import AutoStore, ClaimError, HeldError
from store.auto_records import (
    AutoState,
    Claim,
    EventKind,
    EventState,
    FailoverEvent,
    ShadowDecision,
    Standing,
    Window,
)
from store.errors import StoreError
from store.readiness import Verdict

PROBE_S = 60.0
_log = logging.getLogger("drdeck.auto")
_ENDS = {
    Result.DONE: EventState.COMPLETED,
    Result.FAILED: EventState.FAILED,
    Result.UNKNOWN: EventState.UNKNOWN,
}


class Told(Struct, frozen=True):
    """Something to tell people about a group. ``key`` is what it is about, ``page``: somebody has to look at once."""

    group: str
    key: str
    text: str
    page: bool
    at: datetime


def rules_of(auto: Auto, group: AutoGroup) -> Rules:
    return Rules(threshold_s=group.threshold_s, probes=group.probes, brake=auto.most_per_hour)


class Watch:
    """Watches the groups of a configuration. ``tell`` may be called from any thread. ``spawn`` runs a failover beside
    the watch: the next look waits for none."""

    def __init__(
        self,
        auto: Auto,
        store: AutoStore,
        eyes: Eyes,
        recovery: Recovery,
        holder: str,
        tell: Callable[[Told], object],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        spawn: Callable[[Callable[[], None]], None] | None = None,
        read_only: bool = False,
    ) -> None:
        """``read_only``: nothing is ever begun here."""
        self._auto = auto
        self._groups = [group for group in auto.groups if group.mode is AutoMode.AUTOMATIC]
        self._store = store
        self._eyes = eyes
        self._recovery = recovery
        self._holder = holder
        self._tell = tell
        self._clock = clock
        self._spawn = spawn or self._beside
        self._threads: list[threading.Thread] = []
        self._read_only = read_only
        self._mine: set[str] = set()
        self._ready: dict[str, str] = {}
        self._stopped = threading.Event()
        self._claim: Claim | None = None

    # --------------------------------------------------------------------------------------------------- its rounds

    def run(self, said: Callable[[str], None]) -> None:
        """Look once a minute until :meth:`stop`, then wait for what is being failed over. ``said`` is told why a round
        could not be made, once for as long as that lasts."""
        with suppress(StoreError):  # another time
            self._store.prune()
        last = ""
        while not self._stopped.is_set():
            trouble = self._tried()
            if trouble and trouble != last:
                said(trouble)
            last = trouble
            self._stopped.wait(PROBE_S)
        with suppress(ClaimError, StoreError):
            for thread in self._threads:
                while thread.is_alive():
                    self._store.claim(self._holder)  # nobody else is to take what is under way for abandoned
                    thread.join(PROBE_S)
            if self._claim is not None:
                self._store.unclaim(self._claim)

    def _tried(self) -> str:
        """One round; why it could not be made, in words."""
        try:
            self.round()
        except ClaimError as error:
            return f"{str(error).partition(' until ')[0]}: not by this console"
        except (HeldError, StoreError) as error:
            return str(error)
        except Exception as error:  # the next round may well do: a watch that ended would miss the outage
            _log.exception("a round of the watch")
            return f"a round of the watch failed by a defect: {type(error).__name__}"
        return ""

    def stop(self) -> None:
        """Begin no further round."""
        self._stopped.set()

    def round(self) -> None:
        """One look at every group. Raises :class:`ClaimError` where another one watches, :class:`StoreError`."""
        self._claim = claim = self._store.claim(self._holder)
        self._rest(claim)
        before = {group.name: self._store.standing(group.name) for group in self._groups}
        self._strand(before)
        seen = self._eyes.look(self._groups, lambda group: _suspected(before[group.name]))
        claim = self._store.claim(self._holder)
        judged = [(group, self._judged(claim, group, seen[group.name])) for group in self._groups]
        begun = [group for group, move in judged if move is not None and move.standing.state is AutoState.FIRING]
        for site in {group.source_site for group in begun}:
            self._disarm_others(site, begun)
        for group, move in judged:  # a plan to prepare may take its time, in which what was seen of others grows old
            if move is not None:
                self._say(group, move)

    def _rest(self, claim: Claim) -> None:
        """What the configuration no longer lets be watched is off."""
        for group in self._auto.groups:
            known = self._store.standing(group.name)
            if group.mode is AutoMode.MANUAL and known is not None and known.state not in _KEPT:
                self._store.save(claim, Standing(group.name, AutoState.OFF, note="the configuration says manual"))

    def _strand(self, before: Mapping[str, Standing | None]) -> None:
        """A failover whose console is gone: what it did is not known, and it is not begun again."""
        for name, standing in before.items():
            if standing is None or standing.state is not AutoState.FIRING or name in self._mine:
                continue
            event = self._store.event(standing.event or "")
            if event is None:
                continue
            run = f": drdeck runs show {event.run}" if event.run else ""
            words = f"the console that failed it over is gone, what it did is not known{run}"
            self._ended(event, Outcome(Result.UNKNOWN, words))

    def _judged(self, claim: Claim, group: AutoGroup, seen: Seen) -> Move | None:
        """As :meth:`_judge`; a defect that one group meets must not keep the others from being judged."""
        try:
            return self._judge(claim, group, seen)
        except (ClaimError, HeldError, StoreError):
            raise
        except Exception as error:
            _log.exception("judging %s", group.name)
            text = f"{group.name}: not judged, by a defect of the console: {type(error).__name__}"
            self._told(group, Notice("defect", text, page=True))
            return None

    def _judge(self, claim: Claim, group: AutoGroup, seen: Seen) -> Move | None:
        """Keep what was seen of a group and what follows from it; None while it is being failed over."""
        before = self._store.standing(group.name) or Standing(group.name)
        if before.state is AutoState.FIRING:
            return None
        if before.state is AutoState.OFF:
            before = Standing(group.name)
        rules = rules_of(self._auto, group)
        look = self._look(group, seen, before, rules)
        move = advance(before, look, rules)
        if move.standing.state is AutoState.FIRING:
            return self._begin(claim, group, before, move, rules, seen)
        self._store.save(
            claim, move.standing, seen.answers, self._event(group, move), self._shadow(move), move.conditions
        )
        if move.standing.state is AutoState.FIRED:
            self._watch_for_split_brain(claim, group, move.standing, seen)
        return move

    def _look(self, group: AutoGroup, seen: Seen, before: Standing, rules: Rules) -> Look:
        now = self._clock()
        event = self._store.event(before.event) if before.event else None
        return Look(
            now=now,
            answers=seen.answers,
            gateway=seen.gateway,
            dr=seen.dr,
            site=seen.site,
            fence=Finding(Verdict.FAILS, "nothing was fenced yet", now),
            window=window_of(self._store.windows(), group, now),
            lease=self._lease(group, now),
            off=seen.off,
            replicas=seen.replicas,
            arming=self._store.arming(group.name),
            prepared=arming.still(seen.drill, seen.digest, now),
            fired=self._store.fired_since(now - timedelta(seconds=rules.brake_s)),
            vetoed_by=None if event is None else event.vetoed_by,
        )

    def _lease(self, group: AutoGroup, now: datetime) -> Finding:
        if self._read_only:
            return Finding(Verdict.FAILS, "the configuration says read_only", now)
        other = self._store.acted_on(self._recovery.targets(group))
        if other is not None:
            return Finding(Verdict.FAILS, other, now)
        return Finding(Verdict.HOLDS, "this console watches, and no run acts on the group", now)

    # ------------------------------------------------------------------------------------------------- what is kept

    def _event(self, group: AutoGroup, move: Move) -> FailoverEvent | None:
        """The event of the outage as it is now: one for each that is armed against."""
        now = move.standing
        if move.over is not None:
            known = self._store.event(move.over)
            if known is None:
                return None
            state = EventState.VETOED if known.vetoed_by else EventState.CLEARED
            return replace(known, state=state, ended_at=now.at, result="the witnesses answer again")
        if now.event is None or now.state is AutoState.FIRED or now.first_down is None:
            return None
        known = self._store.event(now.event)
        if known is None and now.state is AutoState.SHADOW:
            return None
        state = EventState.CONFIRMED if now.state is AutoState.CONFIRMED else EventState.SUSPECT
        fresh = FailoverEvent(
            now.event, group.name, group.source_site, EventKind.AUTOMATIC, state, "the watch", now.note, now.first_down
        )
        return fresh if known is None else replace(known, state=state, reason=now.note)

    def _shadow(self, move: Move) -> ShadowDecision | None:
        """What would have been done: as it was when that first was a failover, else as it is now."""
        now = move.standing
        if move.over is not None:
            kept = self._kept_shadow(move.standing.group, move.over)
            return None if kept is None else replace(kept, ended_at=now.at)
        if now.event is None or now.first_down is None or not move.conditions or now.at is None:
            return None
        kept = self._kept_shadow(now.group, now.event)
        if kept is not None and kept.would:
            return None
        return ShadowDecision(now.event, now.group, now.first_down, now.at, move.would, move.conditions)

    def _kept_shadow(self, group: str, event: str) -> ShadowDecision | None:
        return next((each for each in self._store.shadows(group) if each.id == event), None)

    def _say(self, group: AutoGroup, move: Move) -> None:
        for notice in move.notices:
            text = notice.text
            if notice.key.startswith("held"):
                text = f"{text}. {self._prepared(group, move.standing.event or '')}"
            self._told(group, replace(notice, text=text))

    def _prepared(self, group: AutoGroup, event: str) -> str:
        """The same plan, ready for a person: one for each outage."""
        try:
            if event not in self._ready:
                self._ready[event] = self._recovery.propose(self._recovery.plan_disaster(group))
        except NoPlanError as error:
            return f"No plan could be prepared: {error}"
        return f"The plan is prepared, one confirmation away: run {self._ready[event]}"

    def _told(self, group: AutoGroup, notice: Notice) -> None:
        self._tell(Told(group.name, notice.key, notice.text, notice.page, self._clock()))

    # ------------------------------------------------------------------------------------------------------- firing

    def _begin(self, claim: Claim, group: AutoGroup, before: Standing, move: Move, rules: Rules, seen: Seen) -> Move:
        """Written down first, then done. Another move where the store knows of something against it."""
        now = move.standing
        event = self._store.event(now.event or "")
        if event is None:
            raise RuntimeError(f"{group.name}: a confirmed outage without its event")
        serving = None if seen.replicas is None else any(member.active for member in seen.replicas.members)
        event = replace(event, source_power=_power(None), replica_power=_power(serving))
        try:
            sites, names = group.held_by
            targets, brake = (*names, *self._recovery.targets(group)), (rules.brake, rules.brake_s)
            self._store.begin(claim, now, event, move.conditions, targets, brake, seen.answers, sites)
        except HeldError as held:
            back = replace(before, state=AutoState.ARMED, decided_at=None, note=str(held), at=now.at)
            back = replace(back, tallies=now.tallies)
            self._store.save(claim, back, seen.answers)
            why = Notice("held", f"{group.name}: no failover by itself, because {held}", page=True)
            return Move(back, move.conditions, (why,))
        self._mine.add(group.name)
        fired = self._store.event(event.id) or event
        self._told(group, Notice("firing", f"{group.name}: failing over by itself now", page=True))
        self._spawn(lambda: self._fail_over(group, fired))
        return replace(move, notices=())

    def _fail_over(self, group: AutoGroup, event: FailoverEvent) -> None:
        """Fence or see it proven, then the plan a person would run. Whatever happens, the group stays latched."""
        running = event

        def began(run: str) -> None:
            nonlocal running
            running = replace(running, run=run)
            self._store.record(running)

        try:
            fenced, armed = self._recovery.fence(group), self._store.arming(group.name)
            running = replace(running, reason=f"{running.reason}; fence: {fenced.evidence}")
            outcome = (
                Outcome(Result.FAILED, f"the old side answered and was not stopped: {fenced.evidence}")
                if fenced.verdict is Verdict.FAILS
                else self._recovery.run(group, self._recovery.plan_disaster(group), armed, began)
            )
        except NoPlanError as error:
            outcome = Outcome(Result.FAILED, f"no plan: {error}")
        except Exception as error:
            _log.exception("automatic failover of %s", group.name)
            outcome = Outcome(Result.UNKNOWN, f"it broke off by a defect: {type(error).__name__}")
        try:
            powers = self._recovery.powers(group)
            running = replace(running, source_power=_power(powers.source), replica_power=_power(powers.replica))
        except Exception:  # what came of it is told all the same
            _log.exception("looking at %s after its failover", group.name)
        self._ended(running, outcome)
        self._mine.discard(group.name)

    def _beside(self, work: Callable[[], None]) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(threading.Thread(target=work, name="automatic failover", daemon=True))
        self._threads[-1].start()

    def _ended(self, event: FailoverEvent, outcome: Outcome) -> None:
        ended = replace(event, state=_ENDS[outcome.result], ended_at=self._clock(), result=outcome.words)
        self._store.finish(ended, outcome.words)
        text = f"{event.group}: automatic failover {ended.state}: {outcome.words}. It is latched until it is armed anew"
        self._tell(Told(event.group, "fired", text, True, self._clock()))

    def _disarm_others(self, site: str, begun: list[AutoGroup]) -> None:
        """The site is lost: what was not begun by itself is for people now."""
        for group in self._groups:
            if group.source_site == site and group not in begun:
                why = f"{begun[0].name} at the same site was failed over by itself"
                if self._store.disarm(group.name, "drdeck", why):
                    self._told(group, Notice("disarmed", f"{group.name}: disarmed, because {why}", page=True))

    def _watch_for_split_brain(self, claim: Claim, group: AutoGroup, now: Standing, seen: Seen) -> None:
        """The old source runs while its replica serves: told once, and nothing is stopped."""
        if seen.off is None or len(seen.off) == len(group.vms) or "split brain" in now.told:
            return
        if not any(member.active for member in (seen.replicas.members if seen.replicas else ())):
            return
        self._store.save(claim, replace(now, told=(*now.told, "split brain")))
        text = f"{group.name}: SPLIT BRAIN: machines run at {group.source_site} again while their replicas serve"
        self._told(group, Notice("split brain", text, page=True))


_KEPT = frozenset({AutoState.OFF, AutoState.FIRING, AutoState.FIRED})


def window_of(windows: tuple[Window, ...], group: AutoGroup, now: datetime) -> Finding:
    """Whether no maintenance window is open for a group."""
    open_ = [window for window in windows if window.open(now) and window.touches(*group.held_by)]
    if not open_:
        return Finding(Verdict.HOLDS, "no maintenance window is open", now)
    words = "; ".join(f"maintenance {w.id} until {w.ends:%Y-%m-%d %H:%M} UTC: {w.reason}" for w in open_)
    return Finding(Verdict.FAILS, words, now)


def _suspected(standing: Standing | None) -> bool:
    return standing is not None and standing.event is not None


def _power(on: bool | None) -> str:
    return "not known" if on is None else "poweredOn" if on else "poweredOff"
