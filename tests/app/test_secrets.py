"""References to secrets: where each kind is looked up, and that no error ever shows a value."""

from __future__ import annotations

import os
import shlex
import sys
import traceback
from pathlib import Path

import keyring
import keyring.backend
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import secrets
from app.secrets import NotAReferenceError, Reference, SecretError, Source, parse, resolve

VALUE = "hunter2-Zürich"


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.touch(mode=0o600)
    path.write_text(f"{VALUE}\n")
    return path


def reference(text: str) -> Reference:
    return parse(text, "password of dev", Path("/"))


def failure(text: str) -> str:
    """What a lookup that fails says; a value must be nowhere in it, nor in the exceptions behind it."""
    with pytest.raises(SecretError) as caught:
        resolve(reference(text))
    shown = "".join(traceback.format_exception(caught.value))
    error: BaseException | None = caught.value
    while error is not None:
        shown += repr(error.__dict__) + repr(error.args)
        error = error.__cause__ or error.__context__
    assert VALUE not in shown
    assert repr(VALUE.encode())[2:-1] not in shown
    return str(caught.value)


def script(code: str) -> str:
    """A command reference that runs Python code."""
    return f"command:{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


# ---------------------------------------------------------------------------------------------------- each source


def test_an_environment_variable_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DR_SECRET", VALUE)
    assert resolve(reference("env:DR_SECRET")).reveal() == VALUE


def test_a_variable_that_is_not_set_or_empty_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DR_SECRET", raising=False)
    assert failure("env:DR_SECRET") == "env:DR_SECRET: the environment variable is not set"
    monkeypatch.setenv("DR_SECRET", "")
    assert failure("env:DR_SECRET") == "env:DR_SECRET: it is empty"


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_its_owner_is_read_without_its_last_line_end(secret_file: Path, mode: int) -> None:
    secret_file.chmod(mode)
    assert resolve(reference(f"file:{secret_file}")).reveal() == VALUE


def test_blanks_of_a_secret_are_part_of_it(secret_file: Path) -> None:
    secret_file.write_bytes(b"  a b \r\n")
    assert resolve(reference(f"file:{secret_file}")).reveal() == "  a b "


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601, 0o620])
def test_a_file_that_others_may_use_is_refused_with_the_command_that_helps(secret_file: Path, mode: int) -> None:
    secret_file.chmod(mode)
    said = failure(f"file:{secret_file}")
    assert said == f"file:{secret_file}: others may read it (mode {mode:04o}): chmod 600 {secret_file}"


def test_what_is_no_file_with_one_line_of_text_is_refused(tmp_path: Path, secret_file: Path) -> None:
    assert "No such file" in failure(f"file:{tmp_path}/none")
    assert "not a regular file" in failure(f"file:{tmp_path}") or "directory" in failure(f"file:{tmp_path}").lower()
    os.mkfifo(tmp_path / "fifo", mode=0o600)
    assert "not a regular file" in failure(f"file:{tmp_path}/fifo")
    for content, said in (
        (f"{VALUE}\n{VALUE}\n".encode(), "more than one line"),
        (VALUE.encode("latin-1"), "not UTF-8 text"),
        (VALUE.encode() + b"\0", "not UTF-8 text"),
        (VALUE.encode() * 10_000, "is no secret"),
        (b"\n", "it is empty"),
    ):
        secret_file.write_bytes(content)
        assert said in failure(f"file:{secret_file}")


def test_a_command_is_run_without_a_shell_and_its_line_is_the_secret(tmp_path: Path) -> None:
    code = f"import sys; print({VALUE!r}); print('noise', file=sys.stderr)"
    assert resolve(reference(script(code))).reveal() == VALUE
    resolve(reference(f"command:echo $(touch {tmp_path}/shell) ; true"))
    assert not (tmp_path / "shell").exists()


def test_a_command_that_fails_is_told_without_its_words_or_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    said = failure(script(f"import sys; print({VALUE!r}); sys.exit({VALUE!r})"))
    assert said == f"command:{sys.executable} …: exit status 1: run it by hand to see why"
    assert "No such file" in failure("command:/nowhere/at-all x")
    assert "more than one line" in failure(script(f"print({VALUE!r}); print({VALUE!r})"))
    monkeypatch.setattr(secrets, "COMMAND_LIMIT_S", 0.3)
    slow = script(f"import time; print({VALUE!r}, flush=True); time.sleep(60)")
    assert failure(slow) == f"command:{sys.executable} …: no end within 0.3 s"


class _Ring(keyring.backend.KeyringBackend):
    """A key ring in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self, fails: bool = False) -> None:
        super().__init__()
        self._fails = fails

    def get_password(self, service: str, username: str) -> str | None:
        if self._fails:
            raise RuntimeError(f"the ring says {VALUE}")
        return VALUE if (service, username) == ("dr/deck", "hmc") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


def test_a_key_ring_is_asked_for_service_and_user() -> None:
    before = keyring.get_keyring()
    try:
        keyring.set_keyring(_Ring())
        assert resolve(reference("keyring:dr/deck/hmc")).reveal() == VALUE
        assert failure("keyring:dr/deck/x") == "keyring:dr/deck/x: no such entry: keyring set dr/deck x"
        keyring.set_keyring(_Ring(fails=True))
        assert "the key ring failed (RuntimeError)" in failure("keyring:dr/deck/hmc")
    finally:
        keyring.set_keyring(before)


def test_a_prompt_is_asked_once_for_each_secret_and_then_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_typed", {})
    one, other = parse("prompt", "password of a", Path("/")), parse("prompt", "password of b", Path("/"))
    asked: list[str] = []

    def read(question: str) -> str:
        asked.append(question)
        return f"{VALUE} {len(asked)}"

    secrets.ask([one, other, one, reference("env:X")], read)
    secrets.ask([one], read)
    assert asked == ["password of a: ", "password of b: "]
    assert resolve(one).reveal() == f"{VALUE} 1"
    assert resolve(other).reveal() == f"{VALUE} 2"


def test_a_prompt_that_was_not_asked_or_cannot_be_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_typed", {})
    assert failure("prompt") == "prompt: the password of dev was not asked for before the console opened"
    with pytest.raises(SecretError, match="no terminal to ask for the password of dev on"):
        secrets.ask([reference("prompt")])


# ------------------------------------------------------------------------------------------------------- hiding


def test_a_secret_shows_dots_and_a_reference_only_its_place() -> None:
    secret = secrets.Secret(VALUE)
    assert VALUE not in f"{secret} {secret!r} {[secret]}"
    command = reference("command:vault read -field=x secret/dr")
    assert f"{command} {command!r}" == "command:vault … command:vault …"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_a_text_is_a_reference_or_the_refusal_does_not_repeat_it(text: str) -> None:
    forms = {source.value for source in Source}
    try:
        found = parse(text, "password of dev", Path("/base"))
    except NotAReferenceError as error:
        assert str(error) in {error.expected}
        if len(text) > 12:
            assert text not in str(error)
    else:
        assert text.partition(":")[0] in forms
        assert found.target
