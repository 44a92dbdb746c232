"""The steps of aligning, each in every state that it may find its device in when its turn comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from app.recovery import kinds
from app.recovery.pra import array_steps, hmc_steps
from app.recovery.pra.golden import attributes
from app.recovery.step import Seen, Step, UnseenError, Verdict
from backends.flasharray.looks import (
    Connections,
    Hosts,
    SnapshotAsked,
    SnapshotMembers,
    TransferOf,
    Volumes,
    VolumeSnapshot,
)
from backends.flasharray.records import Attachment, GroupSnapshot, Transfer
from backends.hmc.looks import FcOf, LparsOf, MapsOf, ProfilesOf
from store.estate import Host, LparState, NpivMapping, Volume
from tests.app.recovery.pra_model import GIB, NOW
from tests.app.recovery.pra_profiles import PROFILE, client, lpar, mac, nic, pair, server

DONE, READY, REFUSED = Verdict.DONE, Verdict.READY, Verdict.REFUSED
A, B = pair(1)


@dataclass
class Shown:
    """What devices show, by look; a look that is not among them is one at a device that cannot be read."""

    looks: Mapping[Any, Any]
    began_at: datetime | None = None
    accepted: bool = False
    waited_s: float = 0.0
    margin_s: float = 0.0
    asked: list[str] = field(default_factory=list)

    def reading(self, device: str) -> Any:
        raise AssertionError("a step goes by looks")

    objects = reading

    def look(self, device: str, query: Any, old_s: float = 0.0) -> Any:
        self.asked.append(device)
        if query not in self.looks:
            raise UnseenError(f"{query} cannot be seen", silent=True)
        return self.looks[query]


def observed(step: Step, *, began: bool = False, **looks: Any) -> Seen:
    """``looks`` by their names below."""
    shown = Shown({LOOKS[name]: value for name, value in looks.items()}, NOW if began else None)
    seen = step.observe(shown)
    assert set(shown.asked) == {step.device}
    assert seen.why
    return seen


def verdict(step: Step, **looks: Any) -> Verdict:
    return observed(step, **looks).verdict


LOOKS: dict[str, Any] = {
    "lpars": LparsOf("P10-B"),
    "profiles": ProfilesOf("P10-B"),
    "fc": FcOf("P10-B"),
    "maps": MapsOf("P10-B", "vios1"),
    "hosts": Hosts(),
    "connections": Connections(),
    "volumes": Volumes(),
    "snapshot": SnapshotAsked("fa:pg.7"),
    "parts": SnapshotMembers("fa:pg.7"),
    "transfer": TransferOf("fa:pg.7"),
}


# ----------------------------------------------------------------------------------------------------- every step

WANTED = replace(PROFILE, auto_start=False, eth=(nic(2, mac(1)),), fc=(replace(client(31, "vios1"), remote_slot=131),))
VALUES = attributes(WANTED)
DEFINE = hmc_steps.DefineLpar("hmc", "P10-B", "erp", "normal", "aixlinux", VALUES)
REDEFINE = hmc_steps.RedefineLpar("hmc", "P10-B", "erp", "normal", (("desired_mem", "4096"),))
ADD = hmc_steps.AddServer("hmc", "P10-B", "vios1", 131, "erp", 9, 31)
KEEP = hmc_steps.KeepServer("hmc", "P10-B", "vios1", "vios", 131, "erp", 9, 31)
MAP = hmc_steps.MapPort("hmc", "P10-B", "vios1", 131, "vfchost2", "fcs1")
MAKE_HOST = array_steps.MakeHost("fa", "erp", (A, B), "aix")
ADD_WWNS = array_steps.AddWwns("fa", "erp", (B,))
MAKE_VOLUME = array_steps.MakeVolume("fa", "erp_v0", "fa:pg.7.erp_v0")
CONNECT = array_steps.Connect("fa", "erp", "erp_v0", 5)
EVERY = (DEFINE, REDEFINE, ADD, KEEP, MAP, MAKE_HOST, ADD_WWNS, MAKE_VOLUME, CONNECT)


@pytest.mark.parametrize("step", EVERY, ids=lambda step: type(step).__name__)
def test_what_the_store_keeps_of_a_step_makes_the_same_one_again(step: Step) -> None:
    assert kinds.made(*kinds.stored(step)) == step


@pytest.mark.parametrize("step", EVERY, ids=lambda step: type(step).__name__)
def test_what_will_be_sent_is_what_its_verb_says(step: Any) -> None:
    sent: list[tuple[str, Any, str]] = []

    class Hand:
        def perform(self, device: str, verb: Any, door: str) -> str:
            sent.append((device, verb, door))
            return "answer"

        def pause(self) -> None: ...

    assert step.act(Hand()) == "answer"
    ((device, verb, door),) = sent
    assert (device, verb.command(), door) == (step.device, step.call(), "")


@pytest.mark.parametrize("step", EVERY, ids=lambda step: type(step).__name__)
def test_a_device_that_cannot_be_read_is_not_concluded_from(step: Step) -> None:
    with pytest.raises(UnseenError):
        step.observe(Shown({}))


# ---------------------------------------------------------------------------------------------------- definitions


def off(**more: Any) -> Any:
    return {"erp": lpar("erp", state=LparState.NOT_ACTIVATED, **more)}


def test_an_lpar_that_is_not_there_is_to_be_defined() -> None:
    assert verdict(DEFINE, lpars={}) is READY


def test_an_lpar_is_defined_once_it_reads_back_as_it_was_written() -> None:
    issued = replace(WANTED, fc=tuple(replace(each, wwpns=pair(5)) for each in WANTED.fc))
    assert verdict(DEFINE, lpars=off(), profiles={"erp": (issued,)}) is DONE


@pytest.mark.parametrize(
    ("profiles", "why"),
    [
        ({}, "erp is there without the profile normal"),
        ({"erp": (replace(WANTED, name="other"),)}, "erp is there without the profile normal"),
        (
            {"erp": (replace(WANTED, desired_mem_mb=1),)},
            "erp is there, and differs in desired_mem",
        ),
    ],
)
def test_an_lpar_of_that_name_that_is_another_is_left_alone(profiles: Any, why: str) -> None:
    seen = observed(DEFINE, lpars=off(), profiles=profiles)
    assert (seen.verdict, seen.why) == (REFUSED, why)


def test_a_profile_that_differs_is_corrected_while_its_lpar_is_not_activated() -> None:
    seen = observed(REDEFINE, lpars=off(), profiles={"erp": (WANTED,)})
    assert (seen.verdict, seen.why) == (READY, "it differs in desired_mem")


def test_a_profile_that_says_so_is_corrected() -> None:
    changed = replace(WANTED, desired_mem_mb=4096)
    for state in (LparState.NOT_ACTIVATED, LparState.RUNNING):
        assert verdict(REDEFINE, lpars={"erp": lpar("erp", state=state)}, profiles={"erp": (changed,)}) is DONE


@pytest.mark.parametrize("state", [state for state in LparState if state is not LparState.NOT_ACTIVATED])
def test_a_profile_in_use_is_not_changed(state: LparState) -> None:
    seen = observed(REDEFINE, lpars={"erp": lpar("erp", state=state)}, profiles={"erp": (WANTED,)})
    assert (seen.verdict, seen.why) == (REFUSED, f"erp is {state}: a profile in use is not changed")


@pytest.mark.parametrize("looks", [{"lpars": {}, "profiles": {}}, {"lpars": off(), "profiles": {"erp": ()}}])
def test_a_profile_that_is_gone_cannot_be_corrected(looks: Any) -> None:
    assert verdict(REDEFINE, **looks) is REFUSED


# ----------------------------------------------------------------------------------------------------------- VIOS

VIOS = {"vios1": lpar("vios1", env="vioserver")}
OURS = server(131, 9, "erp", 31)


@pytest.mark.parametrize("found", [OURS, server(131, None, "erp", 31), server(131, None, "any", None)])
def test_a_server_adapter_that_serves_the_client_is_there(found: Any) -> None:
    assert verdict(ADD, lpars=VIOS, fc={"vios1": (server(7, 1, "x", 2), found)}) is DONE


def test_an_empty_slot_is_filled_on_a_vios_that_runs() -> None:
    assert verdict(ADD, lpars=VIOS, fc={"vios1": (server(7, 1, "x", 2),)}) is READY
    assert verdict(ADD, lpars=VIOS, fc={}) is READY


@pytest.mark.parametrize("lpars", [{}, {"vios1": lpar("vios1", state=LparState.SHUTTING_DOWN)}])
def test_nothing_is_added_to_a_vios_that_does_not_run(lpars: Any) -> None:
    seen = observed(ADD, lpars=lpars, fc={})
    assert (seen.verdict, seen.why) == (REFUSED, "vios1 does not run")


@pytest.mark.parametrize("found", [server(131, 8, "crm", 31), server(131, 9, "erp", 32), client(131, "x", pair(9))])
def test_a_slot_that_another_took_meanwhile_is_left_to_it(found: Any) -> None:
    seen = observed(ADD, lpars=VIOS, fc={"vios1": (found,)})
    assert (seen.verdict, seen.why) == (REFUSED, "slot 131 of vios1 is taken")
    assert verdict(KEEP, profiles={"vios1": (replace(PROFILE, name="vios", fc=(found,)),)}) is REFUSED


def test_an_adapter_is_kept_in_the_profile_once_it_is_there() -> None:
    profile = replace(PROFILE, name="vios")
    assert verdict(KEEP, profiles={"vios1": (profile,)}) is READY
    assert verdict(KEEP, profiles={"vios1": (replace(profile, fc=(OURS,)),)}) is DONE


def test_a_vios_without_the_profile_keeps_nothing() -> None:
    seen = observed(KEEP, profiles={"vios1": (PROFILE,)})
    assert (seen.verdict, seen.why) == (REFUSED, "no profile vios of vios1")


def mapped(port: str | None, slot: int | None = 131, vfchost: str = "vfchost2") -> tuple[NpivMapping, ...]:
    return (NpivMapping(vfchost, 9, None, "NOT_LOGGED_IN", port, None, slot),)


@pytest.mark.parametrize(
    ("maps", "expected"),
    [
        (mapped(None), READY),
        (mapped(None, None), READY),
        (mapped("fcs1"), DONE),
        (mapped("fcs0"), REFUSED),
        (mapped(None, 132), REFUSED),
        (mapped(None, vfchost="vfchost3"), REFUSED),
        ((), REFUSED),
    ],
)
def test_a_vfchost_is_mapped_only_where_it_has_no_port_and_is_that_of_the_slot(maps: Any, expected: Verdict) -> None:
    assert verdict(MAP, maps=maps) is expected


# ---------------------------------------------------------------------------------------------------------- hosts


def hosts(**wwns: tuple[str, ...]) -> dict[str, Host]:
    return {name: Host("fa", "id", name, held) for name, held in wwns.items()}


@pytest.mark.parametrize(
    ("shown", "expected", "why"),
    [
        (hosts(), READY, "there is no host erp"),
        (hosts(erp=(A, B)), DONE, "the host is there with its WWPNs"),
        (hosts(erp=(A, B, "c050760199990000")), DONE, "the host is there with its WWPNs"),
        (hosts(erp=(A,)), REFUSED, "a host erp is there, with other WWPNs"),
        (hosts(erp=()), REFUSED, "a host erp is there, with other WWPNs"),
        (hosts(thief=(B,)), REFUSED, f"{B} belongs to the host thief: it is not taken away"),
    ],
)
def test_a_host_is_made_only_where_there_is_none_and_nobody_has_its_wwpns(
    shown: Any, expected: Verdict, why: str
) -> None:
    seen = observed(MAKE_HOST, hosts=shown)
    assert (seen.verdict, seen.why) == (expected, why)


@pytest.mark.parametrize(
    ("shown", "expected", "why"),
    [
        (hosts(erp=(A,)), READY, "the host lacks them"),
        (hosts(erp=(A, B)), DONE, "the host holds them"),
        (hosts(), REFUSED, "there is no host erp"),
        (hosts(erp=(A,), thief=(B,)), REFUSED, f"{B} belongs to the host thief: it is not taken away"),
    ],
)
def test_wwpns_are_added_only_to_a_host_that_is_there_and_from_nobody(shown: Any, expected: Verdict, why: str) -> None:
    seen = observed(ADD_WWNS, hosts=shown)
    assert (seen.verdict, seen.why) == (expected, why)


# -------------------------------------------------------------------------------------------------------- volumes

PART = VolumeSnapshot("fa:pg.7.erp_v0", "fa:erp_v0", "id", GIB, NOW, False)
COMPLETE: dict[str, Any] = {
    "snapshot": GroupSnapshot("fa:pg.7", "fa:pg", NOW, False),
    "transfer": Transfer("fa:pg.7", NOW, NOW, 1.0, 1, 1),
    "parts": (PART,),
}


def volume(**more: Any) -> dict[str, Volume]:
    return {"erp_v0": Volume("fa", "id", "v", "erp_v0", GIB, **more)}


def test_a_copy_is_made_from_a_snapshot_that_is_complete() -> None:
    assert verdict(MAKE_VOLUME, volumes={}, **COMPLETE) is READY


def test_a_copy_that_this_run_asked_for_is_there() -> None:
    assert verdict(MAKE_VOLUME, began=True, volumes=volume()) is DONE


@pytest.mark.parametrize(
    ("looks", "why"),
    [
        ({"volumes": volume()}, "a volume erp_v0 is there: it is not this run's"),
        ({"volumes": volume(destroyed=True)}, "erp_v0 is pending eradication: its name is taken"),
        ({"volumes": {}, "snapshot": None}, "there is no snapshot fa:pg.7"),
        (
            {"volumes": {}, "snapshot": GroupSnapshot("fa:pg.7", "fa:pg", NOW, True)},
            "fa:pg.7 is pending eradication",
        ),
        ({"volumes": {}, **COMPLETE, "transfer": None}, "the transfer of fa:pg.7 is not complete"),
        ({"volumes": {}, **COMPLETE, "parts": ()}, "fa:pg.7.erp_v0 is not there, or pending eradication"),
        (
            {"volumes": {}, **COMPLETE, "parts": (replace(PART, destroyed=True),)},
            "fa:pg.7.erp_v0 is not there, or pending eradication",
        ),
    ],
)
def test_no_copy_is_made_where_its_name_or_its_source_is_not_as_planned(looks: Any, why: str) -> None:
    seen = observed(MAKE_VOLUME, **looks)
    assert (seen.verdict, seen.why) == (REFUSED, why)


def attached(host: str | None, lun: int, group: str | None = None, name: str = "erp_v0") -> Attachment:
    return Attachment(name, host, group, lun)


@pytest.mark.parametrize(
    ("connections", "expected", "why"),
    [
        ({}, READY, "erp does not see it yet"),
        ({"other": (attached("erp", 6, name="other"),)}, READY, "erp does not see it yet"),
        ({"erp_v0": (attached("erp", 5),)}, DONE, "erp sees it as LUN 5"),
        ({"erp_v0": (attached("erp", 6),)}, REFUSED, "erp_v0 is connected otherwise: it is left alone"),
        ({"erp_v0": (attached("crm", 5),)}, REFUSED, "erp_v0 is connected otherwise: it is left alone"),
        ({"erp_v0": (attached(None, 5, "cluster"),)}, REFUSED, "erp_v0 is connected otherwise: it is left alone"),
        ({"other": (attached("erp", 5, name="other"),)}, REFUSED, "LUN 5 of erp is taken by other"),
    ],
)
def test_a_volume_is_connected_only_where_nothing_else_is(connections: Any, expected: Verdict, why: str) -> None:
    seen = observed(CONNECT, connections=connections)
    assert (seen.verdict, seen.why) == (expected, why)
