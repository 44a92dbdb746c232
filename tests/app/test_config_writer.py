"""The configuration that drdeck writes: it reads back as the same records, and it never takes the place of a file."""

from __future__ import annotations

import shlex
import stat
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app import secrets
from app.config_writer import ConfigWriteError, config_text, quoted, write_new
from app.secrets import Reference, Source
from app.settings import load
from app.settings_records import DEFAULT_CLI_PORT, CliSettings, DeviceSettings, usual_sessions
from store.estate import DeviceKind, Site, SiteRole

FOLDER = Path("/etc/drdeck")
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMIuh31xoGIzV/lrRYragMBGV6K9ftlFok4Ex4h29mAD"

printable = st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable() and text == text.strip())
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
hosts = st.one_of(
    st.ip_addresses().map(str),
    st.from_regex(r"[A-Za-z0-9](-?[A-Za-z0-9]){0,20}(\.[A-Za-z0-9]{1,9}){0,2}", fullmatch=True),
)
ports = st.integers(1, 65535)
paths = printable.map(lambda text: Path("/") / text).filter(lambda path: "\0" not in str(path))
words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)
sites = st.lists(st.builds(Site, names, st.sampled_from(SiteRole), st.booleans()), min_size=1, max_size=3)


def references(asked_for: str) -> st.SearchStrategy[Reference]:
    """Any reference that :func:`app.secrets.parse` accepts."""
    texts = st.one_of(
        st.from_regex(r"env:[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True),
        paths.map(lambda path: f"file:{path}"),
        st.tuples(words, words).map(lambda pair: f"keyring:{'/'.join(pair)}").filter(lambda t: t[-1] != "/"),
        st.lists(words, min_size=1, max_size=3).map(lambda parts: f"command:{shlex.join(parts)}"),
        st.just("prompt"),
    )
    return texts.map(lambda text: secrets.parse(text, asked_for, FOLDER))


@st.composite
def logins(draw: st.DrawFn, name: str, user: str) -> dict[str, object]:
    """A password, or a key file with or without a passphrase."""
    if draw(st.booleans()):
        return {"password": draw(references(f"password of {user} on {name}"))}
    key_file = draw(paths)
    return {"key_file": key_file, "passphrase": draw(st.none() | references(f"passphrase of {key_file}"))}


@st.composite
def command_lines(draw: st.DrawFn, device: DeviceSettings) -> CliSettings:
    same = CliSettings(device.host, DEFAULT_CLI_PORT, device.user or "", device.password)
    if draw(st.booleans()):
        return same
    user = draw(printable)
    cli = replace(same, host=draw(hosts), port=draw(ports), user=user, verify=draw(st.booleans()))
    if draw(st.booleans()):
        return cli
    return replace(cli, **{"password": None, **draw(logins(f"{device.name} (command line)", user))})  # type: ignore[arg-type]


@st.composite
def devices(draw: st.DrawFn, name: str, site: str) -> DeviceSettings:
    kind = draw(st.sampled_from(DeviceKind))
    user = draw(printable)
    device = DeviceSettings(
        name,
        kind,
        site,
        draw(hosts),
        draw(ports),
        verify=draw(st.booleans()),
        interval_s=draw(st.floats(1, 86400)),
        connect_timeout_s=float(draw(st.integers(1, 120))),
        call_timeout_s=draw(st.floats(1, 3600)),
        timeout_s=draw(st.floats(5, 7200)),
        sessions=draw(st.integers(1, 16)),
    )
    if kind is DeviceKind.HMC:
        keys = draw(st.sampled_from([(), (HOST_KEY,)]))
        return replace(device, user=user, host_keys=keys, **draw(logins(name, user)))  # type: ignore[arg-type]
    device = replace(device, ca_file=draw(st.none() | paths))
    if kind is DeviceKind.FLASHARRAY and draw(st.booleans()):
        return replace(device, token=draw(references(f"API token of {name}")))
    device = replace(device, user=user, password=draw(references(f"password of {user} on {name}")))
    return replace(device, cli=draw(command_lines(device))) if kind is DeviceKind.THREEPAR else device


@st.composite
def estates(draw: st.DrawFn) -> tuple[tuple[Site, ...], tuple[DeviceSettings, ...]]:
    where = draw(sites.filter(lambda found: len({site.name for site in found}) == len(found)))
    called = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    found = [draw(devices(name, draw(st.sampled_from(where)).name)) for name in called]
    addresses = {device.address: device for device in found}
    return tuple(where), tuple(addresses.values())


@settings(max_examples=40)
@given(estates())
def test_what_is_written_is_read_back_as_the_same_records(
    estate: tuple[tuple[Site, ...], tuple[DeviceSettings, ...]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_text(config_text(*estate), encoding="utf-8")
        found = load(path)
    assert (found.sites, found.devices) == estate


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_any_text_survives_its_quotes_and_none_can_disturb_a_terminal(text: str) -> None:
    assert tomllib.loads(f"key = {quoted(text)}") == {"key": text}
    assert quoted(text).isprintable()


# ------------------------------------------------------------------------------------------------------ the new file

SITES = (Site("paris", SiteRole.PROD),)
DEVICES = (
    DeviceSettings(
        "vc",
        DeviceKind.VSPHERE,
        "paris",
        "vc.example",
        443,
        user="me",
        password=Reference(Source.ENV, "VC"),
        sessions=usual_sessions(DeviceKind.VSPHERE),
    ),
)


def test_file_and_folder_are_made_for_their_owner_alone_and_nothing_else_stays_there(tmp_path: Path) -> None:
    path = tmp_path / "drdeck" / "config.toml"
    write_new(path, SITES, DEVICES)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]
    assert load(path).devices == DEVICES


def test_defaults_are_not_written_but_the_port_is_told(tmp_path: Path) -> None:
    text = config_text(SITES, DEVICES)
    assert "# port = 443" in text
    assert "timeout" not in text and "sessions" not in text and "verify" not in text


@pytest.mark.parametrize("content", ["", "[console]\n"])
def test_a_file_that_appeared_meanwhile_is_left_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(content)
    with pytest.raises(ConfigWriteError, match="exists by now and was left as it is"):
        write_new(path, SITES, DEVICES)
    assert path.read_text() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_that_leads_nowhere_is_a_name_that_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(ConfigWriteError, match="exists by now"):
        write_new(path, SITES, DEVICES)
    assert path.is_symlink() and not (tmp_path / "elsewhere.toml").exists()


def test_what_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    elsewhere = replace(DEVICES[0], site="lyon")
    with pytest.raises(ConfigWriteError, match=r'devices\[vc\]\.site: expected a site: "paris"'):
        write_new(tmp_path / "config.toml", SITES, [elsewhere])
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "drdeck").write_text("a file where the folder would be")
    with pytest.raises(ConfigWriteError, match="could not be written: File exists"):
        write_new(tmp_path / "drdeck" / "config.toml", SITES, DEVICES)
