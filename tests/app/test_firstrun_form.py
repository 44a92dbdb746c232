"""The forms of the first run: what they refuse, in which words, and that the console reads what they accept."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import firstrun_form as forms
from app.config_writer import config_text
from app.settings import load
from screens.firstrun_fields import Form, could_be_reference, finished, left
from store.estate import DeviceKind, Site, SiteRole

SITE = Site("paris", SiteRole.PROD)
LOGIN = {"user": "drdeck", "password": "env:SECRET"}
COMMON = {"name": "device-1", "site": "paris", "host": "device.example", "port": "4000"}
NO_CLI = {"host": "", "port": "22", "user": "", "password": "", "key_file": "", "passphrase": ""}


def form(kind: DeviceKind, texts: Mapping[str, str] | None = None, **addresses: str) -> Form:
    return forms.device_form(kind, texts or {}, ["paris"], ["taken"], addresses)


def filled(kind: DeviceKind, **texts: str) -> Form:
    return finished(form(kind, {**COMMON, **texts}))


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("name", "", "Name: expected a device's name: 1 to 63 letters"),
        ("name", "two words", "Name: expected a device's name: 1 to 63 letters"),
        ("name", "taken", 'Name: expected another name: there is a "taken" already'),
        ("host", "https://hmc", "Host: expected a host name or IP address, without https://"),
        ("host", "", "found nothing"),
        ("port", "0", "Port: expected a whole number from 1 to 65535"),
        ("port", "22 ", "Port: expected a whole number from 1 to 65535"),
        ("port", "٢٢", "Port: expected a whole number from 1 to 65535"),
        ("user", " drdeck", "User: expected a user name: text of 1 to 128 printable characters"),
        ("password", "hunter2", "Password: expected a reference and never the secret itself: env:NAME"),
        ("password", "env:MY PASSWORD", "Password: expected env:NAME with the name of an environment variable"),
        ("password", "command:", "Password: expected command:PROGRAM ARGUMENTS"),
        ("key_file", "~nobody-is-called-so/id", "Key file: expected a path whose ~ is a known home folder"),
    ],
)
def test_a_field_that_is_left_says_its_name_and_what_was_expected(key: str, text: str, said: str) -> None:
    (complaint,) = left(form(DeviceKind.HMC), key, text).complaints
    assert said in complaint
    assert complaint.startswith(form(DeviceKind.HMC).of(key).label)


def test_a_field_that_is_put_right_complains_no_more() -> None:
    wrong = left(form(DeviceKind.HMC), "port", "many")
    assert wrong.complaints
    assert left(wrong, "port", "22").complaints == ()


@given(st.text(min_size=1).filter(lambda text: ":" not in text and text != "prompt"))
def test_a_text_that_is_no_reference_is_neither_kept_nor_repeated(secret: str) -> None:
    refused = left(form(DeviceKind.HMC), "password", secret)
    assert refused.text("password") == ""
    assert (secret in repr(refused.texts)) is (secret in repr({"password": ""}))
    assert refused.complaints == left(form(DeviceKind.HMC), "password", "another").complaints


def test_a_refused_secret_stays_refused_until_the_field_is_left_again() -> None:
    refused = left(form(DeviceKind.HMC, {**COMMON, "user": "me", "key_file": "/key"}), "passphrase", "hunter2")
    assert finished(refused).first_wrong == "passphrase"
    assert finished(left(refused, "passphrase", "")).complaints == ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", True),
        ("e", True),
        ("env:A", True),
        ("prom", True),
        ("prompt", True),
        ("keyring:a/b", True),
        ("file", True),
        ("enw", False),
        ("prompt1", False),
        ("Env:", False),
        ("hunter2", False),
    ],
)
def test_what_cannot_become_a_reference_is_hidden_while_it_is_typed(text: str, shown: bool) -> None:
    assert could_be_reference(text) is shown


@pytest.mark.parametrize(
    ("kind", "texts", "wrong"),
    [
        (DeviceKind.HMC, {"user": "me"}, {"password": "password or key file"}),
        (DeviceKind.HMC, {**LOGIN, "key_file": "/key"}, {"password": "either password or key file"}),
        (DeviceKind.HMC, {**LOGIN, "passphrase": "env:P"}, {"passphrase": "a key file beside it"}),
        (DeviceKind.HMC, LOGIN, {}),
        (DeviceKind.HMC, {"user": "me", "key_file": "/key", "passphrase": "prompt"}, {}),
        (DeviceKind.FLASHARRAY, {}, {"token": "or user and password; found neither"}),
        (DeviceKind.FLASHARRAY, {"token": "env:T", "user": "me"}, {"token": "either the token, or user and password"}),
        (DeviceKind.FLASHARRAY, {"user": "me"}, {"password": "a reference to a secret"}),
        (DeviceKind.FLASHARRAY, {"password": "env:P"}, {"user": "a user name"}),
        (DeviceKind.FLASHARRAY, {"token": "env:T"}, {}),
        (DeviceKind.FLASHARRAY, LOGIN, {}),
        (DeviceKind.VSPHERE, {"user": "me"}, {"password": "found nothing"}),
        (DeviceKind.THREEPAR, {"password": "prompt"}, {"user": "found nothing"}),
    ],
)
def test_texts_are_looked_at_together_too(kind: DeviceKind, texts: Mapping[str, str], wrong: Mapping[str, str]) -> None:
    done = filled(kind, **texts)
    assert {f.key for f in done.fields if done.wrong(f.key)} == set(wrong)
    for key, words in wrong.items():
        assert words in (done.wrong(key) or "")


def test_two_devices_have_two_addresses() -> None:
    texts = {**COMMON, **LOGIN}
    done = finished(form(DeviceKind.VSPHERE, texts, **{"device.example:4000": "vc-1"}))
    assert done.complaints == ("Host: expected another address: device vc-1 has device.example:4000",)
    moved = finished(left(done, "port", "4001"))
    assert moved.complaints == ()


def test_a_choice_that_is_gone_is_not_kept() -> None:
    done = finished(form(DeviceKind.VSPHERE, {**COMMON, **LOGIN, "site": "closed"}))
    assert done.filled["site"] == "paris"


def test_a_site_is_what_its_form_says_and_the_form_what_the_site_is() -> None:
    site = Site("lyon-2", SiteRole.DR, True)
    assert forms.site_of(finished(forms.site_form(forms.site_texts(site), [])).filled) == site
    taken = finished(forms.site_form(forms.site_texts(site), ["lyon-2"]))
    assert taken.complaints == ('Name: expected another name: there is a "lyon-2" already',)


# ------------------------------------------------------------------------------------- what the console makes of it

secret = st.sampled_from(["env:A", "file:secret", "file:~/secret", "keyring:a/b/c", "command:pass 'a b'", "prompt"])
text = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=12)
user = text.filter(lambda found: found.isprintable() and found == found.strip())
path = st.sampled_from(["key", "~/key", "/etc/key", "a key", 'a"b\\c', "ключ"])


@st.composite
def entries(draw: st.DrawFn) -> tuple[DeviceKind, dict[str, str], dict[str, str]]:
    kind = draw(st.sampled_from(DeviceKind))
    key = {"password": "", "key_file": draw(path), "passphrase": draw(st.just("") | secret)}
    named = {"user": draw(user), "password": draw(secret)}
    texts = {**COMMON, **named}
    if kind is DeviceKind.HMC:
        texts |= draw(st.sampled_from([key, {"key_file": "", "passphrase": ""}]))
    else:
        texts["ca_file"] = draw(st.just("") | path)
    if kind is DeviceKind.FLASHARRAY:
        texts |= draw(st.sampled_from([{"token": ""}, {"token": draw(secret), "user": "", "password": ""}]))
    cli = {
        "host": draw(st.sampled_from(["", "cli.example"])),
        "port": draw(st.sampled_from(["22", "2222"])),
        "user": draw(st.just("") | user),
        "password": draw(st.just("") | secret),
        "key_file": "",
        "passphrase": "",
    }
    return kind, texts, draw(st.sampled_from([cli, {**cli, **key}]))


@settings(max_examples=50)
@given(entries())
def test_what_the_forms_accept_is_what_the_console_reads_with_the_same_things_to_ask_for(
    entry: tuple[DeviceKind, dict[str, str], dict[str, str]],
) -> None:
    kind, texts, cli = entry
    assert finished(form(kind, texts)).complaints == ()
    assert kind is not DeviceKind.THREEPAR or finished(forms.cli_form(texts, cli)).complaints == ()
    with tempfile.TemporaryDirectory() as folder:
        device = forms.device_of(kind, texts, cli, Path(folder))
        config = Path(folder) / "config.toml"
        config.write_text(config_text([SITE], [device]), encoding="utf-8")
        assert load(config).devices == (device,)


def test_the_command_line_of_a_3par_is_the_device_itself_unless_something_else_is_said() -> None:
    texts = {**COMMON, **LOGIN, "password": "prompt", "ca_file": ""}
    device = forms.device_of(DeviceKind.THREEPAR, texts, NO_CLI, Path("/etc"))
    assert device.cli is not None
    assert (device.cli.host, device.cli.port, device.cli.user) == ("device.example", 22, "drdeck")
    assert [reference.target for reference in device.references] == ["password of drdeck on device-1"]
    assert "[devices.cli]" not in config_text([SITE], [device])
