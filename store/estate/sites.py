"""Devices and sites, as the settings name them."""

from __future__ import annotations

from enum import StrEnum

from store.record import Record


class DeviceKind(StrEnum):
    """The kinds of device that the console talks to."""

    HMC = "hmc"
    FLASHARRAY = "flasharray"
    THREEPAR = "threepar"
    VSPHERE = "vsphere"


class SiteRole(StrEnum):
    """What a site is for in normal operation."""

    PROD = "prod"
    DR = "dr"


class Site(Record, frozen=True):
    """A site as the settings name it. ``l2_stretched``: one layer-2 network spans this site and its partner."""

    name: str
    role: SiteRole
    l2_stretched: bool = False

    @property
    def key(self) -> str:
        return self.name
