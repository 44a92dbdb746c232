"""Who somebody is: the operating system says so, and no environment variable alone."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.person import Facts, Person, _ancestors, names_in, same, understood, whoami
from app.recovery.operations import login, who
from tests.people import person

USERS = {0: "root", 1000: "anna", 1001: "bert"}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(1000, 1000, frozenset(), USERS), Person("anna")),
        (Facts(1000, None, frozenset(), USERS), Person("anna")),
        (Facts(4711, None, frozenset(), USERS), Person("uid 4711")),
        # sudo: believed where the kernel says the same
        (Facts(0, 1000, frozenset(), USERS, 1000, "anna"), Person("anna", as_root=True)),
        (Facts(0, None, frozenset({0, 1000}), USERS, 1000, "anna"), Person("anna", as_root=True)),
        # variables alone, or such that contradict one another or the kernel
        (Facts(0, None, frozenset({0}), USERS, 1000, "anna"), Person("root")),
        (Facts(0, 1001, frozenset({1000}), USERS, 1000, "anna"), Person("root", login="bert")),
        (Facts(0, 1000, frozenset(), USERS, 1000, "bert"), Person("root", login="anna")),
        (Facts(0, 1000, frozenset(), USERS, None, "anna"), Person("root", login="anna")),
        (Facts(0, None, frozenset({0}), USERS, 0, "root"), Person("root")),
        # su, or sudo to another one than root: the roles are that one's, and who logged in is kept
        (Facts(1001, 1000, frozenset(), USERS), Person("bert", login="anna")),
        (Facts(1001, None, frozenset({1000}), USERS, 1000, "anna"), Person("bert", login="anna")),
        (Facts(1001, None, frozenset(), USERS, 1000, "anna"), Person("bert")),
    ],
)
def test_the_person_is_who_the_kernel_says(facts: Facts, expected: Person) -> None:
    assert understood(facts) == expected


@given(
    st.sampled_from((1000, 1001, 4711)), st.none() | st.integers(0, 2000), st.none() | st.sampled_from(("anna", "root"))
)
def test_whoever_is_not_root_is_nobody_else_whatever_the_variables_say(
    uid: int, sudo_uid: int | None, sudo_user: str | None
) -> None:
    found = understood(Facts(uid, None, frozenset(range(2000)), USERS, sudo_uid, sudo_user))
    assert found.user == USERS.get(uid, f"uid {uid}")
    assert not found.as_root


def test_this_process_is_asked_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(variable, "daemon")
    person(pwd.getpwuid(os.getuid()).pw_name, monkeypatch)
    found, entry = whoami(), pwd.getpwuid(os.getuid())
    assert found.user == entry.pw_name == login()
    assert grp.getgrgid(entry.pw_gid).gr_name in found.groups
    assert {grp.getgrnam(name).gr_gid for name in found.groups} <= set(os.getgrouplist(entry.pw_name, entry.pw_gid))
    assert who().startswith(found.words)
    assert Path("/proc/self").stat().st_uid in _ancestors()


def test_variables_of_sudo_that_nothing_confirms_make_root_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    person("root", monkeypatch)
    daemon = pwd.getpwnam("daemon")
    monkeypatch.setenv("SUDO_USER", "daemon")
    monkeypatch.setenv("SUDO_UID", str(daemon.pw_uid))
    assert whoami().user == "root"
    monkeypatch.setenv("SUDO_UID", "²")
    assert whoami().user == "root"


@pytest.mark.parametrize(
    "found", [Person("anna"), Person("bert", login="anna"), Person("anna", as_root=True), Person("uid 7")]
)
def test_what_the_journal_keeps_of_somebody_says_which_users_they_are(found: Person) -> None:
    assert names_in(f"{found.words}@jump-1 from 10.0.0.1") == found.names


def test_two_who_share_a_user_are_no_two_people() -> None:
    assert same(("anna",), ("Anna",))
    assert same(("bert", "anna"), ("anna",))
    assert same((), ("anna",))
    assert not same(("bert",), ("anna", "carl"))
