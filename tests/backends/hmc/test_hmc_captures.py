"""Real answers of HMCs, where the folder beside the checkout has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backends.hmc import profiles, reading, records
from store.estate import LparState, ManagedSystem, SystemState

CAPTURES = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "hmc"
SYSTEM = ManagedSystem("sys-R1", "8375-42A", "x", SystemState.OPERATING)

pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason="no ../shared/data/hmc beside this checkout")


def stdout(name: str) -> str:
    return str(json.loads((CAPTURES / name).read_text(encoding="utf-8"))["stdout"])


def test_every_capture_parses_in_the_form_that_its_command_asks_for() -> None:
    for path in sorted(CAPTURES.glob("*.json")):
        capture = json.loads(path.read_text(encoding="utf-8"))
        command, text = capture["command"], capture["stdout"]
        if capture["exit_status"]:
            assert records.code_of(text), path.name
            continue
        names = command.partition(" -F ")[2].split(" ")[0].split(",")
        if command == "lshmc -V":
            assert records.multiline_attributes(text)
        elif "--header" in command:
            assert records.table(command, text, names).problems == (), path.name
        elif " -F " in command:
            assert records.rows_without_header(command, text, len(names)), path.name
        else:
            assert records.attributes(command, text).problems == (), path.name


def test_the_systems_are_read() -> None:
    (row,) = records.attributes("sys", stdout("cli-sys-attrs.json")).rows
    system = reading.managed_system(row)
    assert (system.name, system.type_model, system.state) == ("sys-R1", "8375-42A", SystemState.OPERATING)
    assert (system.max_lpars, system.virtual_fc_capable) == (400, True)


def test_the_profiles_are_read_with_all_their_adapters() -> None:
    found = [reading.profile(row) for row in records.attributes("prof", stdout("cli-prof-all.json")).rows]
    assert [(p.name, len(p.eth), len(p.scsi)) for p in found] == [
        ("lpar-93", 2, 4),
        ("default_profile", 2, 1),
        ("default_profile", 0, 1),
        ("prof-1", 0, 1),
    ]


def test_a_system_without_virtual_fc_adapters_has_none() -> None:
    assert records.attributes("fc", stdout("cli-vio-fc-default.json")) == records.Table()


def test_the_published_lines_parse() -> None:
    text = (CAPTURES / "other_real_lines.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    lpar, fragment, eth, profile = (records.attributes("line", line + "\n").rows[0] for line in lines)
    assert reading.lpar(SYSTEM, lpar).state is LparState.RUNNING
    assert reading.lpar(SYSTEM, lpar).os_version == "AIX 7.1 7100-00-00-0000"
    pairs = [profiles.fc_adapter(text).wwpns for text in fragment.list_of("virtual_fc_adapters")]
    assert [len(pair) for pair in pairs] == [2, 2]
    adapter = reading.eth(eth)
    assert (adapter.mac, adapter.addl_vlan_ids, adapter.trunk_priority) == ("FE9F66D5360C", (54,), 1)
    assert profile.number("desired_mem") == 1024
