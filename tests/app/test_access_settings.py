"""``[[roles]]`` and ``[access]`` of the configuration: what they say, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.access_records import Access, Grant, Others, Role
from app.check import who_may
from app.settings import SettingsError, load
from tests.people import person

BASE = """
[[sites]]
name = "paris"
role = "prod"
[[devices]]
name = "hmc"
kind = "hmc"
site = "paris"
host = "h"
user = "u"
password = "env:X"
"""


def loaded(folder: Path, text: str) -> Access:
    path = folder / "config.toml"
    path.write_text(f"{BASE}{text}")
    return load(path).access


def test_roles_are_given_to_users_and_groups_at_sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
[[roles]]
role = "operator"
users = ["daemon", "DOM\\\\anna"]
[[roles]]
role = "approver"
sites = ["paris"]
groups = ["dr leads"]
[access]
others = "refused"
four_eyes = ["disaster", "failback", "rcg reverse"]
expires = "10m"
"""
    assert loaded(tmp_path, text) == Access(
        (
            Grant(Role.OPERATOR, ("*",), ("daemon", "DOM\\anna")),
            Grant(Role.APPROVER, ("paris",), (), ("dr leads",)),
        ),
        Others.REFUSED,
        ("disaster", "failback", "rcg reverse"),
        600.0,
    )
    settings = load(tmp_path / "config.toml")
    person("daemon", monkeypatch)
    assert who_may(settings).startswith("Roles: daemon is operator at *. Another person has to approve: disaster,")
    person("nobody", monkeypatch)
    assert who_may(settings).startswith("Roles: nobody is none, and is refused.")


def test_without_them_everybody_may_do_everything_and_it_is_said(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") == Access()
    assert "whoever may start drdeck may do everything" in who_may(load(tmp_path / "config.toml"))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[[roles]]\nrole = "boss"\nusers = ["a"]', 2, '"viewer" or "operator" or "approver" or "admin"'),
        ('[[roles]]\nrole = "admin"', 1, "at least one user in users, or group in groups"),
        ('[[roles]]\nrole = "admin"\nusers = []', 3, "at least one user in users, or group in groups"),
        ('[[roles]]\nrole = "admin"\nusers = ["a"]\nsites = ["oslo"]', 4, 'a site: "paris"; or "*" for all'),
        ('[[roles]]\nrole = "admin"\nusers = ["a"]\nsites = []', 4, "at least one site"),
        ('[[roles]]\nrole = "admin"\nuser = ["a"]', 3, "the key users"),
        ('[access]\nothers = "refused"', 2, "at least one [[roles]]"),
        ('[access]\nfour_eyes = ["rcg drill"]', 2, "a kind of run"),
        ('[access]\nexpires = "2s"', 2, "seconds, or text"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(SettingsError) as error:
        loaded(tmp_path, text)
    lines = {problem.line - BASE.count("\n") for problem in error.value.problems if words in problem.expected}
    assert lines == {line}
