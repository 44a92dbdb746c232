"""What screens tell the App about runs, and what is to be done. Past tense: the App decides what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from screens.about import AboutRuns as AboutRuns

if TYPE_CHECKING:
    from screens.offers import Offer
    from store.runs import Choice


@dataclass
class ActsAsked(AboutRuns):
    """The operator wants to know what can be done to ``what``, as it is said of it."""

    what: str
    offers: tuple[Offer, ...]

    def chosen(self, word: str) -> ActChosen:
        """What follows where one of them was named, and no menu is needed."""
        return ActChosen(next(offer for offer in self.offers if offer.word == word))


@dataclass
class ActChosen(AboutRuns):
    """The operator named what is to be done, as it is offered."""

    offer: Offer


@dataclass
class OrderGiven(AboutRuns):
    """The operator wants something planned, in the words of the command line: ``rcg failover oradb``."""

    text: str


@dataclass
class CheckAsked(AboutRuns):
    """The operator wants to know how LPARs, or VMs, stand, by name or pattern; none: all that are protected."""

    names: tuple[str, ...] = ()
    vms: bool = False


@dataclass
class RunRequested(AboutRuns):
    """The operator opened a run."""

    run: str
    asked_by: object = None


@dataclass
class BoardRequested(AboutRuns):
    """The operator wants the board of a run of a recovery plan."""

    run: str
    asked_by: object = None


@dataclass
class StepsRequested(AboutRuns):
    """The operator wants the steps of a run; of ``about`` with these ids alone, without it all of them."""

    run: str
    about: str = ""
    steps: tuple[str, ...] = ()
    asked_by: object = None


@dataclass
class StepRequested(AboutRuns):
    """The operator opened a step of a run."""

    run: str
    step: str
    asked_by: object = None


@dataclass
class LogRequested(AboutRuns):
    """The operator opened the journal of a run."""

    run: str
    asked_by: object = None


@dataclass
class DecisionAsked(AboutRuns):
    """The operator wants to decide about a run or, with ``step``, about one of its steps."""

    run: str
    choice: Choice
    step: str | None


@dataclass
class ApprovalAsked(AboutRuns):
    """The operator wants to approve what another person proposed; ``alone``: to break the glass."""

    run: str
    alone: bool = False


@dataclass
class ResumeRequested(AboutRuns):
    """The operator wants an interrupted run to go on here."""

    run: str


@dataclass
class ReportAsked(AboutRuns):
    """The operator wants the evidence of a run in a file."""

    run: str


class RunsChanged(AboutRuns):
    """Runs changed in the view. Carries nothing: whoever handles it reads the view, so that many become one."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, RunsChanged)
