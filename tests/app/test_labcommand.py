"""``drdeck lab`` from outside: it serves until its input ends, one lab a directory, steered from a second process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from tests.terminal import drdeck, private_home


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {**os.environ, **private_home(tmp_path_factory.mktemp("home"))}


@pytest.fixture(scope="module")
def lab(env: dict[str, str]) -> Iterator[Path]:
    process = subprocess.Popen(
        drdeck("lab", "--until-eof", "--language", "fr"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
    )
    assert process.stdin is not None
    deadline = time.monotonic() + 60
    while run(env, "status").returncode:
        assert time.monotonic() < deadline
        assert process.poll() is None
    yield Path(env["XDG_STATE_HOME"]) / "drdeck" / "lab"
    process.stdin.close()
    assert process.wait(timeout=30) == 0


def run(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(drdeck("lab", *words), env=env, capture_output=True, text=True, timeout=60)


def test_a_second_lab_in_the_same_place_is_refused_and_says_what_to_do(env: dict[str, str], lab: Path) -> None:
    second = run(env)
    assert second.returncode == 1
    assert "a lab already runs" in second.stderr


def test_its_files_are_for_the_owner_alone(lab: Path) -> None:
    assert lab.stat().st_mode & 0o077 == 0
    for file in (lab / "config.toml", lab / "control.json", *lab.glob("*.secret")):
        assert file.stat().st_mode & 0o777 == 0o600, file


def test_faults_are_added_listed_and_removed(env: dict[str, str], lab: Path) -> None:
    added = run(env, "fault", "add", "fa-*", "503", "--verb", "GET /hosts*", "--count", "2")
    assert added.returncode == 0
    number = added.stdout.split()[0]
    assert "GET /hosts*" in run(env, "fault", "list").stdout
    assert run(env, "fault", "remove", number).returncode == 0
    assert "no faults" in run(env, "fault", "list").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fault", "add", "hmc-nowhere", "hang"), "no device matches"),
        (("fault", "add", "fa-paris", "gremlin"), "gremlin"),
        (("fault", "add", "fa-paris", "renamed"), "--subject"),
        (("fault", "remove", "999"), "no fault 999"),
        (("site", "oslo", "dark"), "no site"),
        (("speed", "-1"), "speed"),
    ],
)
def test_what_the_lab_cannot_do_it_refuses_in_words(
    env: dict[str, str], lab: Path, words: tuple[str, ...], said: str
) -> None:
    refused = run(env, *words)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_renamed_object_has_its_other_name_until_the_fault_is_gone(env: dict[str, str], lab: Path) -> None:
    def names() -> str:
        done = subprocess.run(
            drdeck("--config", str(lab / "config.toml"), "inventory", "pgroups", "--csv"),
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout

    run(env, "fault", "add", "fa-paris", "renamed", "--subject", "pg-erp", "--new-name", "pg-erp-old")
    assert "pg-erp-old" in names()
    run(env, "fault", "clear")
    assert "pg-erp-old" not in names()


def test_the_hmc_speaks_the_language_that_was_asked_for(env: dict[str, str], lab: Path) -> None:
    found = json.loads(run(env, "status").stdout)
    port = next(d["ports"]["ssh"] for d in found["devices"] if d["name"] == "hmc-paris")
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        secret = (lab / "hmc-paris.secret").read_text()
        client.connect("127.0.0.1", port, "hscroot", secret, look_for_keys=False, allow_agent=False)
        _, out, _ = client.exec_command("lssyscfg -r lpar -m P10-PAR-01 --filter lpar_names=nobody -F name")
        said = out.read().decode()
    assert said.startswith("HSCL8012")
    assert "was not found" not in said


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no OpenSSH client on this machine")
@pytest.mark.parametrize(
    ("device", "user", "command", "said"),
    [
        ("hmc-paris", "hscroot", "lssyscfg -r sys -F name,state", "P10-PAR-01,Operating"),
        ("3par-paris", "3paradm", "showrcopy groups", "rcg_sales"),
    ],
)
def test_the_ssh_lines_of_the_readme_work(
    env: dict[str, str], lab: Path, device: str, user: str, command: str, said: str
) -> None:
    found = json.loads(run(env, "status").stdout)
    port = next(d["ports"]["ssh"] for d in found["devices"] if d["name"] == device)
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"]
    ssh = ["ssh", *options, "-i", str(lab / "identities" / "id_lab"), "-p", str(port), f"{user}@127.0.0.1", command]
    assert said in subprocess.run(ssh, env=env, capture_output=True, text=True, timeout=60).stdout


def test_a_site_goes_dark_and_comes_back_and_the_referee_tells(env: dict[str, str], lab: Path) -> None:
    assert run(env, "site", "lyon", "dark").returncode == 0
    assert json.loads(run(env, "status").stdout)["sites"]["lyon"] == "dark"
    assert run(env, "site", "lyon", "up").returncode == 0
    assert json.loads(run(env, "referee").stdout)["violations"] == []
