"""What steps and plans on pods both ask: the link of a pod, how it stands in words, and who may be writing to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.recovery.pg import seeing
from app.recovery.pg.seeing import Look
from backends.flasharray.looks import Connections, Hosts, Initiators, Volumes
from store.estate import Pod, PodReplicaLink

PROMOTED, DEMOTED, PROMOTING = "promoted", "demoted", "promoting"
OUTBOUND, INBOUND = "outbound", "inbound"
REPLICATING, QUIESCING, QUIESCED, IDLE = "replicating", "quiescing", "quiesced", "idle"
_SHADOW = ".undo-demote"


def live(pods: Mapping[str, Pod], name: str) -> Pod | None:
    """The pod of that name, where it is not destroyed."""
    found = pods.get(name)
    return found if found is not None and not found.destroyed else None


def undo_pods(pods: Iterable[str], name: str) -> tuple[str, ...]:
    """The names of what demotions of the pod left behind."""
    return tuple(sorted(each for each in pods if each == name + _SHADOW or each.startswith(f"{name}{_SHADOW}.")))


def link_of(pod: Pod | None) -> PodReplicaLink | None:
    """The only replica link of a pod; None: it has none, or several."""
    return pod.links[0] if pod is not None and len(pod.links) == 1 else None


def stands(pod: Pod | None) -> str:
    """How a pod stands: ``promoted, outbound link replicating``."""
    if pod is None:
        return "not there"
    if pod.destroyed:
        return "pending eradication"
    links = [f"{link.direction} link {link.status}{', paused' if link.paused else ''}" for link in pod.links]
    return ", ".join([pod.promotion_status or "of unknown promotion", *(links or ["no replica link"])])


def _volumes(look: Look, pod: str) -> list[str]:
    return [v.name for v in look(Volumes()).values() if not v.destroyed and v.name.startswith(f"{pod}::")]


def users(look: Look, pod: str) -> Mapping[str, str]:
    """The hosts that may be writing to a pod's volumes, each with why."""
    attachments = look(Connections())
    connected = [name for name in sorted(_volumes(look, pod)) if name in attachments]
    if not connected:
        return {}
    hosts, logged_in = look(Hosts()), look(Initiators())
    found: dict[str, str] = {}
    for name in connected:
        for host, why in seeing.users(attachments, hosts, logged_in, name).items():
            found.setdefault(host, f"{name} is connected to {host}, and {why}")
    return found


def why_in_use(look: Look, pod: str) -> str | None:
    """Why a pod may not be taken away from its hosts; None: none of them is running."""
    return next(iter(users(look, pod).values()), None)


def wwpns(look: Look, pod: str) -> frozenset[str]:
    """The WWPNs of all hosts that see a volume of the pod, running or not."""
    attachments, hosts = look(Connections()), look(Hosts())
    names = {each.host for volume in _volumes(look, pod) for each in attachments.get(volume, ())}
    return frozenset(wwn for name, host in hosts.items() if name in names for wwn in host.wwns)
