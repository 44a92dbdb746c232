"""Values, rows and replica keys: read strictly, each bad one a problem of its own object."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element, SubElement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.outcome import ParseError
from backends.vsphere import answers, records, tasks
from backends.vsphere.answers import page, updates
from backends.vsphere.records import DATASTORE_PATHS, HOST_PATHS, VM_PATHS, Facts, replica
from store.estate import PowerState, VmReplica
from tests.faults.fuzz_vsphere import EXTRA, PAGE, TASK, UPDATES

UUID = "502d3f1a-8c44-2b9e-77d0-1c2d3e4f5a6b"
KEYS = {
    "drdeck.replica.source": UUID,
    "drdeck.replica.source-name": "erp-gw",
    "drdeck.replica.generation": "41",
    "drdeck.replica.point-in-time": "2026-03-04T05:06:07Z",
    "drdeck.replica.complete": "true",
    "drdeck.replica.interval": "900",
}


def facts_of(text: str, moid: str) -> Facts:
    row = next(row for row in page(text).rows if row.moid == moid)
    return Facts(row.type, row.moid, dict(row.values), dict(row.missing))


def val(text: str) -> Element:
    element = Element("val")
    element.text = text
    return element


# ----------------------------------------------------------------------------------------------------------- replicas


def test_the_replica_keys_say_whose_copy_it_is_of_which_moment_and_whether_complete() -> None:
    assert replica(KEYS) == VmReplica(UUID, "erp-gw", 41, datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), True, 900)


def test_a_machine_without_any_of_the_keys_is_no_replica() -> None:
    assert replica({"nvram": "a.nvram", "drdeck.note": "x"}) is None


def test_the_interval_may_be_absent() -> None:
    found = replica({key: value for key, value in KEYS.items() if not key.endswith("interval")})
    assert found is not None
    assert found.interval_s is None


@pytest.mark.parametrize("key", [key for key in KEYS if not key.endswith("interval")])
def test_a_missing_key_is_an_error_that_names_it(key: str) -> None:
    with pytest.raises(ParseError, match=key):
        replica({name: value for name, value in KEYS.items() if name != key})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("source", UUID[:-1]),
        ("source", UUID + "0"),
        ("source", UUID.replace("-", "")),
        ("source-name", ""),
        ("generation", "041"),
        ("generation", "-1"),
        ("generation", "4.0"),
        ("generation", "4_1"),
        ("generation", " 41"),
        ("generation", "٤١"),
        ("generation", "9" * 5000),
        ("point-in-time", "2026-03-04 05:06:07"),
        ("point-in-time", "2026-03-04T05:06:07"),
        ("point-in-time", "2026-03-04T05:06:07+02:00"),
        ("point-in-time", "2026-02-30T05:06:07Z"),
        ("point-in-time", "0000-01-01T00:00:00Z"),
        ("complete", "True"),
        ("complete", "yes"),
        ("complete", ""),
        ("interval", "15m"),
        ("interval", ""),
    ],
)
def test_a_bad_value_is_an_error_that_shows_it_and_nothing_is_guessed(key: str, value: str) -> None:
    with pytest.raises(ParseError) as caught:
        replica({**KEYS, f"drdeck.replica.{key}": value})
    assert value in caught.value.line
    assert f"drdeck.replica.{key}" in caught.value.line


@given(
    generation=st.integers(0, 10**15),
    name=st.text(min_size=1, max_size=40),
    moment=st.datetimes(),
    complete=st.booleans(),
    interval=st.none() | st.integers(0, 10**9),
)
def test_what_is_written_is_what_is_read(
    generation: int, name: str, moment: datetime, complete: bool, interval: int | None
) -> None:
    written = {
        **KEYS,
        "drdeck.replica.source-name": name,
        "drdeck.replica.generation": str(generation),
        "drdeck.replica.point-in-time": moment.isoformat() + "Z",
        "drdeck.replica.complete": str(complete).lower(),
        "drdeck.replica.interval": str(interval),
    }
    if interval is None:
        del written["drdeck.replica.interval"]
    aware = moment.replace(tzinfo=UTC)
    assert replica(written) == VmReplica(UUID, name, generation, aware, complete, interval)


@given(options=st.dictionaries(st.sampled_from([*KEYS, "drdeck.replica.other", "x"]), st.text(max_size=40)))
def test_any_set_of_keys_is_a_replica_none_or_a_parse_error(options: dict[str, str]) -> None:
    try:
        found = replica(options)
    except ParseError:
        return
    assert (found is None) == (not any(key.startswith("drdeck.replica.") for key in options))


def test_a_key_that_stands_twice_is_an_error() -> None:
    array = Element("val")
    for value in ("1", "2"):
        option = SubElement(array, "{urn:vim25}OptionValue")
        SubElement(option, "{urn:vim25}key").text = "drdeck.replica.generation"
        SubElement(option, "{urn:vim25}value").text = value
    with pytest.raises(ParseError, match="once"):
        answers.options_of(array, records.REPLICA_PREFIX)


def test_only_our_own_keys_are_taken_from_extra_config() -> None:
    (row,) = page(EXTRA).rows
    value = row.values["config.extraConfig"]
    assert value is not None
    assert answers.options_of(value, records.REPLICA_PREFIX) == {"drdeck.replica.source": UUID}


# --------------------------------------------------------------------------------------------------------------- rows


def test_a_page_is_rows_of_values_with_what_is_missing_and_the_token_of_the_next() -> None:
    found = page(PAGE)
    assert found.token == "3"
    assert [(row.type, row.moid) for row in found.rows] == [
        ("VirtualMachine", "vm-7"), ("HostSystem", "host-12"), ("Datastore", "datastore-3"), ("VirtualMachine", "vm-8"),
    ]  # fmt: skip
    assert found.rows[3].missing == {
        "config.changeVersion": "NoPermission: Permission to perform this operation was denied."
    }


def test_a_row_becomes_a_machine_with_the_name_of_its_host() -> None:
    facts = facts_of(PAGE, "vm-7")
    vm = records.virtual_machine("vc", facts, {"host-12": "esx1.example"}, None, None)
    assert vm is not None
    assert (vm.key, vm.name, vm.power_state, vm.host) == ("vc:vm-7", "erp-gw", PowerState.ON, "esx1.example")
    assert (vm.cpus, vm.memory_mb, vm.committed_bytes) == (4, 8192, 21474836480)
    assert (vm.tools, vm.ip_address, vm.consolidation_needed) == ("guestToolsRunning", "198.51.100.26", False)
    assert facts.problems == []


def test_a_host_s_memory_comes_in_bytes_and_is_kept_in_mib() -> None:
    host = records.esxi_host("vc", facts_of(PAGE, "host-12"))
    assert host is not None
    assert (host.memory_mb, host.cpu_cores, host.in_maintenance) == (262_144, 32, False)
    store = records.datastore("vc", facts_of(PAGE, "datastore-3"))
    assert store is not None
    assert (store.capacity, store.free, store.accessible) == (26388279066624, 13194139533312, True)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("runtime.powerState", "poweredon"),
        ("runtime.powerState", ""),
        ("runtime.connectionState", "down"),
        ("summary.config.instanceUuid", "502d3f1a"),
        ("name", ""),
    ],
)
def test_a_machine_whose_identity_or_state_is_bad_is_a_problem_and_no_machine(path: str, text: str) -> None:
    facts = facts_of(PAGE, "vm-7")
    assert isinstance(facts.values, dict)
    facts.values[path] = val(text)
    assert records.virtual_machine("vc", facts, {}, None, None) is None
    (problem,) = facts.problems
    assert problem.where == f"VirtualMachine vm-7 {path}"
    assert text in problem.line


@pytest.mark.parametrize(
    ("path", "text", "field"),
    [
        ("guest.ipAddress", "198.51.100.256", "ip_address"),
        ("guest.toolsRunningStatus", "running", "tools"),
        ("summary.config.numCpu", "four", "cpus"),
        ("summary.config.numCpu", "-4", "cpus"),
        ("summary.config.memorySizeMB", "8 192", "memory_mb"),
        ("summary.storage.committed", "2e10", "committed_bytes"),
        ("runtime.consolidationNeeded", "FALSE", "consolidation_needed"),
    ],
)
def test_a_bad_detail_is_a_problem_and_the_machine_still_shows_without_it(path: str, text: str, field: str) -> None:
    facts = facts_of(PAGE, "vm-7")
    assert isinstance(facts.values, dict)
    facts.values[path] = val(text)
    vm = records.virtual_machine("vc", facts, {}, None, None)
    assert vm is not None
    assert getattr(vm, field) is None
    assert [problem.where for problem in facts.problems] == [f"VirtualMachine vm-7 {path}"]


def test_a_property_that_may_not_be_read_is_a_problem_in_the_server_s_words() -> None:
    facts = facts_of(PAGE, "vm-7")
    assert isinstance(facts.missing, dict)
    facts.missing["summary.config.numCpu"] = "NoPermission: denied"
    vm = records.virtual_machine("vc", facts, {}, None, None)
    assert vm is not None
    assert vm.cpus is None
    assert facts.problems[0].line == "NoPermission: denied"


def test_updates_are_read_with_their_kinds_and_whether_more_is_to_come() -> None:
    found = updates(UPDATES)
    assert found is not None
    assert (found.version, found.truncated) == ("4", True)
    assert [row.kind_of_change for row in found.rows] == ["enter", "enter", "enter", "leave"]


def test_no_changes_are_no_updates() -> None:
    start, end = UPDATES.index("<returnval>"), UPDATES.index("</returnval>") + len("</returnval>")
    assert updates(UPDATES[:start] + UPDATES[end:]) is None


@pytest.mark.parametrize("text", ["", "<html><body>Proxy</body></html>", PAGE[:-40], PAGE.replace("<obj ", "<o ", 1)])
def test_what_is_no_soap_answer_is_a_parse_error(text: str) -> None:
    for decode in (page, updates):
        with pytest.raises(ParseError):
            decode(text)


def test_a_task_is_read_with_its_fault() -> None:
    seen = tasks.parse_task(TASK)
    assert (seen.state, seen.progress, seen.fault, seen.ended) == ("error", 40, "InvalidPowerState", True)
    assert seen.text is not None
    assert "Powered on" in seen.text


@given(number=st.integers(-(10**18), 10**18))
def test_whole_numbers_are_read_and_nothing_that_only_looks_like_one(number: int) -> None:
    assert answers.number_of(val(str(number))) == number
    for text in (f" {number}", f"{number}.0", f"+{number}", f"{number}_0", hex(number)):
        with pytest.raises(ParseError):
            answers.number_of(val(text))


def test_trap_13_only_leaf_paths_are_asked_for() -> None:
    """Each path ends in a plain value: no object whose one bad element would lose all the others."""
    from pyVmomi import VmomiSupport, vim

    for kind, paths in ((vim.VirtualMachine, VM_PATHS), (vim.HostSystem, HOST_PATHS), (vim.Datastore, DATASTORE_PATHS)):
        for path in paths:
            declared = kind
            for step in path.split("."):
                declared = declared._GetPropertyInfo(step).type
            assert not issubclass(declared, VmomiSupport.DataObject | list), path


def test_the_age_of_a_replica_counts_from_its_point_in_time() -> None:
    found = replica(KEYS)
    assert found is not None
    assert datetime(2026, 3, 4, 5, 21, 7, tzinfo=UTC) - found.point_in_time == timedelta(minutes=15)
