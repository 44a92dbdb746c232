"""What every campaign on the recovery engine needs: an estate with a console on it, and what differs by technology."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from msgspec.structs import replace

from app.connect import Connector
from app.recovery.operations import Operations
from app.settings import load
from backends.lab.faults import FaultKind
from backends.lab.world import Device, World
from store.database import Store, open_store
from store.ledger import Ledger
from store.runs import Plan, PlannedStep, Run, StepState

_NUMBERS = itertools.count(1)


def next_run_id() -> str:
    """The id of a run: thousands of them in an hour would draw one twice from those that people get."""
    return f"trial-{next(_NUMBERS):06}"


class AnyEstate(Protocol):
    """A running lab."""

    config: Path

    @property
    def world(self) -> World: ...

    def expire_sessions(self) -> None: ...


class Judge(Protocol):
    """Looks at the lab's world from before a run on. Each returns what is wrong, in words; None: nothing."""

    def always(self, found: Run) -> str | None:
        """Whatever happened to the run, and however far it has come."""

    def succeeded(self) -> str | None:
        """Of a run that says that it succeeded."""

    def lost(self) -> str | None:
        """After its owner has believed it, and used what it made."""

    def taken_back(self) -> str | None:
        """Of a run that says that it has taken everything back."""


E = TypeVar("E", bound=AnyEstate)


@dataclass
class Range(Generic[E]):
    """Everything that trials need. Each technology has a class of its own: ``cases`` are what is tried, ``sent`` what
    the lab calls the request of each kind of step that sends one, ``kinds`` the faults that can happen there."""

    estate: E
    store: Store
    ledger: Ledger
    operations: Operations

    cases: ClassVar[tuple[Any, ...]] = ()
    sent: ClassVar[Mapping[str, str]] = {}
    kinds: ClassVar[tuple[FaultKind, ...]] = ()
    repeats: ClassVar[frozenset[str]] = frozenset()
    """Requests that may be sent again after a kill: what the first one began has ended by itself."""

    @property
    def path(self) -> Path:
        return self.ledger.path

    def plan(self, case: Any, limit_s: float | None = None) -> tuple[Run, Plan, str]:
        """A run of the case on a new group, agreed to. Returns it with its plan and the group's name. ``limit_s``: how
        long a step waits for its effect, in place of the minutes that an operator gives it."""
        raise NotImplementedError

    def judge(self, case: Any, run: Run, name: str, orderly: bool) -> Judge:
        """Who judges a run that has not begun. ``orderly``: the owner of the server stops it now."""
        raise NotImplementedError

    def watched(self, case: Any, run: Run, name: str) -> Callable[[], str | None]:
        """What is asked when a run that was killed says that it succeeded, and its owner has believed it."""
        raise NotImplementedError

    def peer(self, case: Any, step: PlannedStep) -> str | None:
        """The other array of a step; None: there is none, or it is dark anyway."""
        raise NotImplementedError

    def subject(self, kind: FaultKind, step: PlannedStep, device: str, name: str, first: bool) -> str | None:
        """What gets another name, or is destroyed, on a device under a step. ``first``: which of two such things."""
        raise NotImplementedError

    def sent_by(self, step: PlannedStep) -> str:
        """What the lab calls the request of a step: a stop of an LPAR or a VM is one of two."""
        params = json.loads(step.params) if step.kind in ("lpar.stop", "vm.stop") else {}
        at_once = params.get("how") == "shutdown" or params.get("hard")
        return self.sent[f"{step.kind} at once" if at_once else step.kind]

    def answers(self, run: Run, name: str) -> bool:
        """Whether the run waits for what only a person can say, and now it was said."""
        return False

    def reaches(self, step: PlannedStep) -> bool:
        """Whether the step sends something to a device of the lab."""
        return bool(step.call) and step.device in self.estate.world.devices

    def rest(self) -> None:
        """After a trial: the sites have power, and nobody is logged in any more."""
        with self.estate.world.turn():
            self.estate.world.set_dark("paris", False)
        self.estate.expire_sessions()

    def agreed(self, run_id: str, plan: Plan, limit_s: float | None) -> Run:
        assert not plan.refused, (plan.name, plan.refused)
        if limit_s is not None:
            plan = replace(plan, steps=tuple(replace(step, limit_s=limit_s) for step in plan.steps))
        return self.operations.agree(run_id, plan, plan.confirm)

    def requests(self) -> Counter[str]:
        """The requests that change something, so far, by what the lab calls them."""
        return self._counted(lambda device: device.counters.requests)

    def done(self) -> Counter[str]:
        """Likewise, but only those that a device carried out."""
        return self._counted(lambda device: device.counters.done)

    def _counted(self, of: Callable[[Device], Counter[str]]) -> Counter[str]:
        found: Counter[str] = Counter()
        for device in self.estate.world.devices.values():
            found += Counter({verb: n for verb, n in of(device).items() if verb in self.sent.values()})
        return found


R = TypeVar("R", bound=Range[Any])


@contextmanager
def console(made: Callable[..., R], estate: Any, directory: Path, call_s: float | None) -> Iterator[R]:
    """A console on an estate. ``call_s``: how long one call to a device may take."""
    settings = load(estate.config)
    if call_s is not None:
        settings = replace(settings, devices=tuple(replace(d, call_timeout_s=call_s) for d in settings.devices))
    path = directory / "runs.sqlite"
    store, ledger = open_store(path), Ledger(path)
    try:
        yield made(estate, store, ledger, Operations(settings, store, ledger, Connector(settings)))
    finally:
        ledger.close()
        store.close()


def sending(plan: Plan) -> list[PlannedStep]:
    """The steps that send something, without those that only take another one back."""
    return [step for step in plan.steps if step.call and step.id not in plan.undoes]


def already(run: Run) -> set[str]:
    """The steps for which nothing was sent: it was done before."""
    return {step.id for step in run.steps if step.state is StepState.ALREADY and not step.attempts}
