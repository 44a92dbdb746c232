"""A slice of the kill campaign on replicated VMs (``make long`` does the whole of it)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.kills import Shooting, shooting_range, trial
from tests.faults.test_lpar_kills import Chosen
from tests.faults.vm_trials import CASES

BY_NAME = {case.name: case for case in CASES}


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shooting]:
    with shooting_range(tmp_path_factory.mktemp("kills"), "vm") as ready:
        yield ready


@pytest.mark.parametrize(
    ("case", "kind", "point"),
    [
        ("replicate", "vm.carry", "call left"),
        ("replicate within one vCenter", "vm.clone", "device did it"),
        ("failover", "vm.stop", "call left"),
        ("disaster of a dark site", "vm.start", "device did it"),
        ("cleanup", "vm.destroy", "after intent"),
        ("backup", "vmbackup.export", "call left"),
        ("restore", "vmbackup.restore", "device did it"),
    ],
)
def test_a_run_on_a_vm_that_is_killed_and_resumed_does_everything_once(
    at: Shooting, case: str, kind: str, point: str
) -> None:
    assert trial(at, BY_NAME[case], Chosen(kind, point)) is None
    assert at.missed == 0
