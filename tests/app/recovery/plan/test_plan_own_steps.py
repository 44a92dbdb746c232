"""Steps of a plan that are none of a member: commands, probes and prompts, in runs that nobody watches over."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from app.connect import HERE
from app.notify import run_events
from app.recovery.attempt import Pace
from app.recovery.draft import Draft, merged
from app.recovery.looks import Devices
from app.recovery.plan.drafting import PlanAt
from app.recovery.plan.steps import Ask, ProbeHttp, ProbeTcp, Reached, RunCommand
from app.recovery.runner import Runner
from app.recovery.step import Step
from backends.host import RunProgram
from backends.local import LocalDriver
from backends.outcome import DeviceError, Sent
from store.ledger import Ledger
from store.runs import Choice, Run, RunState, StepState

PACE = Pace(poll_s=0.01, lost_s=0.05, margin_s=0.0, busy_s=0.01)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "store.sqlite")) as found:
        yield found


def begun(ledger: Ledger, *steps: Step, limit_s: float = 5.0) -> str:
    draft: Draft[PlanAt] = Draft(PlanAt("p", datetime.now(UTC)), "p", "r1")
    for step in steps:
        draft.add(step, type(step).__name__, limit_s=limit_s)
    ledger.propose("r1", merged("plan planned", [draft]), "ana")
    ledger.approve("r1", "ana", ())
    return "r1"


def gone_on(ledger: Ledger, run: str = "r1") -> Run:
    devices = Devices(lambda name: LocalDriver(name), {HERE: 4})
    return Runner(ledger, devices, "one", PACE).run(run, wait_for_operator=False)


def appending(path: Path, code: int = 0) -> RunCommand:
    script = f"import sys; open({str(path)!r}, 'a').write('x'); print('told'); sys.exit({code})"
    return RunCommand(HERE, (sys.executable, "-c", script), 20.0)


def test_a_command_is_run_once_and_what_it_printed_is_kept(ledger: Ledger, tmp_path: Path) -> None:
    begun(ledger, appending(tmp_path / "out"), Reached("done"))
    run = gone_on(ledger)
    assert run.state is RunState.SUCCEEDED and (tmp_path / "out").read_text() == "x"
    assert run.step("p1").answer == "exit status 0: told"


def test_a_command_that_fails_waits_and_is_run_again_when_somebody_has_it_tried_again(
    ledger: Ledger, tmp_path: Path
) -> None:
    begun(ledger, appending(tmp_path / "out", 3), Reached("done"))
    run = gone_on(ledger)
    assert (ledger.standing("r1")[0], run.step("p1").state) == (RunState.WAITING, StepState.FAILED)
    assert "exit status 3: told" in (run.step("p1").reason or "")
    assert run.step("p2").state is StepState.PENDING
    ledger.decide("r1", Choice.RETRY, "p1", "the disk was full", "ana")
    gone_on(ledger)
    assert (tmp_path / "out").read_text() == "xx"


def test_a_command_whose_end_nobody_saw_is_never_run_again_by_itself(ledger: Ledger, tmp_path: Path) -> None:
    begun(ledger, appending(tmp_path / "out"), Reached("done"))
    lease = ledger.take("r1", "a console that is killed")
    ledger.intend(lease, "p1", "python -c …", ())
    ledger.release(lease)
    for _ in range(2):  # resumed, and resumed once more
        run = gone_on(ledger)
        assert (ledger.standing("r1")[0], run.step("p1").state) == (RunState.WAITING, StepState.UNKNOWN)
        assert "nobody knows how it ended" in (run.step("p1").reason or "")
    assert not (tmp_path / "out").exists()
    ledger.decide("r1", Choice.RETRY, "p1", "it did not run", "ana")
    assert gone_on(ledger).state is RunState.SUCCEEDED
    assert (tmp_path / "out").read_text() == "x"


def test_a_command_that_takes_too_long_is_killed_and_put_to_a_person(ledger: Ledger, tmp_path: Path) -> None:
    begun(ledger, RunCommand(HERE, (sys.executable, "-c", "import time; time.sleep(60)"), 0.2))
    run = gone_on(ledger)
    assert (ledger.standing("r1")[0], run.step("p1").state) == (RunState.WAITING, StepState.UNKNOWN)
    ledger.decide("r1", Choice.MARK_DONE, "p1", "it had done its work", "ana")
    assert gone_on(ledger).state is RunState.SUCCEEDED


def test_a_prompt_holds_up_what_comes_after_it_until_it_is_marked_done(ledger: Ledger) -> None:
    begun(ledger, Ask("Call the bank."), Reached("done"))
    run = gone_on(ledger)
    assert (ledger.standing("r1")[0], run.step("p1").state) == (RunState.WAITING, StepState.UNKNOWN)
    assert run.step("p1").reason == "Call the bank. Mark it done once it is."
    assert gone_on(ledger).step("p2").state is StepState.PENDING
    ledger.decide("r1", Choice.MARK_DONE, "p1", "called", "ana")
    assert gone_on(ledger).state is RunState.SUCCEEDED


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response({"/up": 200, "/moved": 302}.get(self.path, 503))
        self.send_header("Location", "/nowhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Answering)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_a_probe_is_done_once_it_is_answered(ledger: Ledger, port: int) -> None:
    where = f"http://127.0.0.1:{port}"
    begun(ledger, ProbeTcp("127.0.0.1", port), ProbeHttp(f"{where}/up"), ProbeHttp(f"{where}/moved"))
    assert gone_on(ledger).state is RunState.SUCCEEDED


def test_a_probe_that_is_not_answered_in_time_is_put_to_a_person(ledger: Ledger, port: int) -> None:
    begun(ledger, ProbeHttp(f"http://127.0.0.1:{port}/down"), limit_s=0.05)
    run = gone_on(ledger)
    assert (ledger.standing("r1")[0], run.step("p1").state) == (RunState.WAITING, StepState.UNKNOWN)
    assert "answers with status 503" in (run.step("p1").reason or "")


def test_a_program_of_this_machine_gets_no_secrets_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HMC_PASSWORD", "tiger")
    show = RunProgram((sys.executable, "-c", "import os; print(sorted(os.environ))"), 20.0)
    said = LocalDriver(HERE).perform(show)
    assert "HMC_PASSWORD" not in said and "PATH" in said


def test_a_program_that_is_not_there_was_refused_and_never_begun() -> None:
    with pytest.raises(DeviceError) as refused:
        LocalDriver(HERE).perform(RunProgram(("/no/such/program",), 5.0))
    assert refused.value.sent is Sent.REFUSED and "No such file" in refused.value.text


def test_whoever_is_told_of_a_prompt_reads_what_to_do_and_nothing_of_a_device(ledger: Ledger) -> None:
    begun(ledger, Ask("Call the bank."))
    run = gone_on(ledger)
    entries = [entry for entry in ledger.journal(run.id) if entry.kind == "result"]
    (event,) = run_events.events_of(entries[-1], run, {})
    assert event.subject == "plan planned p asks for a person: Ask"
    assert "--mark-done p1" in event.next and "device" not in event.means
