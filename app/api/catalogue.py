"""The lists that the API has: what each is made of, and what it can be filtered by."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from app.api import rows

_SEEN = ("name", "state", "device", "site", "kind", "gone")


class ListOf(Struct, frozen=True):
    """``row`` is the record of a row, ``fields`` what it can be filtered by, ``about`` says what is listed."""

    row: type
    fields: tuple[str, ...]
    about: str


LISTS: Mapping[str, ListOf] = {
    "sites": ListOf(rows.SiteRow, ("role",), "Sites of the configuration"),
    "devices": ListOf(rows.DeviceRow, ("kind", "site", "health"), "Devices, and how their last readings went"),
    "systems": ListOf(rows.SystemRow, _SEEN, "Managed systems and ESXi hosts"),
    "arrays": ListOf(rows.ArrayRow, _SEEN, "FlashArrays and 3PAR, Primera and Alletra storage systems"),
    "lpars": ListOf(rows.LparRow, _SEEN, "LPARs"),
    "groups": ListOf(rows.GroupRow, _SEEN, "Protection groups"),
    "rcgs": ListOf(rows.RcgRow, _SEEN, "Remote copy groups, each side for itself"),
    "replicas": ListOf(rows.ReplicaRow, _SEEN, "Replicas of virtual machines"),
    "racks": ListOf(rows.RackRow, ("site", "row"), "Racks, and what stands in them"),
    "infrastructure": ListOf(rows.PlaceRow, ("kind", "site"), "What else was imported: feeds, systems, VLANs, links …"),
    "plans": ListOf(rows.PlanRow, ("state", "source", "target"), "Recovery plans, and how they stand"),
    "checks": ListOf(rows.CheckRow, ("subject", "check", "severity", "verdict"), "Checks of the recovery plans"),
    "runs": ListOf(rows.RunRow, ("verb", "state", "target"), "Runs, in short"),
    "alerts": ListOf(rows.AlertRow, ("kind", "state", "severity", "site", "owner"), "Alerts, and who has them"),
    "incidents": ListOf(rows.IncidentRow, ("state", "severity", "site"), "Incidents"),
    "capacity": ListOf(rows.CapacityRow, ("site", "resource", "fits"), "What the recovery sites have left"),
    "cost": ListOf(rows.CostRow, ("of",), "What recovery costs, with the inputs of each figure"),
    "maintenance": ListOf(rows.WindowRow, ("site", "open"), "Maintenance windows"),
}
