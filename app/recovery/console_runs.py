"""The runs of one console: proposed, agreed to, acted for on threads of their own; and those of others, watched.

Every method may be called from any thread but those that say they wait: these look at devices.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from app.permits import RefusedError
from app.recovery import approval
from app.recovery.approval import Waiting
from app.recovery.maintenance import noted
from app.recovery.operations import Asked, Operations, changed, holder, login, new_run_id, outdated, typed, who
from app.recovery.patience import frozen
from app.recovery.runner import Runner
from store import plan_runs
from store.capacity_view import CapacityView
from store.compliance_view import ComplianceView
from store.cost_view import CostView
from store.drills import DRILLING
from store.engine import listen
from store.errors import StoreAwayError, StoreError
from store.infra.falling import Node
from store.infra.view import InfraView
from store.journal_view import MOST as ENTRIES
from store.journal_view import JournalView
from store.ledger import LeaseError, RunError
from store.plan_view import PlanView
from store.run_view import ALIVE, RunView
from store.runs import SECOND_PERSON, Choice, Plan, Run

POLL_S, LEAST_S = 1.0, 0.2
"""How often it is looked what others did, and the least time between two looks."""

MOST = 200
"""So many runs are kept in memory; ``drdeck runs list`` knows the older ones too."""

LEASES_S = 5.0
"""How often it is looked whether whoever acts for a run is still there."""

READ_ONLY = "this console is read-only"

Draw = Callable[[Operations, str], Plan]


class ConsoleRuns:
    """``view`` is kept current and ``changed`` called after each change of it; ``failed`` is told what went wrong on a
    thread. ``read_only``: nothing is begun and nothing decided here."""

    def __init__(
        self,
        operations: Operations,
        view: RunView,
        changed: Callable[[], object],
        failed: Callable[[str], object],
        *,
        read_only: bool = False,
    ) -> None:
        self._operations = operations
        self._ledger = operations.ledger
        self._view = view
        self._changed = changed
        self._failed = failed
        self._read_only = read_only
        self._holder = holder()
        self._runners: dict[str, Runner] = {}
        self._threads: list[threading.Thread] = []
        self._draws: dict[str, tuple[Draw, Asked | None]] = {}
        self._lock = threading.Lock()
        self._wake, self._closed = threading.Event(), threading.Event()
        self._seq = 0
        self._logs: set[str] = set()
        self._logged: dict[str, int] = {}
        self._watcher = threading.Thread(target=self._watch, name="watch the runs", daemon=True)

    # ---------------------------------------------------------------------------------------------------- watching

    def start(self) -> None:
        """Begin to watch the ledger."""
        self._watcher.start()

    def _watch(self) -> None:
        hang_up = listen(self._ledger.path, self._wake.set)
        try:
            self._look_on(POLL_S if hang_up is None else LEASES_S)
        finally:
            if hang_up is not None:
                hang_up()

    def _look_on(self, poll_s: float) -> None:
        """Look, at least every ``poll_s``, until all is closed."""
        leases_at = -LEASES_S
        while not self._closed.is_set():
            now = time.monotonic()
            leases = now - leases_at >= LEASES_S
            try:
                if self._look(leases=leases) or self._view.trouble is not None:
                    self._view.trouble = None
                    self._changed()
                leases_at = now if leases else leases_at
            except Exception as error:  # whatever it is: what is shown would be old, and nobody would know
                trouble = self._told(error)
                if self._view.trouble != trouble:
                    self._view.trouble = trouble
                    self._changed()
            self._closed.wait(LEAST_S)
            self._wake.wait(poll_s)
            self._wake.clear()

    def _told(self, error: Exception) -> str:
        """What every screen says while the runs cannot be read."""
        if isinstance(error, StoreAwayError) and self.acting:
            return frozen(error)
        said = error.message if isinstance(error, StoreError) else f"a defect, {type(error).__name__}"
        return f"The runs cannot be read, what is shown of them is old: {said}"

    def _look(self, *, leases: bool) -> bool:
        """Take over what changed since the last time; says whether anything did."""
        found = {run.id: run for run in self._ledger.runs(self._seq, MOST)}
        self._seq = max([self._seq, *(run.seq for run in found.values())])
        if leases:  # that a lease ran out is written nowhere
            found |= {run.id: run for run in self._ledger.alive()}
        if not self._view.read:  # what a drill left is owed, however many runs came since
            kept = (*DRILLING, *plan_runs.MOVING, plan_runs.REPROTECT)  # and the history of a plan is all of its runs
            found |= {run.id: run for verb in kept for run in self._ledger.runs_of(verb)}
        new = [run for run in found.values() if self._view.get(run.id) != run]
        if self._operations.settings.replications and self._tells_of_replications(new):
            from app.recovery.vm.operate import standing

            self._view.take_standings(standing(self._ledger))
        if new or not self._view.read:
            self._view.take(new)
        logs = [run_id for run_id in sorted(self._logs) if run_id in found or run_id not in self._logged]
        return sum(self._read_log(run_id) for run_id in logs) + len(new) > 0

    def _tells_of_replications(self, new: Sequence[Run]) -> bool:
        """Whether a replication may stand otherwise than before: one of its runs began, ended, or came."""
        known = ((self._view.get(run.id), run) for run in new if run.plan.verb.startswith("vm "))
        changed = any(before is None or before.state is not run.state for before, run in known)
        return changed or not self._view.read

    def _read_log(self, run_id: str) -> int:
        entries = self._ledger.journal(run_id, self._logged.get(run_id, 0))
        self._logged[run_id] = entries[-1].seq if entries else self._logged.get(run_id, 0)
        if entries:
            self._view.take_log(run_id, entries)
        return len(entries)

    def show_log(self, run_id: str) -> None:
        """Keep the journal of this run in the view, from now on."""
        self._logs.add(run_id)
        self._wake.set()

    def _aside(self, work: Callable[[], None], name: str) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except (StoreError, LeaseError, RunError, RefusedError) as error:
                self._failed(str(error))
            except Exception as error:  # its text may hold anything, a secret too
                self._failed(f"{name} ended by a defect, {type(error).__name__}")

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    def read_plans(self, view: PlanView) -> None:
        """Read the files of the recovery plans into ``view``. Waits. Raises StoreError."""
        from app.plans.showing import shown
        from store import plan_checks

        settings = self._operations.settings
        found = shown(settings, self._operations.store.view, plan_checks.kept(self._operations.store.path))
        view.take(found, str(settings.plan_folder), datetime.now(UTC))

    def read_compliance(self, view: ComplianceView) -> None:
        """Look at drills, gaps and lessons for ``view``. Waits. Raises StoreError."""
        from app.compliance.gather import look

        view.take(look(self._operations.settings, self._operations.store.view, self._ledger))

    def read_journal(self, view: JournalView) -> None:
        """Read the journal on into ``view``. Waits. Raises StoreError."""
        after = max(view.total, self._ledger.newest() - ENTRIES)
        view.take(self._ledger.journal(after=after), datetime.now(UTC))

    def read_infra(self, view: InfraView) -> None:
        """Read where the estate stands into ``view``. Waits. Raises StoreError."""
        from app.infra.radii import refresh

        refresh(self._operations.settings, self._operations.store.path, view)

    def count_radius(self, view: InfraView, node: Node) -> None:
        """Count into ``view`` what falls with a node. Waits. Raises StoreError."""
        from app.infra.radii import count

        count(self._operations.settings, self._operations.store, view, node)

    def read_capacity(self, view: CapacityView) -> None:
        """Look at capacity for ``view``. Waits; what goes wrong stands in the view."""
        from app.capacity.gather import look
        from store.capacity_book import CapacityBook

        store = self._operations.store
        try:
            with closing(CapacityBook(store.path)) as book:
                view.take(look(self._operations.settings, store.view, book, view.days_ahead))
        except StoreError as error:
            view.fail(f"Capacity could not be read: {error.message}")

    def read_cost(self, view: CostView) -> None:
        """Look at cost for ``view``, likewise."""
        from app.cost.gather import look

        try:
            view.take(look(self._operations.settings, self._operations.store.view, self._ledger))
        except StoreError as error:
            view.fail(f"Cost could not be read: {error.message}")

    # --------------------------------------------------------------------------------------------------- proposing

    def propose(self, draw: Draw, asked: Asked | None = None) -> Run | Plan:
        """Look, draw up a plan and keep it as a proposed run; a plan that its guards refuse is returned as it is and
        not kept. ``asked`` is what was asked for. Waits. Raises what ``draw`` raises, :class:`app.permits.RefusedError`
        and StoreError."""
        run_id = new_run_id()
        plan = noted(draw(self._operations, run_id), self._operations.permits, self._operations.store)
        if plan.refused or self._read_only:
            return plan
        run = self._operations.propose(run_id, plan, asked)
        self._draws[run_id] = draw, asked
        self._wake.set()
        return run

    def agree(self, run: Run, words: Sequence[str]) -> str | None:
        """Begin a proposed run that ``words`` were typed for, or leave it to another person's approval. Where the plan
        grew old meanwhile it is looked once more: a plan that would be another one now is dropped, and why is returned;
        None: it runs, or waits. Waits. Raises what its ``draw`` raises, :class:`store.ledger.RunError`,
        :class:`app.permits.RefusedError` and StoreError."""
        if self._read_only:
            return READ_ONLY
        plan, reason = run.plan, None
        draw, asked = self._draws[run.id]
        found = typed(plan, words)
        if found.missing or found.wrong:
            reason = f"not typed: {', '.join(found.missing)}" if found.missing else f"not asked for: {found.wrong[0]}"
            if any(words.startswith(SECOND_PERSON) for words in found.missing):
                reason = f"{reason} (another person than {login()})"
        if reason is None and outdated(plan):
            reason = changed(plan, draw(self._operations, run.id), words)
        if reason is not None:
            self.drop(run.id, f"not begun: {reason}")
            return reason
        run = self._operations.agreed(run.id, words, asked)
        self._draws.pop(run.id, None)
        if run.awaited is None:
            self._act(run.id)
        self._wake.set()
        return None

    def waiting(self, run_id: str, understood: Callable[[str], Draw], glass: str | None) -> Waiting:
        """What waits for this person's approval, looked at anew: see :func:`app.recovery.approval.look`. Waits."""
        if self._read_only:
            raise RunError(READ_ONLY)
        try:
            return approval.look(self._operations, run_id, understood, glass)
        finally:
            self._wake.set()

    def approve(self, waiting: Waiting, words: Sequence[str]) -> None:
        """Agree to it by typing ``words``, and begin. Waits. Raises as :func:`app.recovery.approval.approve`."""
        if self._read_only:
            raise RunError(READ_ONLY)
        try:
            approval.approve(self._operations, waiting, words)
            self._act(waiting.run.id)
        finally:
            self._wake.set()

    def drop(self, run_id: str, reason: str) -> None:
        """End a run that never began. Raises :class:`app.permits.RefusedError`."""
        if self._read_only:
            raise RunError(READ_ONLY)
        self._draws.pop(run_id, None)
        self._operations.drop(run_id, reason)
        self._wake.set()

    # ------------------------------------------------------------------------------------------------------ acting

    @property
    def acting(self) -> frozenset[str]:
        """The runs that this console acts for now."""
        with self._lock:
            return frozenset(self._runners)

    def act(self, run_id: str) -> None:
        """Act for a run that was agreed to, or go on with one that was interrupted, on a thread. Raises
        :class:`app.permits.RefusedError`."""
        if self._read_only:
            self._failed(READ_ONLY)
            return
        self._operations.may_go_on(run_id)
        self._act(run_id)

    def _act(self, run_id: str) -> None:
        runner = Runner(self._ledger, self._operations.devices, self._holder, tell=self._wake.set)
        with self._lock:
            if run_id in self._runners or self._closed.is_set():
                return
            self._runners[run_id] = runner
        thread = self._aside(lambda: self._run(run_id, runner), f"run {run_id}")
        self._threads = [*(t for t in self._threads if t.is_alive()), thread]

    def _run(self, run_id: str, runner: Runner) -> None:
        try:
            runner.run(run_id)
        except LeaseError:
            if self._ledger.run(run_id).state not in ALIVE:
                self._ledger.drop(run_id, who(), "another run acts on the same target")
            raise
        finally:
            with self._lock:
                del self._runners[run_id]
            self._wake.set()

    def decide(self, run_id: str, choice: Choice, step: str | None, reason: str) -> None:
        """Decide about a run that is acted for here or at another console; an interrupted one that is aborted is taken
        over for that. Raises :class:`store.ledger.RunError`, :class:`app.permits.RefusedError` and StoreError."""
        if self._read_only:
            raise RunError(READ_ONLY)
        self._operations.decide(run_id, choice, step, reason)
        run = self._ledger.run(run_id)
        if choice is Choice.ABORT and run.holder is None:
            self._act(run_id)
        self._wake.set()

    def report(self, run_id: str, to: Path) -> str:
        """Write the evidence of a run into the folder ``to``; returns the sentence that says where, or why not.
        Waits."""
        from app.report.pack import ReportError, write

        try:
            found = write(self._ledger.path, run_id, to, self._operations.settings.rto_s)
        except ReportError as error:
            return f"{error}."
        new = f" It is signed by a new key: {found.fingerprint}." if found.key_made else ""
        return f"The evidence is in {found.archive} and in the folder beside it.{new}"

    def close(self, limit_s: float) -> None:
        """Leave the runs to be resumed and end within about ``limit_s`` seconds, half of which is for what must not
        outlast a run. Never raises."""
        self._closed.set()
        self._wake.set()
        with self._lock:
            runners = dict(self._runners)
        self._wind_up(runners, limit_s / 2)
        for runner in runners.values():
            runner.leave()
        for thread in (*self._threads, self._watcher):
            if thread.is_alive():
                thread.join(limit_s / (len(self._threads) + 1))

    def _wind_up(self, runners: Mapping[str, Runner], limit_s: float) -> None:
        until = time.monotonic() + limit_s
        with suppress(StoreError, RunError):
            held = [run_id for run_id in runners if self._ledger.run(run_id).open]
            for run_id in held:
                runners[run_id].wind_up()
            while time.monotonic() < until and any(self._ledger.run(run_id).open for run_id in held):
                time.sleep(0.05)
