"""The plan that aligns: for each LPAR its acts in order, independent of the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from app.recovery.draft import Draft, merged
from app.recovery.pg.steps import WriteTag
from app.recovery.pra import alignment as to_do
from app.recovery.pra import array_steps, hmc_steps
from app.recovery.pra.alignment import Act, Aligned
from app.recovery.pra.situation import PraNow
from app.recovery.step import Step
from store.runs import Plan


class LparNow(Struct, frozen=True):
    """An LPAR as a member of a plan."""

    name: str
    now: datetime

    @property
    def keys(self) -> tuple[str, ...]:
        return (f"lpar:{self.name}",)


def plan(now: PraNow, aligned: Sequence[Aligned], run_id: str) -> Plan:
    """The plan for all of them; without a step where nothing is to be done. What could not be read is a guard that
    does not hold only where nothing at all could be read of a side."""
    drafts = []
    for number, each in enumerate((a for a in aligned if a.acts), start=1):
        draft = Draft(LparNow(each.lpar, now.now), f"l{number}.", run_id)
        for act in each.acts:
            _add(draft, act)
        drafts.append(draft)
    if not drafts:
        return Plan("align", "align", (), now.now)
    return merged("align", drafts, noun="LPARs")


def _add(draft: Draft[LparNow], act: Act) -> None:
    """The steps of one act, behind those that were added before."""
    for step, title in steps(act):
        draft.add(step, title, limit_s=60.0)


def steps(act: Act) -> list[tuple[Step, str]]:
    """The steps of an act with their titles. Raises :class:`ParseError` for a name that an HMC cannot be sent."""
    match act:
        case to_do.AddHost():
            host = array_steps.MakeHost(act.device, act.host, act.wwns, act.personality)
            return [(host, f"Make the host {act.host} with {len(act.wwns)} WWPNs")]
        case to_do.AddWwns():
            return [(array_steps.AddWwns(act.device, act.host, act.wwns), f"Add {', '.join(act.wwns)} to {act.host}")]
        case to_do.AddVolume():
            volume = array_steps.MakeVolume(act.device, act.volume, act.snapshot)
            return [(volume, f"Make {act.volume} from {act.snapshot}")]
        case to_do.PairVolume():
            return [(WriteTag(act.device, act.volume, act.value), f"Tag {act.volume} as the pair of its source")]
        case to_do.Connect():
            connect = array_steps.Connect(act.device, act.host, act.volume, act.lun)
            return [(connect, f"Show {act.volume} to {act.host} as LUN {act.lun}")]
        case to_do.Define():
            define = hmc_steps.DefineLpar(act.device, act.system, act.lpar, act.profile, act.env, act.attributes)
            return [(define, f"Define {act.lpar} on {act.system}")]
        case to_do.Redefine():
            change = hmc_steps.RedefineLpar(act.device, act.system, act.lpar, act.profile, act.attributes)
            fields = ", ".join(each.field for each in act.differences)
            return [(change, f"Correct {fields} of {act.lpar} on {act.system}")]
        case to_do.AddServer() | to_do.KeepServer():
            values = (act.slot, act.client, act.client_id, act.client_slot)
            server = hmc_steps.AddServer(act.device, act.system, act.vios, *values)
            kept = hmc_steps.KeepServer(act.device, act.system, act.vios, act.profile, *values)
            where = f"slot {act.slot} of {act.vios}"
            first = [(server, f"Add a server adapter in {where}")] if isinstance(act, to_do.AddServer) else []
            return [*first, (kept, f"Keep {where} in its profile")]
        case to_do.MapPort():
            port = hmc_steps.MapPort(act.device, act.system, act.vios, act.slot, act.vfchost, act.port)
            return [(port, f"Map {act.vfchost} of {act.vios} to {act.port}")]
