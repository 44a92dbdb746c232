"""From a verb to a run: look, plan, agree, act. The command line and the console go the same way."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from app.connect import HERE, HERE_SESSIONS, Connector
from app.permits import Act, Permits, RefusedError, needs_second
from app.person import whoami
from app.recovery.draft import merged
from app.recovery.looks import Devices
from app.settings_records import Settings
from app.sweep import never_read
from store.database import Store
from store.estate import Reading
from store.ledger import Ledger
from store.rcg_verbs import RcgVerb, Standing
from store.records import Entry
from store.runs import SECOND_PERSON, Approval, Choice, Plan, PlannedStep, Run

if TYPE_CHECKING:
    from app.recovery.rcg.options import Options
    from app.recovery.rcg.situation import RcgDraft

MOST_AGE_S = 60.0
"""Destructive steps are begun on facts no older than this (procedures 1.1)."""

_LOSE = re.compile(r"lose (\d{1,6}) min", re.ASCII)


class Sides(Struct, frozen=True):
    """The devices between which a new group is made; ``to`` None: the only other array."""

    made_on: str | None = None
    to: str | None = None


class Asked(Struct, frozen=True):
    """What the operator asked for. ``kind`` is a command and its verb, ``order`` all of it in the words of the
    console's command line, empty where these have none for it; ``plan`` the name of a recovery plan; ``incident``
    the number of what it is for."""

    kind: str
    order: str = ""
    disaster: bool = False
    plan: str = ""
    incident: int | None = None


class Operations:
    """What can be done with the devices of the settings. ``store`` and ``ledger`` are of the same file. What a person
    does to a run goes through here, and so through the ``permits``. ``incident``: what is proposed carries this number,
    unless it names another."""

    def __init__(self, settings: Settings, store: Store, ledger: Ledger, connect: Connector | None = None) -> None:
        self.settings = settings
        self.store = store
        self.ledger = ledger
        self.permits = Permits(settings, self._refused)
        self.incident: int | None = None
        store.configure(never_read(device) for device in settings.devices)
        bounds = {each.name: each.sessions for each in (*settings.reached, *settings.guests)}
        self.sessions: Mapping[str, int] = {HERE: HERE_SESSIONS, **bounds}
        connect = connect or Connector(settings)
        self.devices = Devices(connect.reach, self.sessions, self._seen, connect.kept)

    def _refused(self, act: Act, sites: tuple[str, ...], why: str) -> None:
        """Have the journal say who tried what. Raises StoreError."""
        from store import refusals

        refusals.keep(self.ledger.path, who(), act, why, tuple(filter(None, sites)))

    def _seen(self, reading: Reading) -> None:
        with suppress(ValueError):  # a device that is not configured any more
            self.store.apply(reading)

    def plan_rcg(self, verb: RcgVerb, names: Sequence[str], options: Options, run_id: str) -> Plan:
        """Look at the arrays and draw up the plan. Raises :class:`app.recovery.rcg.gather.GroupError`."""
        from app.recovery import prediction
        from app.recovery.rcg import gather, planning

        found = gather.arrays(self.devices, self.settings.devices, self.known_rcgs)
        now = datetime.now(UTC)
        situations = [gather.situation(found, name, now) for name in dict.fromkeys(names)]
        if options.disaster:
            situations = [
                gather.witnessed(self.devices, self.settings.devices, at)
                if at.standing is Standing.PRIMARY_DARK
                else at
                for at in situations
            ]
        plan = planning.plan(verb, situations, options, run_id)
        return prediction.predicted(plan, self.ledger.durations)

    def plan_volume(self, verb: str, name: str, draw: Callable[[RcgDraft], None], run_id: str, on: Sides) -> Plan:
        """Look, and let ``draw`` draw up what is done to one volume of a group, which is made where it does not exist
        and ``on`` names its arrays. Raises :class:`app.recovery.rcg.gather.GroupError`."""
        from app.recovery import prediction
        from app.recovery.rcg import gather
        from app.recovery.rcg.situation import RcgDraft, way_back

        found = gather.arrays(self.devices, self.settings.devices, self.known_rcgs)
        if on.made_on is None or any(g.natural_name == name for array in found for g in array.groups):
            at = gather.situation(found, name)
        else:
            at = gather.new_pair(found, name, on.made_on, on.to)
        draft = RcgDraft(at, "s", run_id)
        draw(draft)
        plan = merged(verb, [draft], way_back, rolls_back=True)
        return prediction.predicted(plan, self.ledger.durations)

    def known_rcgs(self, device: str) -> tuple[Entry, ...]:
        """The remote copy groups of an array as the store last saw them."""
        return tuple(entry for entry in self.store.view.entries("rcg") if entry.device == device)

    # ---------------------------------------------------------------------------------------- what a person may do

    def may_propose(self, plan: Plan, *, alone: bool = False) -> None:
        """``alone``: although another person has to approve it. Raises :class:`app.permits.RefusedError`."""
        for act in (Act.PROPOSE, Act.BREAK_GLASS) if alone else (Act.PROPOSE,):
            self.permits.check(act, self.permits.sites_of(plan))

    def propose(self, run_id: str, plan: Plan, asked: Asked | None = None) -> Run:
        """Keep the plan as a run that nobody agreed to yet. Raises :class:`app.permits.RefusedError`, and
        :class:`store.ledger.RunError` for an incident that is not open."""
        self.may_propose(plan)
        named = None if asked is None else asked.incident
        return self.ledger.propose(run_id, plan, who(), self.incident if named is None else named)

    def needs_second(self, plan: Plan, asked: Asked | None) -> bool:
        """Whether another person has to approve it."""
        if asked is None:
            return needs_second(self.settings.access, plan.verb, plan, disaster=None)
        return needs_second(self.settings.access, asked.kind, plan, disaster=asked.disaster, named=asked.plan)

    def agree(self, run_id: str, plan: Plan, words: Sequence[str], asked: Asked | None = None) -> Run:
        """Keep the plan as a run that its proposer agrees to by typing ``words``: it may begin, or waits for another
        person. Nothing is sent yet. Raises :class:`app.permits.RefusedError`."""
        self._order(plan, asked)
        self.propose(run_id, plan, asked)
        return self.agreed(run_id, words, asked)

    def _order(self, plan: Plan, asked: Asked | None) -> str | None:
        """How the plan is drawn up anew, where another person has to approve it; None: nobody has to."""
        if not self.needs_second(plan, asked):
            return None
        if asked is None or not asked.order:
            raise RefusedError(
                f"another person has to approve {plan.name}, and this command waits for nobody: give it as drdeck rcg, "
                "volume, pgroup, lpar, pod or vm"
            )
        return asked.order

    def agreed(self, run_id: str, words: Sequence[str], asked: Asked | None = None) -> Run:
        """As :meth:`agree`, of a run that is proposed already."""
        plan = self.ledger.run(run_id).plan
        self.may_propose(plan)
        if (order := self._order(plan, asked)) is None:
            self.ledger.approve(run_id, who(), words, self.permits.person.names)
            return self.ledger.run(run_id)
        until = datetime.now(UTC) + timedelta(seconds=self.settings.access.expires_s)
        wanted = Approval(order, digest(plan), until, self.permits.person.names)
        self.ledger.ask_approval(run_id, who(), words, wanted)
        return self.ledger.run(run_id)

    def agree_unattended(self, run_id: str, plan: Plan) -> Run:
        """Keep a plan that asks for no words as a run that nobody has to agree to: on the word of those who made its
        schedule."""
        if plan.confirm:
            raise RefusedError(f"{plan.name} asks for words to be typed, and nobody is there to type")
        self.ledger.propose(run_id, plan, who())
        self.ledger.approve(run_id, who(), ())
        return self.ledger.run(run_id)

    def approve(self, run: Run, words: Sequence[str], glass: str | None = None) -> None:
        """Another person, or with the reason ``glass`` one alone, agrees to a run that waits for it. Raises
        :class:`app.permits.RefusedError` and :class:`store.ledger.RunError`."""
        self.may_approve(run, glass)
        self.ledger.approve(run.id, who(), words, self.permits.person.names, glass)

    def may_approve(self, run: Run, glass: str | None) -> None:
        """Raises :class:`app.permits.RefusedError`."""
        self.permits.check(Act.APPROVE if glass is None else Act.BREAK_GLASS, self.permits.sites_of(run.plan))

    def decide(self, run_id: str, choice: Choice, step: str | None, reason: str) -> None:
        """Raises :class:`app.permits.RefusedError` and :class:`store.ledger.RunError`."""
        self.may_go_on(run_id)
        self.ledger.decide(run_id, choice, step, reason, who())

    def may_go_on(self, run_id: str) -> None:
        """Whether this person may have a run go on, or decide about it. Raises :class:`app.permits.RefusedError`."""
        self.permits.check(Act.DECIDE, self.permits.sites_of(self.ledger.run(run_id).plan))

    def drop(self, run_id: str, reason: str) -> None:
        """End a run that never began. Raises :class:`app.permits.RefusedError` and :class:`store.ledger.RunError`."""
        self.permits.check(Act.DROP, self.permits.sites_of(self.ledger.run(run_id).plan))
        self.ledger.drop(run_id, who(), reason)


def new_run_id(now: datetime | None = None) -> str:
    """``1126-0312-a7f3c1``: month, day, hour and minute (UTC), and six hex digits against another one in the minute."""
    return f"{now or datetime.now(UTC):%m%d-%H%M}-{secrets.token_hex(3)}"


def who() -> str:
    """The person at this console: user, host and, where it is a remote login, from where."""
    origin = os.environ.get("SSH_CONNECTION", "").split(" ")[0]
    return f"{whoami().words}@{socket.gethostname()}" + (f" from {origin}" if origin else "")


def login() -> str:
    """The name of the user who is logged in."""
    return whoami().user


def holder() -> str:
    """This very process, as others see who holds a lease."""
    return f"{who()}, process {os.getpid()}, {secrets.token_hex(3)}"


def outdated(plan: Plan, now: datetime | None = None) -> bool:
    """Whether what the plan rests on was seen too long ago to act on it."""
    return ((now or datetime.now(UTC)) - plan.made_at).total_seconds() > MOST_AGE_S


def changed(plan: Plan, anew: Plan, words: Sequence[str]) -> str | None:
    """Why a plan that was agreed to may not be run, as another look shows; None: it is still the same."""
    if anew.refused:
        return f"{anew.refused[0].words}: {anew.refused[0].evidence}"
    if list(map(_acts, anew.steps)) != list(map(_acts, plan.steps)):
        return "other steps would be needed now"
    found = typed(anew, words)
    return f"{', '.join(found.missing)} would have to be typed now" if found.missing else None


def digest(plan: Plan) -> str:
    """What a plan does, as one number: equal of two plans that do the same, whenever they were drawn up. SHA-256, hex
    digits."""
    most = None if plan.turns is None else plan.turns.most
    content = [plan.verb, plan.name, plan.targets, most, [_acts(step) for step in plan.steps]]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _acts(step: PlannedStep) -> tuple[object, ...]:
    """What a step does and when, apart from how long what was agreed to counts."""
    params = {name: value for name, value in json.loads(step.params).items() if name != "until"}
    return (step.kind, params, step.needs, step.after)


class Typed(Struct, frozen=True):
    """What was typed against what must be: ``missing`` is not there yet, ``wrong`` was not asked for."""

    missing: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def words(self) -> str | None:
        """What is not as it must be; None: nothing."""
        lacking = f"not typed: {', '.join(map(repr, self.missing))}" if self.missing else ""
        wrong = f"not asked for: {', '.join(map(repr, self.wrong))}" if self.wrong else ""
        return "; ".join(filter(None, (lacking, wrong))) or None


def typed(plan: Plan, words: Sequence[str], user: str | None = None) -> Typed:
    """Compare exactly; but whoever accepts to lose more minutes than the plan says accepts what it says, and the name
    of the second person may be any but that of ``user``, who is logged in here."""
    left, user = list(words), login() if user is None else user
    missing = []
    for wanted in plan.confirm:
        found = next((word for word in left if word == wanted or _means(word, wanted, user)), None)
        if found is None or found == f"{SECOND_PERSON}NAME":
            missing.append(wanted)
        else:
            left.remove(found)
    return Typed(tuple(missing), tuple(left))


def _means(word: str, wanted: str, user: str) -> bool:
    if wanted.startswith(SECOND_PERSON):
        name = word.removeprefix(SECOND_PERSON).strip()
        return word.startswith(SECOND_PERSON) and bool(name) and name.lower() != user.lower()
    given, bound = _LOSE.fullmatch(word), _LOSE.fullmatch(wanted)
    return given is not None and bound is not None and int(given[1]) >= int(bound[1])
