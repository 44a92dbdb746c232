"""[store] of the configuration: an address without a secret in it, and a password that is a reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import SettingsError, load
from store.place import Server, beside

ESTATE = """
[[sites]]
name = "paris"
role = "prod"

[[devices]]
name = "hmc"
kind = "hmc"
site = "paris"
host = "hmc.example"
user = "u"
password = "env:P"
"""


def loaded(tmp_path: Path, text: str) -> Server:
    path = tmp_path / "config.toml"
    path.write_text(text + ESTATE)
    found = load(path).store
    assert isinstance(found, Server)
    return found


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, text)
    return str(caught.value)


def test_a_server_is_named_by_its_address_and_its_password_is_looked_up_when_it_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql://drdeck@db.example/drdeck?sslmode=verify-full&sslrootcert=/ca.pem"
    found = loaded(tmp_path, f'[store]\nurl = "{url}"\npassword = "env:STORE_PASSWORD"\n')
    assert (found.url, str(found)) == (url, "postgresql://drdeck@db.example/drdeck")
    for word in ("first", "second"):
        monkeypatch.setenv("STORE_PASSWORD", word)
        assert found.password is not None
        assert found.password() == word
    assert "second" not in repr(found)


def test_what_lies_beside_a_store_depends_on_where_it_is_and_not_on_who_opens_it(tmp_path: Path) -> None:
    names = [
        beside(loaded(tmp_path, f'[store]\nurl = "{url}"\n')).name
        for url in ("postgresql://a@db/one", "postgresql://b@db/one?sslmode=require", "postgresql://a@db/two")
    ]
    assert names[0] == names[1] != names[2]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://drdeck:geheim@db/drdeck", "without a password in it"),
        ("postgresql://drdeck@db/drdeck?password=geheim", "without a password in it"),
        ("postgresql://drdeck@db/drdeck?geheim=1", "is none for a store"),
        ("mysql://geheim@db/drdeck", "an address such as postgresql://"),
        ("/var/lib/geheim.sqlite", "an address such as postgresql://"),
    ],
)
def test_an_address_that_is_none_or_holds_a_secret_is_refused_with_its_line_and_not_shown(
    tmp_path: Path, url: str, said: str
) -> None:
    text = refused(tmp_path, f'[store]\nurl = "{url}"\n')
    assert f"{tmp_path / 'config.toml'}:2: store.url: expected" in text
    assert said in text
    assert url not in text


def test_a_file_and_a_server_would_be_two_stores(tmp_path: Path) -> None:
    text = refused(tmp_path, '[console]\nstore = "here.sqlite"\n[store]\nurl = "postgresql://db/drdeck"\n')
    assert "console.store: expected either store in [console], or [store]" in text


def test_an_unknown_key_and_a_password_that_is_no_reference_are_refused(tmp_path: Path) -> None:
    text = refused(tmp_path, '[store]\nurl = "postgresql://db/drdeck"\nuser = "x"\npassword = "geheim"\n')
    assert "store.user: expected" in text
    assert "store.password: expected a reference and never the secret" in text
    assert "geheim" not in text
