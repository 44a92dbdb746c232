"""From a verb to a run: look, plan, agree, act. The command line and the console go the same way."""

from __future__ import annotations

import getpass
import json
import os
import re
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from app.connect import HERE, HERE_SESSIONS, Connector
from app.recovery import prediction
from app.recovery.draft import merged
from app.recovery.looks import Devices
from app.recovery.rcg import gather, planning
from app.recovery.rcg.options import Options
from app.recovery.rcg.situation import RcgDraft, way_back
from app.settings_records import Settings
from app.sweep import never_read
from store.database import Store
from store.estate import Reading
from store.ledger import Ledger
from store.rcg_verbs import RcgVerb, Standing
from store.records import Entry
from store.runs import SECOND_PERSON, Plan, PlannedStep, Run

MOST_AGE_S = 60.0
"""Destructive steps are begun on facts no older than this (procedures 1.1)."""

_LOSE = re.compile(r"lose (\d{1,6}) min", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sides:
    """The devices between which a new group is made; ``to`` None: the only other array."""

    made_on: str | None = None
    to: str | None = None


class Operations:
    """What can be done with the devices of the settings. ``store`` and ``ledger`` are of the same file."""

    def __init__(self, settings: Settings, store: Store, ledger: Ledger, connect: Connector | None = None) -> None:
        self.settings = settings
        self.store = store
        self.ledger = ledger
        store.configure(never_read(device) for device in settings.devices)
        bounds: Mapping[str, int] = {each.name: each.sessions for each in (*settings.reached, *settings.guests)}
        bounds = {HERE: HERE_SESSIONS, **bounds}
        connect = connect or Connector(settings)
        self.devices = Devices(connect.reach, bounds, self._seen, connect.kept)

    def _seen(self, reading: Reading) -> None:
        with suppress(ValueError):  # a device that is not configured any more
            self.store.apply(reading)

    def plan_rcg(self, verb: RcgVerb, names: Sequence[str], options: Options, run_id: str) -> Plan:
        """Look at the arrays and draw up the plan. Raises :class:`app.recovery.rcg.gather.GroupError`."""
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

    def agree(self, run_id: str, plan: Plan, words: Sequence[str]) -> Run:
        """Keep the plan as a run that somebody agreed to by typing ``words``. Nothing is sent yet."""
        self.ledger.propose(run_id, plan, who())
        self.ledger.approve(run_id, who(), words)
        return self.ledger.run(run_id)


def new_run_id(now: datetime | None = None) -> str:
    """``1126-0312-a7f3c1``: month, day, hour and minute (UTC), and six hex digits against another one in the minute."""
    return f"{now or datetime.now(UTC):%m%d-%H%M}-{secrets.token_hex(3)}"


def who() -> str:
    """The person at this console: user, host and, where it is a remote login, from where."""
    origin = os.environ.get("SSH_CONNECTION", "").split(" ")[0]
    return f"{login()}@{socket.gethostname()}" + (f" from {origin}" if origin else "")


def login() -> str:
    """The name of the user who is logged in."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


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


def _acts(step: PlannedStep) -> tuple[object, ...]:
    """What a step does and when, apart from how long what was agreed to counts."""
    params = {name: value for name, value in json.loads(step.params).items() if name != "until"}
    return (step.kind, params, step.needs, step.after)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed against what must be: ``missing`` is not there yet, ``wrong`` was not asked for."""

    missing: tuple[str, ...]
    wrong: tuple[str, ...]


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
