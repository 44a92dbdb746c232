"""``drdeck pgsnap -b`` and ``drdeck pgroup … --backup-mode``: the words of the operator, and where secrets go."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.orders import OrderError, understood
from app.recovery.runner import Runner
from app.runs_command import _Teller
from backends.lab.database.state import PASSWORD
from backends.lab.faults import FaultKind
from store.ledger import Ledger
from store.runs import Run, RunState, StepState
from tests.faults.pg_estate import TOKEN, PgEstate, pg_estate

Said = tuple[int, str, str]
SUFFIXES = iter(f"c{number}" for number in range(1000))


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgEstate]:
    with pg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def store(estate: PgEstate, tmp_path: Path) -> Iterator[Path]:
    estate.database.log.clear()
    estate.database.heard.clear()
    yield tmp_path / "store.sqlite"
    estate.world.faults.clear()
    assert estate.world.referee.violations == []
    assert not estate.database.active


@pytest.fixture
def call(estate: PgEstate, store: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """A command line: exit code, output, errors."""

    def called(*arguments: str) -> Said:
        code = main([*arguments, "--config", str(estate.config), "--store", str(store)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return called


def newest(store: Path) -> Run:
    with closing(Ledger(store)) as ledger:
        return ledger.runs()[0]


def acts(estate: PgEstate) -> list[str]:
    return [what for what, _ in estate.database.log]


def test_pgs_15_without_x_the_plan_is_shown_and_no_command_of_the_database_is_run(
    estate: PgEstate, call: Callable[..., Said]
) -> None:
    code, out, _ = call("pgsnap", "-b", "-s", "pg-erp", "-n", next(SUFFIXES))
    assert code == 0
    assert "Put erp into backup mode" in out
    assert "backup-mode end" in out
    assert "the host of the database erp is known: oracle@127.0.0.1: the host key of the configuration" in out
    assert estate.database.heard == []


def test_with_x_the_snapshot_is_taken_in_backup_mode(estate: PgEstate, call: Callable[..., Said], store: Path) -> None:
    name = next(SUFFIXES)
    code, _, err = call("pgsnap", "-b", "-x", "-s", "pg-erp", "-n", name)
    assert code == 0, err
    assert acts(estate) == ["begin", "end"]
    assert newest(store).state is RunState.SUCCEEDED
    code, out, _ = call("pgsnap", "--backup_mode", "-s", "pg-erp", "-n", name)
    assert code == 0
    assert "Note: erp is not put into backup mode: only a snapshot that is taken needs it." in out


def test_pgs_14_a_snapshot_that_fails_is_told_by_the_exit_code_and_the_end_was_run(
    estate: PgEstate, call: Callable[..., Said], store: Path
) -> None:
    estate.world.faults.add("fa-prd", FaultKind.HTTP_403, "POST /protection-group-snapshots")
    code, _, err = call("pgsnap", "-b", "-x", "-s", "pg-erp", "-n", next(SUFFIXES))
    assert code == 3
    assert "s3  Take erp out of backup mode: done" in err
    assert acts(estate) == ["begin", "end"]
    estate.world.faults.clear()
    assert call("runs", "abort", newest(store).id, "--reason", "later")[0] == 0


def test_a_group_that_no_database_lies_on_is_refused_in_a_sentence(call: Callable[..., Said]) -> None:
    code, out, err = call("pgsnap", "-b", "-x", "-s", "pg-dev", "-n", next(SUFFIXES))
    assert (code, out) == (1, "")
    assert err.startswith("No database of the configuration lies on pg-dev")


def test_the_same_from_pgroup(estate: PgEstate, call: Callable[..., Said]) -> None:
    code, _, err = call("pgroup", "snapshot", "pg-erp", next(SUFFIXES), "--backup-mode", "--execute")
    assert code == 0, err
    assert acts(estate) == ["begin", "end"]
    code, _, err = call("pgroup", "restore", "pg-erp", "x1", "--backup-mode")
    assert (code, err) == (2, "--backup-mode goes with snapshot and clone, not with restore\n")


def test_the_console_takes_the_same_words() -> None:
    understood("pgroup snapshot pg-erp daily --backup-mode")
    understood("pgroup clone pg-erp daily --onto pg-dev --backup-mode")
    with pytest.raises(OrderError, match="--backup-mode goes with snapshot and clone"):
        understood("pgroup restore pg-erp daily --backup-mode")


def test_pgs_16_no_secret_is_on_an_argument_list_or_in_a_file_that_others_may_read(
    estate: PgEstate, call: Callable[..., Said], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    popen = subprocess.Popen

    class Watched(popen):  # type: ignore[type-arg, misc, valid-type]
        def __init__(self, args: Any, *rest: Any, **more: Any) -> None:
            started.append((args, more.get("env")))
            super().__init__(args, *rest, **more)

    monkeypatch.setattr(subprocess, "Popen", Watched)
    code, out, err = call("pgsnap", "-b", "-x", "-s", "pg-erp", "-n", next(SUFFIXES))
    assert code == 0, err
    for secret in (PASSWORD, TOKEN):
        assert secret not in out + err + repr(started) + repr(estate.database.heard)
        for path in (*store.parent.rglob("*"), *estate.directory.rglob("*")):
            if path.is_file() and secret.encode() in path.read_bytes():
                assert path.suffix == ".secret"
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(estate.database.heard) == {"backup-mode begin", "backup-mode end", "backup-mode status"}


def interrupted_once(monkeypatch: pytest.MonkeyPatch, holds: Callable[[], bool]) -> None:
    """Ctrl-C, as soon as it is so."""
    look, left = _Teller.look, [True]

    def looked(self: _Teller) -> None:
        look(self)
        if left and holds():
            left.pop()
            raise KeyboardInterrupt

    monkeypatch.setattr(_Teller, "look", looked)


def test_ctrl_c_in_backup_mode_ends_it_and_then_leaves_the_rest(
    estate: PgEstate, call: Callable[..., Said], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate.world.faults.add("fa-prd", FaultKind.SLOW, "POST /protection-group-snapshots", seconds=1.0, count=1)
    interrupted_once(monkeypatch, lambda: estate.database.active)
    code, _, err = call("pgsnap", "-b", "-x", "-s", "pg-erp", "-t", "pg-dev", "-n", next(SUFFIXES))
    assert code == 3
    assert "Leaving as soon as this is done: Take erp out of backup mode" in err
    run = newest(store)
    assert run.state is RunState.INTERRUPTED
    assert run.open == ()
    assert acts(estate) == ["begin", "end"]
    kinds = {run.plan.step(step.id).kind: step.state for step in run.steps}
    assert (kinds["pg.snapshot"], kinds["volume.overwrite"]) == (StepState.DONE, StepState.PENDING)
    assert call("runs", "resume", run.id)[0] == 0


def test_a_second_ctrl_c_leaves_at_once_and_the_run_says_what_is_open(
    estate: PgEstate, call: Callable[..., Said], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate.world.faults.add("fa-prd", FaultKind.SLOW, "GET /protection-group-snapshots", seconds=1.0)
    interrupted_once(monkeypatch, lambda: estate.database.active)

    def impatient(self: Runner) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Runner, "wind_up", impatient)
    code, out, _ = call("pgsnap", "-b", "-x", "-s", "pg-erp", "-n", next(SUFFIXES))
    assert code in (3, 5)
    assert "Still to be done, also where it is aborted: s3 Take erp out of backup mode" in out
    monkeypatch.undo()
    estate.world.faults.clear()
    run = newest(store)
    assert estate.database.active
    assert call("runs", "abort", run.id, "--reason", "enough")[0] == 0
    assert newest(store).state is RunState.ABORTED


def test_the_password_of_a_database_is_asked_for_only_where_its_database_is(
    estate: PgEstate, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    secret = f'password = "file:{estate.directory / "erp.secret"}"'
    config.write_text(estate.config.read_text().replace(secret, 'password = "prompt"'))
    common = ("pgsnap", "-s", "pg-erp", "-n", next(SUFFIXES), "--config", str(config), "--store", str(store))
    assert main(list(common)) == 0
    assert main([*common, "-b"]) == 2
    assert "prompt: no terminal to ask for the password of oracle on the host of erp on" in capsys.readouterr().err
