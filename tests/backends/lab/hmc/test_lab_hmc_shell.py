"""The restricted shell of the door: exec and interactive, pipes and what it refuses; the OpenSSH client."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import paramiko
import pytest

from backends.lab.hmc.door import verb_of
from backends.lab.hmc.shell import run_line
from backends.lab.ssh import Answer
from tests.backends.hmc.hmc_estate import USER, Estate

ROWS = "a,1\nb,2\nc,3\n"


def rows(words: list[str], language: str) -> Answer:
    """A command that prints three rows, and ``fail``, which refuses."""
    return Answer("no\n", 1) if words[0] == "fail" else Answer(ROWS)


@pytest.mark.parametrize(
    ("line", "text", "status"),
    [
        ("list | grep b", "b,2\n", 0),
        ("list | grep -v b | wc -l", "2\n", 0),
        ("list | grep -c x", "0\n", 1),
        ("list | head -1", "a,1\n", 0),
        ("list | tail -n 1", "c,3\n", 0),
        ("list | sort -r | head -n1", "c,3\n", 0),
        ("list | cut -d, -f2", "1\n2\n3\n", 0),
        ("list; list", ROWS * 2, 0),
        ("fail; list", f"no\n{ROWS}", 0),
        ("fail && list", "no\n", 1),
        ("fail || list", f"no\n{ROWS}", 0),
        ("list | grep 'b,2'", "b,2\n", 0),
        ('list | grep "b;"', "", 1),
        ("", "", 0),
    ],
)
def test_lines_of_several_commands_run_as_in_a_shell(line: str, text: str, status: int) -> None:
    answer = run_line(line, "en", rows)
    assert (answer.stdout, answer.status) == (text, status)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("list > file", "restricted: cannot redirect output"),
        ("list &", "syntax error"),
        ("list 'open", "unexpected EOF"),
        ("list | awk 1", "awk: command not found"),
        ("list | grep -P x", "invalid option"),
        ("list | grep [", "grep:"),
        ("&& list", "syntax error"),
    ],
)
def test_what_the_shell_does_not_take_is_refused_on_stderr(line: str, words: str) -> None:
    answer = run_line(line, "en", rows)
    assert answer.status != 0
    assert words in answer.stderr
    assert answer.stdout == ""


@pytest.mark.parametrize("command", ["lsyscfg -r sys", "monhmc -r disk", "bash", "python3 -c 1"])
def test_an_unknown_command_is_not_found(hmc: Estate, command: str) -> None:
    status, text, errors = hmc.ask(command)
    assert (status, text) == (127, "")
    assert "command not found" in errors


def test_a_path_is_restricted(hmc: Estate) -> None:
    status, _, errors = hmc.ask("/bin/ls")
    assert status == 127
    assert "restricted" in errors


def test_the_clock_is_told(hmc: Estate) -> None:
    assert hmc.out("date -u +%s") == "1790000000\n"
    assert hmc.out("date +%Y-%m-%d") == "2026-09-21\n"
    assert "2026" in hmc.out("date")
    assert hmc.ask("date -s 10:00")[0] == 1


def test_an_interactive_shell_has_a_prompt_and_runs_lines_until_exit(hmc: Estate) -> None:
    with hmc.client() as client:
        channel = client.invoke_shell()
        channel.settimeout(10)
        channel.sendall(b"lssyscfg -r sys -F name\nnonsense\nexit\n")
        text = b""
        while chunk := channel.recv(4096):
            text += chunk
        assert channel.recv_exit_status() == 0
    assert text.count(b"hscroot@hmc-a:~> ") == 3
    assert b"p10-a\r\np10-b\r\n" in text
    assert b"nonsense: command not found" in text


@pytest.mark.parametrize(
    ("command", "verb"),
    [
        ("lssyscfg -m x -r lpar -F name", "lssyscfg -r lpar"),
        ("lshwres -r virtualio --rsubtype fc --level lpar -m x", "lshwres -r virtualio --rsubtype fc"),
        ("chsysstate -r lpar -m x -o on -n y -f z", "chsysstate -r lpar -o on"),
        ('viosvrcmd -m x -p v -c "ioscli lsmap -all -npiv"', "viosvrcmd lsmap"),
        ("LC_ALL=C lssyscfg -r sys | grep x", "lssyscfg -r sys"),
        ("date", "date"),
        ("", "shell"),
        ("echo 'open", "echo"),
    ],
)
def test_a_request_is_named_for_faults_and_counters(command: str, verb: str) -> None:
    assert verb_of(command) == verb


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no OpenSSH client on this machine")
def test_the_openssh_client_logs_in_with_a_key_and_a_known_host(hmc: Estate, tmp_path: Path) -> None:
    key = paramiko.RSAKey.generate(2048)
    key.write_private_key_file(str(tmp_path / "id"))
    hmc.device.public_keys[USER] = [f"{key.get_name()} {key.get_base64()}"]
    port = str(hmc.device.ports["ssh"])
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{port} {hmc.lab.identities.of('hmc-a').ssh_public}\n", encoding="utf-8")
    options = ["-F", "none", "-i", str(tmp_path / "id"), "-p", port, "-o", "BatchMode=yes"]
    options += ["-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={known}", f"{USER}@127.0.0.1"]

    def ssh(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["ssh", *options, command], capture_output=True, text=True, timeout=30, check=False)

    good = ssh("lssyscfg -r sys -F name,state | grep p10-a")
    assert (good.returncode, good.stdout) == (0, "p10-a,Operating\n"), good.stderr
    bad = ssh("lssyscfg -r lpar -m p10-a --filter lpar_names=nobody")
    assert (bad.returncode, bad.stdout[:8]) == (1, "HSCL8012")
