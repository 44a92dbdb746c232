"""hpe.conf, whatever is in it: no password gets out, nothing but the declared error is raised, and what is printed is
loaded."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from app.config_append import full_text
from app.config_table import SettingsError
from app.hpe_conf_devices import convert
from app.hpe_conf_keys import KNOWN, SECRETS
from app.settings import load
from tests.app.hpe_conf_texts import imported, read, section, target

pieces = st.text("ZQXJ", min_size=8, max_size=12)
joints = st.text(" ,;:=#'\"[]\\$@\t\x0b\x1c\x85\u2028", max_size=2)
passwords = st.lists(st.tuples(pieces, joints), min_size=1, max_size=4).map(
    lambda parts: "".join(a + b for a, b in parts)
)


def told(text: str) -> str:
    """Everything that a file makes drdeck say: an error, or the configuration and the notes."""
    try:
        conf = read(text)
    except SettingsError as error:
        assert error.__cause__ is None
        return f"{error}{error.problems}{error.args}"
    found = convert(conf, "paris", "lyon")
    return full_text(found.sites, found.devices, found.comments) + str(found) + str(conf)


def shows(text: str, secrets: list[str]) -> list[str]:
    """The pieces of secrets that are in what is told."""
    said = told(text)
    return [
        run for secret in secrets for run in "".join(c if c in "ZQXJ" else " " for c in secret).split() if run in said
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(passwords, min_size=5, max_size=5))
def test_pra_11_no_password_is_told_whatever_is_in_it(secrets: list[str]) -> None:
    first, second, third, fourth, chap = secrets
    text = section(changes={"hpe3par_password": first, "san_password": second, "chap_password": chap})
    assert shows(text + target({"hpe3par_password": third, "san_password": fourth}), secrets) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(passwords, min_size=4, max_size=4), st.integers(0, 2**32))
def test_pra_11_no_password_is_told_where_the_file_is_damaged(secrets: list[str], seed: int) -> None:
    first, second, third, fourth = secrets
    text = section(changes={"hpe3par_password": first, "san_password": second})
    text += target({"hpe3par_password": third, "san_password": fourth})
    chance = random.Random(seed)
    at = chance.randrange(len(text))
    damaged = [
        text[:at] + text[at + 1 :],
        text[:at] + chance.choice("\n,:= ") + text[at:],
        text[:at] + chance.choice("\n,:= x[#") + text[at + 1 :],
        "\n".join(line for number, line in enumerate(text.split("\n")) if number != at % text.count("\n")),
    ]
    for damage in damaged:
        # Where the password itself was cut in two, what became of it is a key or a value of its own.
        whole = [secret for secret in secrets if secret in damage]
        assert shows(damage, whole) == []


def test_pra_11_a_key_and_its_value_between_brackets_are_no_name_that_is_told() -> None:
    text = section(changes={"san_password": "ZZZZZZZZ]"}) + target({})
    damaged = text.replace("san_password", "[an_password", 1)
    assert "[an_password" in damaged
    assert shows(damaged, ["ZZZZZZZZ"]) == []


words = st.sampled_from(
    [*sorted(KNOWN | SECRETS), "DEFAULT", "a:b", "https://a.example/api/v1", "600", "synchronous", "x"]
)
marks = st.sampled_from(["\n", "\n\n", "\n   ", "[", "]", "=", ":", ",", " ", "#", '"', "$", "\r", "\0", "é"])


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(), st.lists(st.one_of(words, marks), max_size=40).map("".join)))
def test_any_text_is_read_or_refused_with_the_declared_error(text: str) -> None:
    try:
        conf = read(text)
    except SettingsError as error:
        assert error.problems
        assert all(line.isprintable() for line in str(error).splitlines())
    else:
        assert all(note.text.isprintable() and note.key.isprintable() for note in convert(conf, "a", "b").notes)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_a_damaged_file_is_read_or_refused_with_the_declared_error(seed: int) -> None:
    chance = random.Random(seed)
    text = section() + target() + section("two", {"hpe3par_api_url": "https://two.example"})
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(text))
        text = (
            text[:at] + chance.choice(["", "\n", ",", ":", "=", " ", "[", "]", "9"]) + text[at + chance.randint(0, 9) :]
        )
    told(text)


hosts = st.one_of(st.ip_addresses(v=4).map(str), st.from_regex(r"[a-z0-9]{1,9}(\.[a-z]{1,9}){0,2}", fullmatch=True))
names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=70).filter(str.strip)
users = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="$:,=\"'"), min_size=1, max_size=20)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(names, hosts, users, users, st.integers(1, 65535)), min_size=1, max_size=4))
def test_what_is_printed_is_loaded_whatever_the_sections_are_called(
    parts: list[tuple[str, str, str, str, int]],
) -> None:
    text = ""
    for name, (section_name, host, user, login, port) in enumerate(parts):
        called = f"{name}{section_name}".replace("\n", " ").replace("\r", " ")
        url = f"https://{host}:{port}/api/v1"
        text += section(called, {"hpe3par_api_url": url, "hpe3par_username": user, "san_login": login, "san_ip": host})
    text += target({"hpe3par_api_url": "https://target.of.all.example"})
    found = imported(text)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.write_text(full_text(found.sites, found.devices, found.comments), encoding="utf-8", newline="")
        loaded = load(config)
    assert (loaded.sites, loaded.devices) == (found.sites, found.devices)
