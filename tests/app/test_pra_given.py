"""``drdeck pra`` with the flags of the script that it replaces: logins, secrets, wrong usage, and its help."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from app import pra_command
from app.cli import main, parser
from backends.lab.faults import FaultKind
from tests.faults.pra_estate import PASSWORD, TOKEN, BuildPra, PraEstate, Staged, named

OK, FAILED, USAGE, PARTLY = 0, 1, 2, 3


def pra(at: PraEstate, *words: str) -> int:
    return main(at.argv("pra", *words))


# ------------------------------------------------------------------------------------------------------------ secrets


def given(at: PraEstate, *more: str) -> list[str]:
    """The flags of the script, on the HMC and the array of the nominal site."""
    hmc, array = at.device("hmc-par1").ports["ssh"], at.device("fa-par").ports["https"]
    return ["pra", "-H", f"127.0.0.1:{hmc}", "-u", "hscroot", "-P", f"127.0.0.1:{array}", *more]


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"HMC": PASSWORD, "PURE": TOKEN, "BAD": "wrong-secret-77"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("login", [("-s", "token"), ("-s", "pureuser"), ()], ids=["token", "user", "neither"])
def test_pra_05_the_flags_of_the_script_log_in_by_token_or_by_user(build: BuildPra, login: tuple[str, ...]) -> None:
    at = build(named(2))
    at.lose(at.home, "lpar01")
    words = given(at, "-w", "env:HMC", *login, "-p", "env:PURE", "--apply")
    assert main(at.argv(*words)) == OK
    assert at.writes() == {"fa-par PATCH /hosts": 1}
    assert at.device("fa-lyo").counters.requests.total() == 0


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize(
    ("bad", "login"), [("-w", ()), ("-p", ()), ("-p", ("-s", "pureuser"))], ids=["hmc", "token", "password"]
)
def test_a_secret_of_the_command_line_outweighs_that_of_the_configuration(
    build: BuildPra, bad: str, login: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    at = build(named(1))
    known = {"-w": "env:HMC", "-p": "env:PURE"} | {bad: "env:BAD"}
    assert main(at.argv(*given(at, *login, *(word for pair in known.items() for word in pair)))) == (
        FAILED if bad == "-w" else OK
    )
    assert "login refused" in capsys.readouterr().err


@pytest.mark.usefixtures("secrets")
def test_with_an_hmc_and_an_array_given_no_secret_of_another_device_is_asked_for(
    build: BuildPra, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = build(named(1))
    lines = at.config.read_text().splitlines()
    at.config.write_text("\n".join('token = "prompt"' if line.startswith("token") else line for line in lines))
    monkeypatch.setattr("os.isatty", lambda _: False)
    assert pra(at) == USAGE
    assert main(at.argv(*given(at, "-w", "env:HMC", "-p", "env:PURE"))) == OK


@pytest.mark.usefixtures("secrets")
def test_an_hmc_whose_host_key_was_never_pinned_is_not_believed(
    build: BuildPra, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = build(named(1))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    assert main(given(at, "-w", "env:HMC", "-p", "env:PURE", "--no-verify-ssl")) == FAILED
    assert "no host key is pinned" in capsys.readouterr().err


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("flag", ["-w", "--hmc-password", "-p", "--pure-password"])
def test_pra_11_a_secret_in_the_place_of_a_reference_is_refused_and_not_repeated(
    build: BuildPra, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    at = build(named(1))
    assert main(at.argv(*given(at, "-w", "env:HMC", "-p", "env:PURE", flag, TOKEN))) == USAGE
    said = capsys.readouterr()
    assert "expected a reference and never the secret itself" in said.err
    assert TOKEN not in said.out + said.err
    assert at.device("hmc-par1").counters.logins == 0


@pytest.mark.usefixtures("secrets")
def test_pra_11_no_secret_is_printed_or_kept(build: BuildPra, capsys: pytest.CaptureFixture[str]) -> None:
    at = build(named(1, Staged.NOT))
    assert main(at.argv(*given(at, "-w", "env:HMC", "-p", "env:PURE", "--apply"))) == OK
    at.world.faults.add("fa-lyo", FaultKind.HTTP_409, "POST /hosts")
    assert pra(at, "--apply", "--json") == PARTLY
    at.world.faults.clear()
    assert pra(at, "--apply") == OK
    said = capsys.readouterr()
    kept = {path: path.read_bytes() for path in at.directory.rglob("*") if path.is_file() and path.suffix != ".secret"}
    assert any(b"SQLite format 3" in content and b"mksyscfg" in content for content in kept.values())
    for secret in (PASSWORD, TOKEN):
        assert secret not in said.out + said.err
        assert not any(secret.encode() in content for content in kept.values())


# ---------------------------------------------------------------------------------------------------- wrong usage


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-H", "hmc"], "-H HOST and -P HOST go together: an HMC and its array"),
        (["-P", "fa"], "-H HOST and -P HOST go together: an HMC and its array"),
        (["-H", "hmc", "-P", "fa"], "-u USER: expected the user of the HMC"),
        (["-H", "hmc:x", "-P", "fa", "-u", "a"], "hmc:x: expected a host, or HOST:PORT"),
        (["-H", "hmc", "-P", ":1", "-u", "a", "-w", "env:A"], ":1: expected a host, or HOST:PORT"),
    ],
)
def test_flags_that_do_not_go_together_are_told(
    build: BuildPra, words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    at = build([])
    assert pra(at, *words) == USAGE
    assert capsys.readouterr().err == f"{expected}\n"


def test_a_system_that_there_is_not_leaves_no_lpar(build: BuildPra, capsys: pytest.CaptureFixture[str]) -> None:
    at = build(named(1))
    assert pra(at, "-m", "P9-NOWHERE") == USAGE
    assert capsys.readouterr().err == "No LPAR was found that is to be protected.\n"


def test_sites_that_do_not_say_which_is_which_are_told(build: BuildPra, capsys: pytest.CaptureFixture[str]) -> None:
    at = build(named(1))
    text = at.config.read_text().split("[pra]")[0].replace('role = "dr"', 'role = "prod"')
    at.config.write_text(text)
    assert pra(at) == FAILED
    assert "see [pra]" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------------------- its help

SCRIPT = {
    "-H": "--hmc",
    "-u": "--hmc-user",
    "-w": "--hmc-password",
    "-P": "--purestorage",
    "-s": "--pure-user",
    "-p": "--pure-password",
    "-m": "--managed-system",
}
"""The flags of the script, each with its long form."""
LONG_ONLY = ("--system", "--exclude-lpar", "--host-prefix", "--verify-ssl", "--no-verify-ssl", "--apply", "--json")


def help_of(capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["pra", "--help"]) == OK
    return " ".join(capsys.readouterr().out.split())


def test_pra_13_every_flag_of_the_script_is_taken_and_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(capsys)
    for word in (*SCRIPT, *SCRIPT.values(), *LONG_ONLY):
        assert re.search(rf"(^|[ \[]){re.escape(word)}\b", text), word
    short = [word for flag in SCRIPT for word in (flag, "x")]
    long = [word for flag in SCRIPT.values() for word in (flag, "x")]
    assert vars(parser().parse_args(["pra", *short])) == vars(parser().parse_args(["pra", *long]))


def test_pra_13_every_flag_that_the_help_names_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    shown = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", help_of(capsys)))
    commands = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    known = {flag for action in commands.choices["pra"]._actions for flag in action.option_strings}
    assert shown == known


def test_pra_13_certificates_are_checked_and_nothing_is_done_unless_it_is_said_otherwise() -> None:
    plain = parser().parse_args(["pra"])
    assert (plain.verify_ssl, plain.execute, plain.json) == (True, False, False)
    assert parser().parse_args(["pra", "--no-verify-ssl"]).verify_ssl is False
    assert parser().parse_args(["pra", "--execute"]).execute is True


def test_pra_13_each_exit_code_of_the_help_is_that_of_what_it_says(
    build: BuildPra, capsys: pytest.CaptureFixture[str]
) -> None:
    at = build(named(1))
    told = dict(re.findall(r"(\d) ([^;.]+)[;.]", pra_command.WORDS.split("exit codes:")[1].replace("\n", " ")))
    assert told["0"].strip() == "aligned, or done, or a dry run"
    assert pra(at, "--apply") == OK
    at.lose(at.home, "lpar00")
    assert pra(at) == OK
    assert told["3"].strip() == "something was not done, or needs a person"
    fault = at.world.faults.add("fa-par", FaultKind.HTTP_409, "PATCH /hosts")
    assert pra(at, "--apply") == PARTLY
    at.world.faults.remove(fault.id)
    assert pra(at, "--apply") == OK
    assert told["2"].strip() == "wrong usage, or no LPAR was found"
    assert pra(at, "-H", "hmc") == USAGE
    assert pra(at, "--exclude-lpar", "*") == USAGE
    assert told["1"].strip() == "failed, or refused"
    at.lose(at.home, "lpar00")
    at.config.write_text(at.config.read_text().replace("[console]", "[console]\nread_only = true"))
    assert pra(at, "--apply") == FAILED
    capsys.readouterr()


def test_pra_13_without_a_reference_the_secret_is_asked_for_and_needs_a_terminal(
    build: BuildPra, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = build(named(1))
    monkeypatch.setattr("os.isatty", lambda _: False)
    assert main(at.argv(*given(at))) == USAGE
    assert "no terminal to ask for the password of hscroot on 127.0.0.1 on" in capsys.readouterr().err
