"""The key that reports are signed with: made once, for its owner alone, and never shown."""

from __future__ import annotations

import base64
import hashlib
import stat
from pathlib import Path

import pytest

from app.report.key import KeyFileError, key_file, signer

OTHER_KEY = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VuBCIEIBi0h9qnQp5LDxwJ7x5ZpkOYWzZ4BW6JdKPZ9A5f2W1U
-----END PRIVATE KEY-----
"""


def test_a_key_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    first = signer(tmp_path / "drdeck.sqlite")
    assert first.made
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
    again = signer(tmp_path / "drdeck.sqlite")
    assert (again.made, again.public) == (False, first.public)
    raw = base64.b64decode(b"".join(first.public.splitlines()[1:-1]))[-32:]
    assert {first.fingerprint, again.fingerprint} == {hashlib.sha256(raw).hexdigest()}
    assert again.sign(b"x") == first.sign(b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["report-key.pem"]


def test_nothing_of_the_private_key_is_in_its_words(tmp_path: Path) -> None:
    key = signer(tmp_path / "drdeck.sqlite")
    assert repr(key) == f"Signer({key.fingerprint})"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    store = tmp_path / "drdeck.sqlite"
    signer(store)
    key_file(store).chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        signer(store)


@pytest.mark.parametrize("content", ["", "no key", OTHER_KEY])
def test_a_file_that_is_no_such_key_is_refused_without_a_word_of_it(tmp_path: Path, content: str) -> None:
    path = key_file(tmp_path / "drdeck.sqlite")
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="holds no Ed25519 private key") as caught:
        signer(tmp_path / "drdeck.sqlite")
    assert str(caught.value).endswith("as PEM without a password")
    assert path.read_text() == content
