"""The command line: what it documents, what it imports, what it says first, and how it ends."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import cli, cli_words, paths, terminal
from app.cli import main
from store.errors import StoreError
from tests.app.lab_estate import LabEstate, lab_estate
from tests.terminal import Terminal, drdeck, private_home

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabEstate]:
    with lab_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for what the program keeps."""
    for name, value in private_home(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DRDECK_CONFIG", raising=False)
    return tmp_path


def options(parser: argparse.ArgumentParser) -> set[str]:
    """Every option of a parser and of the commands below it."""
    found = set(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                found |= options(below)
    return found


# ----------------------------------------------------------------------------------------------------- documentation


def documented() -> list[str]:
    """Every drdeck command that README.md shows, in a block or in a line of text."""
    text = README.read_text()
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    shown = [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", prose)
    return [line.removeprefix(".venv/bin/") for line in shown if re.match(r"(\.venv/bin/)?drdeck( |$)", line)]


@pytest.mark.parametrize("command", sorted(set(documented())))
def test_pra_13_every_documented_command_is_accepted(command: str) -> None:
    words = shlex.split(command, comments=True)[1:]
    arguments = cli_words.parser().parse_args(words)
    assert arguments.command in cli._COMMANDS


def test_pra_13_every_documented_option_is_in_the_help() -> None:
    text = README.read_text()
    named = {word for span in re.findall(r"`(--[^`\n]+)`", text) for word in re.findall(r"--[a-z][a-z-]*", span)}
    assert named
    assert named <= options(cli_words.parser())


def test_pra_13_the_exit_codes_of_help_readme_and_program_are_the_same() -> None:
    codes = {
        cli_words.OK,
        cli_words.FAILED,
        cli_words.USAGE,
        cli_words.PARTLY,
        cli_words.STORE,
        cli_words.INTERRUPTED,
        cli_words.HUNG_UP,
        cli_words.TERMINATED,
    }
    assert (terminal.HUNG_UP, terminal.TERMINATED) == (cli_words.HUNG_UP, cli_words.TERMINATED)
    assert {int(code) for code in re.findall(r"^  (\d+) ", cli_words.EXIT_CODES, re.MULTILINE)} == codes
    table = README.read_text().split("### Exit codes")[1].split("\n## ")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) ", table, re.MULTILINE)} == codes


def test_pra_13_the_files_that_are_documented_are_those_used(home: Path) -> None:
    table = README.read_text().split("## Where things are")[1].split("\n## ")[0]
    for path in (paths.config_dir() / paths.CONFIG_NAME, paths.state_dir() / paths.STORE_NAME):
        shown = (
            str(path).replace(str(home / "config"), "$XDG_CONFIG_HOME").replace(str(home / "state"), "$XDG_STATE_HOME")
        )
        assert shown in table
    assert paths.KNOWN_NAME in table


@pytest.mark.parametrize("words", [[], ["check"], ["trust"], ["inventory"], ["lab"], ["demo"], ["lab", "fault"]])
def test_each_command_has_a_help_that_ends_well(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    assert "--help" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["inventory", "--help"]])
def test_help_and_version_load_neither_screens_nor_databases_nor_vendors(words: list[str]) -> None:
    code = (
        "import sys; from app.cli import main\n"
        f"code = main({words!r})\n"
        "print(*sorted({n.partition('.')[0] for n in sys.modules}), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stderr.splitlines()[-1].split())
    heavy = {"textual", "rich", "sqlalchemy", "alembic", "pydantic", "apscheduler", "asyncio", "sqlite3"}
    vendors = {"paramiko", "pypureclient", "hpe3parclient", "pyVmomi", "requests", "urllib3", "cryptography", "ssl"}
    assert loaded & (heavy | vendors | {"keyring", "platformdirs", "screens"}) == set()


def test_the_version_is_that_of_the_installed_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"drdeck {version('drdeck')}\n"


_OPTIONS = (
    *(["--config", "a.toml"], ["--store=b.sqlite"], ["--pane", "rcgs"], ["--cached"], ["--read-only"], ["--ascii"]),
    *(["--theme", "light"], ["--no-mouse"], ["--slow-link"], ["--drill"]),
)
_REST = ([], ["keys"], ["demo", "--drill"], ["inventory", "rcgs", "--cached"], ["check", "--", "keys"])


@settings(max_examples=40)
@given(st.lists(st.sampled_from(_OPTIONS), max_size=4), st.sampled_from(_REST))
def test_the_console_understands_its_options_as_the_whole_command_line_does(
    options: list[list[str]], rest: list[str]
) -> None:
    words = [word for option in options for word in option] + rest
    whole = cli_words.parser().parse_args(words, argparse.Namespace(words=tuple(words)))
    assert vars(cli_words.parsed(words)) == vars(whole)


# ------------------------------------------------------------------------------------------------- how commands end


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["chek"], "drdeck: argument COMMAND: invalid choice: 'chek'"),
        (["check", "--jsn"], "drdeck: unrecognized arguments: --jsn"),
        (["inventory", "vms"], "drdeck inventory: argument WHAT: invalid choice: 'vms'"),
        (["inventory", "--json", "--csv"], "drdeck inventory: argument --csv: not allowed with argument --json"),
        (["trust", "--replace"], "drdeck trust: argument --replace: expected one argument"),
        (["--conf", "x", "check"], "drdeck: "),
    ],
)
def test_all_03_a_wrong_command_line_is_told_in_the_first_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith(said)
    assert "--help" in first


@pytest.mark.parametrize("words", [[], ["check"], ["trust"], ["inventory"], ["inventory", "--cached"]])
def test_all_03_without_a_configuration_the_first_line_says_how_to_get_one(
    words: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    expected = (
        f"{home}/config/drdeck/config.toml: expected a configuration file here: copy config.example.toml, or try "
    )
    assert capsys.readouterr().err == f"{expected}drdeck demo\n"


def test_the_configuration_is_looked_for_in_three_places_in_turn(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths.config_file() == home / "config/drdeck/config.toml"
    monkeypatch.setenv("DRDECK_CONFIG", str(home / "b.toml"))
    assert paths.config_file() == home / "b.toml"
    assert paths.config_file(home / "c.toml") == home / "c.toml"


@pytest.mark.parametrize("words", [["--config", "{}", "check"], ["check", "--config", "{}"]])
def test_an_option_may_stand_before_the_command_or_behind(
    words: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.format(home / "mine.toml") for word in words]) == 2
    assert capsys.readouterr().err.startswith(f"{home}/mine.toml: expected a configuration file here")


def test_the_console_wants_a_terminal(estate: LabEstate, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(estate.config)]) == 2
    assert capsys.readouterr().err == "Run drdeck in a terminal; for scripts there is: drdeck inventory --json\n"


def ends_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of a command that ends with this error."""

    def command(arguments: argparse.Namespace) -> int:
        raise error

    monkeypatch.setitem(cli._COMMANDS, "check", command)
    return main(["check"])


def test_all_03_a_defect_is_told_without_a_traceback_and_kept_without_its_values(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = KeyError("hunter2")
    error = ValueError("password hunter2")
    error.__cause__ = inner
    assert ends_with(error, monkeypatch) == 1
    said = capsys.readouterr().err
    log = home / "state/drdeck/crash.log"
    assert said == (
        f"Try again: drdeck stopped by a defect of its own (ValueError); send {log} to those who maintain it.\n"
    )
    kept = log.read_text()
    assert "builtins.ValueError" in kept
    assert "from\n  builtins.KeyError" in kept
    assert "test_cli.py" in kept
    assert "hunter2" not in kept
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_defect_is_told_even_where_nothing_can_be_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "state").touch()
    assert ends_with(ValueError("x"), monkeypatch) == 1
    assert "no log could be written" in capsys.readouterr().err


def test_a_thread_that_dies_is_kept_and_not_shown(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    cli._prepare()

    def die() -> None:
        raise ValueError("hunter2")

    thread = threading.Thread(target=die, name="reader of fa-paris")
    thread.start()
    thread.join()
    assert capsys.readouterr() == ("", "")
    kept = (home / "state/drdeck/crash.log").read_text()
    assert "reader of fa-paris" in kept
    assert "hunter2" not in kept


def test_an_interrupt_and_a_bad_store_have_their_own_codes(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends_with(KeyboardInterrupt(), monkeypatch) == 130
    assert capsys.readouterr().err == "Interrupted.\n"
    assert ends_with(StoreError("The store is locked", "End the other program"), monkeypatch) == 4
    assert capsys.readouterr().err == "The store is locked. End the other program\n"


def test_a_reader_that_goes_away_ends_the_command_quietly(estate: LabEstate, home: Path) -> None:
    config = estate.config_in(home)
    command = drdeck("inventory", "lpars", "--json", "--config", str(config))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (1, "")


def test_a_terminal_without_utf_8_ends_no_command(estate: LabEstate, home: Path) -> None:
    config = estate.config_in(home, devices=("hmc-paris",))
    config.write_text(config.read_text().replace('user = "hscroot"', 'user = "opérateur"'))
    command = drdeck("check", "--config", str(config))
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, env=env, capture_output=True, timeout=60)
    assert done.returncode == 1
    assert b"op\\xe9rateur" in done.stdout


# ------------------------------------------------------------------------------------------------- in a terminal


def test_a_prompted_secret_is_asked_before_the_console_opens_and_never_shown(estate: LabEstate, home: Path) -> None:
    config = estate.config_in(home, devices=("hmc-paris",))
    text = re.sub(r'password = "file:[^"]*"', 'password = "prompt"', config.read_text())
    config.write_text(text)
    (password,) = estate.device("hmc-paris").users.values()
    with Terminal(drdeck("--config", str(config), "--read-only"), 100, 30, private_home(home)) as terminal:
        terminal.wait_for("password of hscroot on hmc-paris:")
        terminal.press(password, "enter")
        shown = terminal.wait_for("READ-ONLY", "paris")
        assert password not in shown
        terminal.press("2")
        terminal.wait_for("erp_db1")
        terminal.press("ctrl+q")
        assert terminal.process.wait(timeout=30) == 0


def test_trust_asks_in_a_terminal_and_pins_only_after_a_yes(estate: LabEstate, home: Path) -> None:
    config = estate.config_in(home, without=("host_keys",), devices=("hmc-paris",))
    known = home / "known_devices.toml"
    for answer, code in (("n", 1), ("", 1), ("y", 0)):
        with Terminal(drdeck("trust", "--config", str(config)), 120, 30, private_home(home)) as terminal:
            terminal.wait_for("Does hmc-paris itself show this fingerprint? Pin it? [y/N]")
            assert not known.exists()
            terminal.press(answer, "enter")
            assert terminal.process.wait(timeout=30) == code
    assert '["hmc-paris".ssh]' in known.read_text()


# ------------------------------------------------------------------------------------------------------- secrets


def test_pra_11_no_secret_is_in_an_argument_list_an_output_a_log_or_a_file(estate: LabEstate, home: Path) -> None:
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("no /proc here to read argument lists from")
    secrets = {value for device in estate.lab.world.devices.values() for value in device.users.values()}
    config = estate.config_in(home)
    seen: set[str] = set()
    said = ""
    for words in (["trust", "--yes"], ["check"], ["check", "--json"], ["inventory", "--json"]):
        command = drdeck(*words, "--config", str(config))
        output = home / "output"
        with output.open("w") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
            while process.poll() is None:
                seen |= set(_command_lines())
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.05)
        said += output.read_text()
    assert any("inventory" in line for line in seen)
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"SQLite format 3" in kept
    for secret in secrets:
        assert not any(secret in line for line in seen)
        assert secret not in said
        assert secret.encode() not in kept


def _command_lines() -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
