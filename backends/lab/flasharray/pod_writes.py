"""What a simulated array can be told about pods and their replica links."""

from __future__ import annotations

from backends.lab.flasharray import pods, views
from backends.lab.flasharray.bodies import Body
from backends.lab.flasharray.lists import Query
from backends.lab.flasharray.objects import Pod, RefusedError
from backends.lab.flasharray.state import ArrayState
from backends.lab.flasharray.views import Row
from backends.lab.flasharray.writes import Write, needed


def _pods(array: ArrayState, query: Query, gone: bool = False) -> list[Pod]:
    names, by_id = needed(query, "names", "ids")
    known = {pod.id: pod.name for pod in array.pods.values()} if by_id else {}
    return [pods.find(array, known.get(name, name), destroyed_too=gone) for name in names]


def post_pods(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    Body.of(text, ("failover_preferences", "quota_limit", "source"))
    return [views.pod(array, pods.add_pod(array, name)) for name in needed(query, "names")[0]]


def patch_pods(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    fields = ("name", "destroyed", "failover_preferences", "mediator", "requested_promotion_state", "quota_limit")
    body = Body.of(text, (*fields, "ignore_usage"))
    destroyed, wanted = body.flag("destroyed"), body.text("requested_promotion_state")
    if wanted not in (None, "promoted", "demoted"):
        raise RefusedError("requested_promotion_state", "Invalid value.")
    quiesce, skip = query.flag("quiesce") is True, query.flag("skip_quiesce") is True
    if quiesce and skip:
        raise RefusedError(None, "The `quiesce` and `skip_quiesce` parameters cannot be provided together.")
    found = _pods(array, query, gone=destroyed is False)
    undo = query.text("promote_from")
    shadow = pods.find(array, undo, destroyed_too=True) if undo is not None else None
    for pod in found:
        if destroyed is True:
            pods.destroy(array, pod)
        elif destroyed is False:
            array.recover(pod)
        if wanted == "promoted":
            pods.promote(array, pod, abort_quiesce=query.flag("abort_quiesce") is True, undo=shadow)
        elif wanted == "demoted":
            pods.demote(array, pod, quiesce=quiesce, skip_quiesce=skip)
    return [views.pod(array, pod) for pod in found]


def post_links(array: ArrayState, query: Query, _text: bytes) -> list[Row]:
    local = pods.find(array, needed(query, "local_pod_names")[0][0])
    remote_name = needed(query, "remote_names")[0][0]
    peer = array.peers.get(remote_name)
    if peer is None:
        raise RefusedError(remote_name, "Array is not connected.")
    remote = pods.find(peer, needed(query, "remote_pod_names")[0][0])
    made = pods.link((array, local), (peer, remote))
    return [views.link(array, made, local)]


def patch_links(array: ArrayState, query: Query, text: bytes) -> list[Row]:
    paused = Body.of(text, ("paused",)).flag("paused")
    names = query.names("local_pod_names")
    ids = query.names("ids")
    found = [
        pod
        for pod in array.pods.values()
        if pod.link is not None and (names is None or pod.name in names) and (ids is None or pod.link.id in ids)
    ]
    if (names is None and ids is None) or not found:
        raise RefusedError(None, "Pod replica link does not exist.")
    rows = []
    for pod in found:
        if pod.link is not None:
            if paused is not None:
                pods.pause(pod.link, paused)
            rows.append(views.link(array, pod.link, pod))
    return rows


_SWITCH = frozenset({"quiesce", "skip_quiesce", "abort_quiesce", "promote_from", "destroy_contents"})
_LINK = frozenset(f"{place}_{kind}" for place in ("local_pod", "remote_pod", "remote") for kind in ("names", "ids"))

POD_WRITES: dict[tuple[str, str], Write] = {
    ("POST", "pods"): Write(frozenset({"names"}), post_pods),
    ("PATCH", "pods"): Write(frozenset({"names", "ids"}) | _SWITCH, patch_pods),
    ("POST", "pod-replica-links"): Write(_LINK, post_links),
    ("PATCH", "pod-replica-links"): Write(_LINK | {"ids"}, patch_links),
}
