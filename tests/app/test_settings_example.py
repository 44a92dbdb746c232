"""The example configuration: it loads as it stands, it holds every key, and what it says of defaults is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.access_records import ACCESS_KEYS, ROLE_KEYS
from app.api_records import API_KEYS, READER_KEYS
from app.auto_records import AUTO_GROUP_KEYS, AUTO_KEYS
from app.backup_settings import BACKUP_KEYS
from app.cost_records import COST_KEYS, COST_SITE_KEYS
from app.database_records import DATABASE_KEYS, DATABASE_PORT, DATABASE_TIMEOUT_S
from app.host_records import HOST_KEYS
from app.metrics_settings import METRICS_KEYS
from app.naming import NAMING_KEYS
from app.notify.records import CHANNEL_KEYS, ChannelKind
from app.pra_records import PRA_KEYS, PRA_SYSTEM_KEYS
from app.replication_records import INTERVAL_S, KEEP, REPLICATION_KEYS
from app.settings import SettingsError, load
from app.settings_records import CLI_KEYS, CONSOLE_KEYS, DEVICE_KEYS, SITE_KEYS
from app.store_settings import KEYS as STORE_KEYS
from store.estate import DeviceKind
from store.notices import EventKind

EXAMPLE = Path(__file__).resolve().parents[2] / "config.example.toml"
_MANY = r"\[\[(?:databases|hosts|notifications|auto\.groups|replications|roles|api\.readers|alerts\.escalation)\]\]"
_TABLES = (
    rf"\[cost\]|\[\[cost\.sites\]\]|\[metrics\]|\[devices\.cli\]|\[access\]|\[store\]|\[\[pra\.systems\]\]|{_MANY}"
)
_DEFAULT = re.compile(rf"^# ((?:[a-z_]+ = |{_TABLES}).*)$", re.MULTILINE)

BELOW = (
    "devices.cli",
    "access",
    "store",
    *(f"[{name}]" for name in ("pra.systems", "databases", "hosts", "auto.groups")),
)
BELOW += (
    "[notifications]",
    "[replications]",
    "[roles]",
    "[api.readers]",
    "[alerts.escalation]",
    "cost",
    "[cost.sites]",
    "metrics",
)


def test_the_example_loads_as_it_stands() -> None:
    found = load(EXAMPLE)
    assert {device.kind for device in found.devices} == set(DeviceKind)


def test_every_key_that_is_commented_out_is_accepted_too(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(_DEFAULT.sub(r"\1", EXAMPLE.read_text()))
    with pytest.raises(SettingsError) as caught:
        load(path)
    alternatives = {(problem.key, problem.found) for problem in caught.value.problems}
    ways = {"devices[hmc-paris].password", "devices[fa-paris].token", "devices[3par-paris].cli.password"}
    ways |= {"databases[erp].password", "hosts[batch1].password", "console.store"}
    lyon = {("auto.groups[shop].replica", '"vc-lyon"'), ("auto.groups[shop].link", '"3par-lyon"')}  # no example has it
    twin = {("console.twin", "")}  # which is of a lab alone
    assert alternatives == {(key, "both") for key in ways} | lyon | twin


def test_nothing_changes_when_the_defaults_are_written_out(tmp_path: Path) -> None:
    """Except for keys whose example is no default: another way to log in, a file, another host."""
    other = r"key_file|passphrase|user|password|ca_file|host|store|drill_vswitch|drill_vlan|volume|snapshot|pgroup"
    other += "|gateway|directory|twin"
    no_default = re.compile(rf"# (?:(?:{other})\b|\[devices\.cli\])")
    lines = []
    below = False
    for line in EXAMPLE.read_text().splitlines():
        below = bool(line) and (below or any(f"[{t}]" in line for t in BELOW))
        lines.append(line if below or no_default.match(line) else _DEFAULT.sub(r"\1", line))
    path = tmp_path / "config.toml"
    path.write_text("\n".join(lines))
    example, written = load(EXAMPLE), load(path)
    assert written.known_devices == tmp_path / "known_devices.toml"
    assert replace(written, path=example.path, known_devices=example.known_devices) == example


@pytest.mark.parametrize("kind", DeviceKind)
def test_every_key_of_a_device_stands_in_the_example(kind: DeviceKind) -> None:
    blocks = [block for block in EXAMPLE.read_text().split("[[devices]]") if f'kind = "{kind}"' in block]
    for key in DEVICE_KEYS[kind]:
        wanted = r"^#? ?\[devices\.cli\]" if key == "cli" else rf"^#? ?{key} = "
        assert re.search(wanted, blocks[0], re.MULTILINE), key


def test_every_other_key_stands_in_the_example() -> None:
    text = EXAMPLE.read_text()
    for keys, name in ((ROLE_KEYS, "# [[roles]]"), (ACCESS_KEYS, "# [access]"), (STORE_KEYS, "# [store]")):
        block = text[text.index(name) :].split("\n\n")[0]
        assert all(f"\n# {key} = " in block for key in keys), name
    console = text[text.index("[console]") : text.index("[[sites]]")]
    site = text[text.index("[[sites]]") : text.index("[[devices]]")]
    cli = text[text.index("[devices.cli]") :].split("[[devices]]")[0]
    database = text[text.index("# [[databases]]") : text.index("\n[naming]")]
    host = text[text.index("# [[hosts]]") : text.index("\n[naming]")]
    plans = text[text.index("\n[plans]") : text.index("# [[hosts]]")]
    pra, systems = text[text.index("\n[pra]") :].split("# [[notifications]]")[0].split("[[pra.systems]]")
    auto, groups = text[text.index("\n[auto]") :].split("[[auto.groups]]")
    replication = text[text.index("# [[replications]]") :]
    api, readers = text[text.index("\n[api]") : text.index("\n[backups]")].split("[[api.readers]]")
    naming = text[text.index("\n[naming]") : text.index("\n[pra]")]
    blocks = (
        (console, CONSOLE_KEYS),
        (site, SITE_KEYS),
        (cli, CLI_KEYS),
        (database, DATABASE_KEYS),
        (host, HOST_KEYS),
        (plans, ("directory",)),
        (naming, NAMING_KEYS),
        (pra, PRA_KEYS),
        (systems, PRA_SYSTEM_KEYS),
        (auto, AUTO_KEYS),
        (groups, AUTO_GROUP_KEYS),
        (replication, REPLICATION_KEYS),
        (text[text.index("\n[backups]") :].split("# [[")[0], BACKUP_KEYS),
        (api, [key for key in API_KEYS if key != "readers"]),
        (readers, READER_KEYS),
        (text[text.index("# [cost]") : text.index("# [[cost.sites]]")], COST_KEYS),
        (text[text.index("# [[cost.sites]]") : text.index("# [metrics]")], COST_SITE_KEYS),
        (text[text.index("# [metrics]") :], METRICS_KEYS),
    )
    for block, keys in blocks:
        for key in keys:
            assert re.search(rf"^#? ?{key} = ", block, re.MULTILINE), key


def channel_blocks() -> list[str]:
    """The tables of channels, without their marks of comments."""
    blocks = EXAMPLE.read_text().split("# [[notifications]]")[1:]
    return [re.sub(r"(?m)^# ?", "", block.split("\n\n")[0]) for block in blocks]


@pytest.mark.parametrize("kind", ChannelKind)
def test_every_key_of_a_channel_and_every_kind_of_event_stands_in_the_example(kind: ChannelKind) -> None:
    blocks = channel_blocks()
    like = "slack" if kind is ChannelKind.TEAMS else kind
    own = [block for block in blocks if f'kind = "{like}"' in block]
    for key in CHANNEL_KEYS[kind]:
        shown = own if key not in CHANNEL_KEYS[ChannelKind.EMAIL] or key in ("kind", "host", "port") else blocks
        assert any(re.search(rf"^{key} = ", block, re.MULTILINE) for block in shown), key
    for event in EventKind:
        assert re.search(rf"[ .]{event}[,.]", EXAMPLE.read_text()), event


def test_the_defaults_of_a_channel_are_those_that_the_example_says(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(EXAMPLE.read_text() + "".join(f"\n[[notifications]]\n{block}\n" for block in channel_blocks()))
    written = load(path).notifications
    optional = r"(?m)^(events|severity|sites|window|verify|ca_file|port|security|facility|socket) = .*$"
    bare = [re.sub(optional, "", block) for block in channel_blocks()]
    path.write_text(EXAMPLE.read_text() + "".join(f"\n[[notifications]]\n{block}\n" for block in bare))
    found = load(path).notifications
    assert replace(written[0], ca_file=None) == found[0]
    assert [channel.way for channel in written] == [channel.way for channel in found]


def test_the_defaults_of_a_database_are_those_that_the_example_says(tmp_path: Path) -> None:
    block = EXAMPLE.read_text().split("# [[databases]]")[1].split("\n\n")[0]
    lines = [line.removeprefix("# ") for line in block.splitlines() if not line.startswith("# password")]
    path = tmp_path / "config.toml"
    path.write_text(EXAMPLE.read_text() + "\n[[databases]]\n" + "\n".join(lines))
    (found,) = load(path).databases
    assert (found.port, found.timeout_s, found.verify, found.host_keys) == (DATABASE_PORT, DATABASE_TIMEOUT_S, True, ())


def test_the_defaults_of_a_replication_are_those_that_the_example_says(tmp_path: Path) -> None:
    block = EXAMPLE.read_text().split("# [[replications]]")[1]
    path = tmp_path / "config.toml"
    lines = [line.removeprefix("# ") for line in block.splitlines()]
    path.write_text(EXAMPLE.read_text() + "\n[[replications]]\n" + "\n".join(lines))
    (found,) = load(path).replications
    assert (found.interval_s, found.keep) == (INTERVAL_S, KEEP)
