"""The infrastructure of a store with the plans of the directory: read together, and what falls counted from both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from app.plans import catalogue
from app.settings_records import Settings
from screens.ages import age
from store.database import Store
from store.infra import book
from store.infra.blast import Planned, PlannedMember, StrikeError, radius
from store.infra.book import Kept
from store.infra.falling import Node
from store.infra.graph import Graph, graph
from store.infra.radius import Radius
from store.infra.records import Kind, Site
from store.infra.rules import Conflict, conflicts
from store.infra.view import InfraView
from store.place import Place
from store.records import DeviceHealth
from store.view import EstateView


def planned(settings: Settings) -> tuple[Planned, ...]:
    """The recovery plans that can be used, as a radius looks at them."""
    found = []
    for each in catalogue.listed(settings.plan_folder):
        if each.plan is None:
            continue
        applications = tuple(
            (one.name, tuple(PlannedMember(m.kind.removesuffix("s"), m.name, m.system) for m in one.members))
            for one in each.plan.applications
        )
        found.append(Planned(each.name, each.plan.source, each.plan.target, applications))
    return tuple(found)


def unusable(settings: Settings) -> tuple[str, ...]:
    """The plans whose files cannot be used, by name: nobody knows what they would answer."""
    return tuple(each.name for each in catalogue.listed(settings.plan_folder) if each.plan is None)


def wrong(settings: Settings, kept: Kept) -> tuple[Conflict, ...]:
    """What cannot be so in what is stored, beside the settings."""
    found = list(conflicts(kept.items.values(), [site.name for site in settings.sites]))
    for site in settings.sites:
        item = kept.items.get((Kind.SITE, site.name))
        if isinstance(item, Site) and item.role not in (None, site.role):
            text = f"its role is {item.role} here, {site.role} in the configuration, which counts"
            found.append(Conflict((Kind.SITE, site.name), text))
    return tuple(found)


def refresh(settings: Settings, store: Place, view: InfraView) -> None:
    """Read store and plans into ``view``. Raises :class:`store.errors.StoreError`."""
    kept = book.read(store)
    view.take(kept, planned(settings), wrong(settings, kept))


def count(settings: Settings, store: Store, view: InfraView, node: Node) -> None:
    """Count what falls with a node into ``view``, as of now. Raises :class:`store.errors.StoreError`."""
    refresh(settings, store.path, view)
    now, kept = datetime.now(UTC), view.kept or Kept()
    try:
        view.counted(node, counted(drawn(settings, kept, store.view), store.view, settings, node, now, view.plans))
    except StrikeError as error:
        view.counted(node, str(error))


def drawn(settings: Settings, kept: Kept, view: EstateView) -> Graph:
    return graph(kept.items.values(), view, [site.name for site in settings.sites])


def counted(
    made: Graph, view: EstateView, settings: Settings, node: Node, now: datetime, plans: Sequence[Planned]
) -> Radius:
    """The radius of a node of the graph of ``view``, of what it stands on where it is something that runs. Raises
    :class:`StrikeError`."""
    node = under(made, node)
    replicated = [one.shown for one in settings.replications]
    found = radius(made, node, now, plans, replicated)
    broken = unusable(settings)
    notes = [f"What the plans {', '.join(broken)} answer is not known: their files cannot be used."] if broken else []
    return replace(found, notes=(*found.notes, *notes, *unread(view, now)))


def unread(view: EstateView, now: datetime) -> Iterator[str]:
    """What is not as it is now, because its device cannot be read."""
    for device in view.devices():
        if device.last_ok is None:
            yield f"{device.name} was never read: what is on it is not known."
        elif device.health is DeviceHealth.FAILING:
            yield f"{device.name} cannot be read: what is on it is as it was {age(now, device.last_ok)} ago."


def under(made: Graph, node: Node) -> Node:
    """What is struck where the operator points at ``node``: an LPAR or a VM at what it runs on, a protection group at
    its array, a device at what it is; a discovered object at its system. Raises :class:`StrikeError`."""
    if node[0] == "device":
        mine = [one for one in (*made.linked.found.values(), *made.linked.loose) if one.device == node[1]]
        here = [one for one in mine if one.kind in ("flasharray", "storage")] or [o for o in mine if o.kind == "esxi"]
        if len(here) != 1:
            what = "nothing that runs" if not here else f"{len(here)} ESXi hosts, each of which fails alone:"
            raise StrikeError(f"On {node[1]} itself stands {what}{'' if not here else ' open one of them'}")
        node = ("array" if here[0].kind != "esxi" else "esxi", here[0].key)
    elif node in made.served:
        on = [m for need in made.needs.get(node, ()) if need.sure for m in need.members]
        on = [m for m in on if m[0] in ("power", "esxi")] or [m for m in on if m[0] == "array"]
        if not on:
            raise StrikeError(f"What {made.served[node].name} runs on is not known")
        node = on[0]
    if node not in made.names:
        raise StrikeError(f"{node[1]} is not known any more")
    return made.stands.get(node, node)
