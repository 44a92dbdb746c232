"""``[api]``: who may read over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.api.readers import Readers
from app.api_records import PORT, ApiSettings, Reader
from app.cli import main
from app.secrets import Reference, SecretError, Source
from app.settings import SettingsError, load
from tests.app.test_report_command import CONFIG


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f"{CONFIG}\n{text}")
    return path


def test_without_the_table_nobody_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "")
    assert load(path).api is None
    assert main(["--config", str(path), "api"]) == 2
    assert "Nobody may read: add [[api.readers]]" in capsys.readouterr().err


def test_readers_have_names_and_references(tmp_path: Path) -> None:
    path = written(tmp_path, '[api]\n[[api.readers]]\nname = "board"\ntoken = "env:T"\n')
    assert load(path).api == ApiSettings(PORT, (Reader("board", Reference(Source.ENV, "T")),))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[api]\nport = 0", "config.toml:15: api.port: expected"),
        ("[api]\nhost = '0.0.0.0'", "api.host: expected"),
        ('[api]\n[[api.readers]]\nname = "b"\ntoken = "hunter2hunter2hunter2"', "token: expected a reference"),
        ('[api]\n[[api.readers]]\nname = "b"', "token: expected a reference"),
        ('[[api.readers]]\nname = "b"\ntoken = "env:A"\n[[api.readers]]\nname = "b"\ntoken = "env:B"', "another name"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_no_secret(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(written(tmp_path, text))
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("token", ["short", "x" * 15, "with a line end\nand more"])
def test_a_token_that_protects_nothing_is_refused_by_its_reference(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("T", token)
    with pytest.raises(SecretError, match="env:T: expected at least 16 printable ASCII characters") as caught:
        Readers([Reader("board", Reference(Source.ENV, "T"))])
    assert token not in str(caught.value)


def test_two_readers_have_two_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T", "0123456789abcdef")
    with pytest.raises(SecretError, match="no other reader has"):
        Readers([Reader(name, Reference(Source.ENV, "T")) for name in ("board", "other")])


def test_a_token_that_is_no_text_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T", "0123456789abcdef")
    readers = Readers([Reader("board", Reference(Source.ENV, "T"))])
    assert readers.name("bearer 0123456789abcdef") == "board"
    assert readers.name("Bearer \udcff") is None
    assert readers.name("Basic 0123456789abcdef") is None
