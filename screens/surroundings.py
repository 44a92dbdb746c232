"""What a screen is given: the view, the clock, and which console this is. It reaches for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field

from screens.index import Index
from screens.modes import twin_words
from screens.scene import Scene
from store.alert_view import AlertView
from store.auto_view import AutoView
from store.capacity_view import CapacityView
from store.compliance_view import ComplianceView
from store.cost_view import CostView
from store.estate import Site
from store.incident_records import IncidentView
from store.infra.view import InfraView
from store.journal_view import JournalView
from store.plan_view import PlanView
from store.readiness_view import ReadinessView
from store.replications import Replicated
from store.run_view import RunView
from store.schedule_view import ScheduleView
from store.view import EstateView

if TYPE_CHECKING:
    from screens.samples import Samples
    from store.runs import Run


class Notice(Struct, frozen=True):
    """Something that the console itself has to say, apart from any device: a clock that was set, a late sweep."""

    at: datetime
    text: str


class Surroundings(Struct):
    """One for a console. ``clock`` gives UTC; ``ascii_only`` is for terminals without UTF-8; ``sweeping`` says whether
    devices are being read at all; ``twin``: the lab is a copy of an estate as it was then; ``cached``: this
    console asks no device; ``drill``: what is done here is an exercise; ``jump_scroll``: on a slow line, where the
    cursor leaves the page, half a page is scrolled at once, not a line.

    ``site`` is the one that the tables are narrowed to; ``saved`` the filters that have a name, by table;
    ``themes`` the names of the colours there are; ``typed`` what was typed into the prompt, by its sign. ``runs``
    are those of the store; ``acting`` says for which of them this console acts; ``schedules`` are what runs by
    itself, ``plans`` the recovery plans, ``journal`` the newest entries of the journal, ``compliance`` what auditors
    ask of all plans, ``infra`` where the estate stands; ``readiness`` is how each protected LPAR stands,
    ``vm_readiness`` how each replicated VM does; ``auto`` is what may fail over by itself; ``alerts`` is what is wrong
    and who has it, ``incidents`` what is done about it; ``capacity`` and ``cost`` are figures; ``replicated`` are the
    VMs that the configuration replicates; ``rto_s`` is what a recovery may take, in seconds; ``looking`` is what is
    being planned, and since when; ``orders`` says how what is typed of an order can go on; ``lacks`` why whoever is
    logged in may not do an action, by its id; ``approvers`` whom to ask for the approval of a run."""

    view: EstateView
    clock: Callable[[], datetime]
    sites: tuple[Site, ...] = ()
    lab: bool = False
    twin: datetime | None = None
    read_only: bool = False
    cached: bool = False
    ascii_only: bool = False
    sweeping: Callable[[], bool] = field(default=lambda: False)
    notice: Notice | None = None
    drill: bool = False
    jump_scroll: bool = False
    site: str | None = None
    saved: dict[str, dict[str, str]] = field(default_factory=dict)
    themes: tuple[str, ...] = ()
    typed: dict[str, list[str]] = field(default_factory=lambda: {"/": [], ":": []})
    runs: RunView = field(default_factory=RunView)
    acting: Callable[[], Container[str]] = field(default=frozenset)
    schedules: ScheduleView = field(default_factory=ScheduleView)
    plans: PlanView = field(default_factory=PlanView)
    journal: JournalView = field(default_factory=JournalView)
    compliance: ComplianceView = field(default_factory=ComplianceView)
    infra: InfraView = field(default_factory=InfraView)
    readiness: ReadinessView = field(default_factory=ReadinessView)
    vm_readiness: ReadinessView = field(default_factory=ReadinessView)
    auto: AutoView = field(default_factory=AutoView)
    capacity: CapacityView = field(default_factory=CapacityView)
    cost: CostView = field(default_factory=CostView)
    alerts: AlertView = field(default_factory=AlertView)
    incidents: IncidentView = field(default_factory=IncidentView)
    rto_s: float | None = None
    replicated: tuple[Replicated, ...] = ()
    looking: tuple[str, datetime] | None = None
    orders: Callable[[str, Scene], list[str]] = field(default=lambda typed, scene: [])
    lacks: Mapping[str, str] = field(default_factory=dict)
    approvers: Callable[[Run], str] = field(default=lambda run: "")
    _index: Index | None = None
    _samples: Samples | None = None

    def titled(self, title: str) -> str:
        """The title of a question: on a twin it begins with that."""
        return title if self.twin is None else f"{twin_words(self.twin)}: {title}"

    @property
    def index(self) -> Index:
        """Who belongs to whom, renewed for the view as it is now."""
        if self._index is None or self._index.view is not self.view:
            self._index = Index(self.view)
        return self._index

    @property
    def samples(self) -> Samples:
        """What this console saw of ages that no device keeps."""
        if self._samples is None:
            from screens.samples import Samples

            self._samples = Samples()
        return self._samples

    def scene(self) -> Scene:
        """The estate as it is now."""
        self.index.renew()
        known = self.readiness, self.vm_readiness, self.replicated, self.infra
        return Scene(self.view, self.index, self.clock(), self.sites, *known)
