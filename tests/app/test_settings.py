"""The configuration: what is accepted, and what each kind of mistake is told."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.secrets import Source
from app.settings import Settings, SettingsError, load
from store.estate import DeviceKind, SiteRole

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMIuh31xoGIzV/lrRYragMBGV6K9ftlFok4Ex4h29mAD"

SITES = """\
[[sites]]
name = "paris"
role = "prod"
"""

HMC = """\
[[devices]]
name = "hmc"
kind = "hmc"
site = "paris"
host = "hmc.example.com"
user = "hscroot"
password = "env:HMC"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def loaded(folder: Path, text: str) -> Settings:
    path = folder / "config.toml"
    path.write_text(text)
    return load(path)


def complaints(folder: Path, text: str) -> list[str]:
    """The lines of the error, without the file's folder."""
    with pytest.raises(SettingsError) as caught:
        loaded(folder, text)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def complaint(folder: Path, text: str) -> str:
    (line,) = complaints(folder, text)
    return line


def device(kind: str, *lines: str) -> str:
    head = f'[[devices]]\nname = "dev"\nkind = "{kind}"\nsite = "paris"\nhost = "dev.example.com"\n'
    return SITES + head + "\n".join(lines)


# ------------------------------------------------------------------------------------------------------- accepted


def test_what_is_left_out_has_its_default(folder: Path) -> None:
    found = loaded(folder, SITES + HMC)
    assert not found.read_only
    assert found.known_devices == folder / "known_devices.toml"
    assert found.sites[0].role is SiteRole.PROD
    hmc = found.device("hmc")
    assert (hmc.port, hmc.address) == (22, "hmc.example.com:22")
    assert (hmc.interval_s, hmc.connect_timeout_s, hmc.call_timeout_s, hmc.timeout_s) == (60, 10, 60, 300)
    assert hmc.sessions == 4
    assert hmc.verify
    assert hmc.verified
    assert hmc.password is not None
    assert (hmc.password.source, hmc.password.target) == (Source.ENV, "HMC")


@pytest.mark.parametrize(("kind", "port"), [("flasharray", 443), ("threepar", 8080), ("vsphere", 443)])
def test_each_kind_has_its_own_port(folder: Path, kind: str, port: int) -> None:
    found = loaded(folder, device(kind, 'user = "u"', 'password = "prompt"')).device("dev")
    assert (found.kind, found.port) == (DeviceKind(kind), port)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("30", 30.0), ('"30s"', 30.0), ('"5m"', 300.0), ('"1h"', 3600.0), ('"1d"', 86400.0), ("1.5", 1.5), ('"90"', 90.0)],
)
def test_a_time_is_seconds_or_a_text_with_its_unit(folder: Path, written: str, seconds: float) -> None:
    assert loaded(folder, f"{SITES}{HMC}interval = {written}").device("hmc").interval_s == seconds


def test_relative_paths_count_from_the_folder_of_the_file(folder: Path) -> None:
    lines = ('token = "file:secrets/fa"', 'ca_file = "ca.pem"')
    found = loaded(folder, '[console]\nstore = "s.sqlite"\n' + device("flasharray", *lines))
    assert found.store == folder / "s.sqlite"
    assert found.device("dev").ca_file == folder / "ca.pem"
    token = found.device("dev").token
    assert token is not None
    assert token.target == str(folder / "secrets/fa")


def test_the_command_line_of_a_3par_uses_the_login_of_its_wsapi_where_it_has_none(folder: Path) -> None:
    found = loaded(folder, device("threepar", 'user = "u"', 'password = "env:P"', "[devices.cli]", "port = 2222"))
    cli = found.device("dev").cli
    assert cli is not None
    assert (cli.host, cli.port, cli.user) == ("dev.example.com", 2222, "u")
    assert cli.password == found.device("dev").password


def test_the_command_line_of_a_3par_may_have_a_login_of_its_own(folder: Path) -> None:
    own = ("[devices.cli]", 'user = "c"', 'key_file = "k"', 'passphrase = "env:K"', "verify = false")
    found = loaded(folder, device("threepar", 'user = "u"', 'password = "env:P"', *own)).device("dev")
    assert found.cli is not None
    assert (found.cli.user, found.cli.password, found.cli.key_file) == ("c", None, folder / "k")
    assert [str(reference) for reference in found.references] == ["env:P", "env:K"]
    assert found.verify
    assert not found.verified


def test_host_keys_may_stand_in_the_file_with_or_without_a_comment_behind(folder: Path) -> None:
    found = loaded(folder, f'{SITES}{HMC}host_keys = ["{KEY} root@hmc", "{KEY}"]')
    assert found.device("hmc").host_keys == (KEY, KEY)


def test_pra_05_an_array_takes_a_token_or_a_user_with_a_password(folder: Path) -> None:
    token = loaded(folder, device("flasharray", 'token = "env:T"')).device("dev")
    assert (token.user, token.password, str(token.token)) == (None, None, "env:T")
    user = loaded(folder, device("flasharray", 'user = "u"', 'password = "env:P"')).device("dev")
    assert (user.user, str(user.password), user.token) == ("u", "env:P", None)
    both = complaint(folder, device("flasharray", 'user = "u"', 'password = "env:P"', 'token = "env:T"'))
    assert both == "config.toml:11: devices[dev].token: expected either token, or user and password, found both"


def test_an_ipv6_address_is_a_host(folder: Path) -> None:
    found = loaded(folder, (SITES + HMC).replace("hmc.example.com", "fd00::12"))
    assert found.device("hmc").address == "[fd00::12]:22"


# -------------------------------------------------------------------------------------------------------- mistakes


def test_all_mistakes_of_a_file_are_told_at_once_in_the_order_of_their_lines(folder: Path) -> None:
    text = '[console]\nstor = "x"\nread_only = "yes"\n' + SITES.replace("prod", "main") + HMC + "port = 0"
    assert complaints(folder, text) == [
        "config.toml:2: console.stor: expected the key store, found a key that is not known here",
        'config.toml:3: console.read_only: expected true or false, found "yes"',
        'config.toml:6: sites[paris].role: expected "prod" or "dr", found "main"',
        "config.toml:14: devices[hmc].port: expected a whole number from 1 to 65535, found 0",
    ]


def test_wrong_syntax_is_told_with_line_and_column(folder: Path) -> None:
    line = complaint(folder, f"{SITES}\n[[devices]]\nname = hmc\n")
    assert line == "config.toml:6:8: expected valid TOML (Invalid value: a text stands in quotes)"


def test_a_key_given_twice_is_told_with_its_line(folder: Path) -> None:
    assert complaint(folder, f'{SITES}role = "dr"\n').startswith("config.toml:4:")


def test_a_file_that_ends_too_early_is_told_with_its_last_line(folder: Path) -> None:
    assert complaint(folder, f"{SITES}[[devices]]\nname = [").startswith("config.toml:5: expected valid TOML")


def test_a_file_that_is_not_there_says_what_to_do(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere.toml: .*copy config.example.toml, or try drdeck demo"):
        load(folder / "nowhere.toml")


def test_a_folder_or_a_file_that_is_no_text_is_no_configuration(folder: Path) -> None:
    with pytest.raises(SettingsError, match="Is a directory"):
        load(folder)
    (folder / "binary").write_bytes(b"[console]\nname = '\xff'")
    with pytest.raises(SettingsError, match=r"binary:2: expected UTF-8"):
        load(folder / "binary")


def test_an_empty_file_lacks_sites_and_devices(folder: Path) -> None:
    assert complaints(folder, "") == [
        "config.toml:1: devices: expected at least one [[devices]], found none",
        "config.toml:1: sites: expected at least one [[sites]], found none",
    ]


def test_one_bracket_where_two_are_needed_is_told(folder: Path) -> None:
    line = complaint(folder, SITES + HMC.replace("[[devices]]", "[devices]"))
    assert line == "config.toml:4: devices: expected tables with two brackets: [[devices]], found a table"


def test_two_devices_of_one_name_are_told_with_both_lines(folder: Path) -> None:
    line = complaint(folder, SITES + HMC + HMC.replace("hmc.example", "other.example"))
    assert line == 'config.toml:12: devices[hmc].name: expected another name: line 5 has this one, found "hmc"'


def test_two_sites_of_one_name_are_told_with_both_lines(folder: Path) -> None:
    line = complaint(folder, SITES + SITES + HMC)
    assert line == 'config.toml:5: sites[paris].name: expected another name: line 2 has this one, found "paris"'


def test_two_devices_at_one_address_are_told(folder: Path) -> None:
    line = complaint(folder, SITES + HMC + HMC.replace('"hmc"\nkind', '"twin"\nkind'))
    assert line.startswith("config.toml:15: devices[twin].host: expected another address: device hmc has this one")


def test_a_device_at_a_site_that_is_not_there_is_told_the_sites_that_are(folder: Path) -> None:
    line = complaint(folder, SITES + HMC.replace("paris", "pariss"))
    assert line == 'config.toml:7: devices[hmc].site: expected a site: "paris", found "pariss"'


@pytest.mark.parametrize("host", ["https://hmc", "hmc:22", "a b", "", "hmc/", "a..b", "-hmc"])
def test_a_host_is_a_name_or_an_address_alone(folder: Path, host: str) -> None:
    line = complaint(folder, SITES + HMC.replace("hmc.example.com", host))
    assert line.startswith("config.toml:8: devices[hmc].host: expected a host name or IP address, without https://")


@pytest.mark.parametrize("value", ['"abc"', "0", "0.99", "31622401", '"366d"', "nan", "inf", "true", '"-5s"', "[]"])
def test_rcg_08_a_time_that_is_none_or_out_of_range_names_key_value_and_range(folder: Path, value: str) -> None:
    line = complaint(folder, f"{SITES}{HMC}interval = {value}")
    expected = 'expected seconds, or text such as "30s" or "5m", from 1s to 1d, found '
    assert line.startswith(f"config.toml:11: devices[hmc].interval: {expected}")
    assert value in line or value == "[]"


@pytest.mark.parametrize("kind", ["flasharray", "threepar", "vsphere"])
def test_a_key_of_another_kind_of_device_says_where_it_belongs(folder: Path, kind: str) -> None:
    line = complaint(folder, device(kind, 'user = "u"', 'password = "env:P"', "host_keys = []"))
    assert "devices[dev].host_keys: expected this key only for hmc" in line


def test_what_a_login_lacks_is_told(folder: Path) -> None:
    assert "devices[dev].password: expected password or key_file" in complaint(folder, device("hmc", 'user = "u"'))
    assert "devices[dev].token: expected a reference to a secret" in complaint(folder, device("flasharray"))
    assert "devices[dev].user: expected a user name" in complaint(folder, device("vsphere", 'password = "env:P"'))
    both = device("hmc", 'user = "u"', 'password = "env:P"', 'key_file = "k"')
    assert "devices[dev].password: expected either password or key_file" in complaint(folder, both)
    alone = device("hmc", 'user = "u"', 'password = "env:P"', 'passphrase = "env:K"')
    assert "devices[dev].passphrase: expected key_file beside it" in complaint(folder, alone)


@pytest.mark.parametrize(
    "key", ["ssh-ed25519", "ssh-ed25519 AAAA", f"x{KEY}", KEY[:-1], KEY.replace("/", "!"), "", KEY.split()[1]]
)
def test_a_host_key_that_is_cut_or_of_another_type_is_refused(folder: Path, key: str) -> None:
    line = complaint(folder, f'{SITES}{HMC}host_keys = [\n  "{KEY}",\n  "{key}",\n]')
    assert line.startswith("config.toml:13: devices[hmc].host_keys[2]: expected an SSH host key")


# --------------------------------------------------------------------------------------------------------- secrets


@pytest.mark.parametrize("secret", ["hunter2", "hunter2:x", "Env:hunter2", "prompt:hunter2", "hunter2/env:x", ""])
def test_a_secret_in_plain_text_is_refused_with_what_to_write_instead_and_never_shown(
    folder: Path, secret: str
) -> None:
    line = complaint(folder, SITES + HMC.replace("env:HMC", secret))
    assert line.startswith(
        "config.toml:10: devices[hmc].password: expected a reference and never the secret itself: env:"
    )
    assert "hunter2" not in line


@pytest.mark.parametrize("written", ["12345678", "[12345678]", "{ x = 12345678 }", "12345.678", '"12345678"'])
def test_a_secret_of_another_type_is_refused_and_never_shown(folder: Path, written: str) -> None:
    line = complaint(folder, SITES + HMC.replace('"env:HMC"', written))
    assert "devices[hmc].password: expected a reference" in line
    assert "1234" not in line


def test_a_secret_under_a_key_that_is_not_known_is_not_shown(folder: Path) -> None:
    line = complaint(folder, f'{SITES}{HMC}pasword = "hunter2"')
    assert line == "config.toml:11: devices[hmc].pasword: expected the key password, found a key that is not known here"


def test_a_login_within_an_address_is_not_shown(folder: Path) -> None:
    assert "hunter2" not in complaint(folder, SITES + HMC.replace("hmc.example.com", "https://u:hunter2@hmc"))


@pytest.mark.parametrize(
    "reference", ["env:", "env:A B", "env:1X", "keyring:x", "keyring:/u", "command:", "command:'x"]
)
def test_a_reference_of_a_wrong_form_is_told_the_right_one(folder: Path, reference: str) -> None:
    line = complaint(folder, SITES + HMC.replace("env:HMC", reference))
    assert line.startswith(f"config.toml:10: devices[hmc].password: expected {reference.partition(':')[0]}:")


# ------------------------------------------------------------------------------------------------------ properties

_scalars = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.lists(st.integers(), max_size=2), st.none()
)
_keys = ["name", "kind", "site", "host", "port", "user", "password", "verify", "interval", "sessions", "cli", "token"]


def _toml(value: object) -> str:
    if isinstance(value, str):
        escaped = "".join(c if c.isalnum() else f"\\U{ord(c):08x}" for c in value if not 0xD800 <= ord(c) < 0xE000)
        return f'"{escaped}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    return {"None": "{}"}.get(str(value), str(value))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(_keys), _scalars), st.sampled_from([kind.value for kind in DeviceKind]))
def test_whatever_a_device_holds_it_loads_or_each_error_names_a_line_and_a_key(
    values: dict[str, object], kind: str
) -> None:
    held = {"name": "dev", "kind": kind, "site": "paris", "host": "h", "user": "u", "password": "env:P", **values}
    text = SITES + "[[devices]]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in held.items())
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "config.toml"
        path.write_text(text, encoding="utf-8")
        try:
            load(path)
        except SettingsError as error:
            for problem in error.problems:
                assert 4 <= problem.line <= text.count("\n")
                assert problem.key.startswith("devices[")
                assert problem.expected
                assert len(str(error).splitlines()) == len(error.problems)
