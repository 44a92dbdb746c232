"""What was entered so far in the first run: sites and devices, and what comes next. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from app.settings_records import DeviceSettings
from screens.cells import Cell, Line, Tone
from screens.status import GLYPHS
from store.estate import DeviceKind, Site

KIND_WORDS = {
    DeviceKind.HMC: "HMC",
    DeviceKind.FLASHARRAY: "FlashArray",
    DeviceKind.THREEPAR: "3PAR",
    DeviceKind.VSPHERE: "vSphere",
}


class Outcome(Struct, frozen=True):
    """What became of the check of a device: a word with its tone, and the lines that say more."""

    word: str
    tone: Tone
    lines: tuple[Line, ...] = ()

    @property
    def cell(self) -> Cell:
        return Cell(f"{GLYPHS[self.tone]} {self.word}", self.tone)


class Entered(Struct, frozen=True):
    """A device as it was entered (the texts of its forms), the record that it is, and what its check said."""

    device: DeviceSettings
    texts: Mapping[str, str]
    cli_texts: Mapping[str, str]
    outcome: Outcome


class Draft(Struct, frozen=True):
    """Sites and devices in the order in which they were entered; names are unique among each."""

    sites: tuple[Site, ...] = ()
    devices: tuple[Entered, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything was entered."""
        return bool(self.sites or self.devices)

    @property
    def site_names(self) -> tuple[str, ...]:
        return tuple(site.name for site in self.sites)

    def site(self, name: str) -> Site:
        """Raises :class:`KeyError`."""
        return {site.name: site for site in self.sites}[name]

    def entered(self, name: str) -> Entered:
        """Raises :class:`KeyError`."""
        return {entered.device.name: entered for entered in self.devices}[name]

    def others(self, name: str | None) -> tuple[DeviceSettings, ...]:
        """All devices but the one of that name."""
        return tuple(entered.device for entered in self.devices if entered.device.name != name)

    def devices_at(self, site: str) -> tuple[str, ...]:
        return tuple(entered.device.name for entered in self.devices if entered.device.site == site)


def with_site(draft: Draft, site: Site, before: str | None = None) -> Draft:
    """The draft with a site added, or put in the place of the one called ``before``: its devices go with it."""
    if before is None:
        return replace(draft, sites=(*draft.sites, site))
    sites = tuple(site if old.name == before else old for old in draft.sites)
    devices = tuple(_moved(e, site.name) if e.device.site == before else e for e in draft.devices)
    return Draft(sites, devices)


def _moved(entered: Entered, site: str) -> Entered:
    return replace(entered, device=replace(entered.device, site=site), texts={**entered.texts, "site": site})


def with_device(draft: Draft, entered: Entered, before: str | None = None) -> Draft:
    """The draft with a device added, or put in the place of the one called ``before``."""
    if before is None:
        return replace(draft, devices=(*draft.devices, entered))
    return replace(draft, devices=tuple(entered if old.device.name == before else old for old in draft.devices))


def without_device(draft: Draft, name: str) -> Draft:
    return replace(draft, devices=tuple(entered for entered in draft.devices if entered.device.name != name))


def without_site(draft: Draft, name: str) -> Draft:
    return replace(draft, sites=tuple(site for site in draft.sites if site.name != name))


def next_words(draft: Draft) -> str:
    """What the operator does next."""
    if not draft.sites:
        return "Next: a site (s). Devices stand at sites."
    if not draft.devices:
        return (
            "Next: another site (s), or the first device: 1 HMC, 2 FlashArray, 3 3PAR, Primera or Alletra, 4 vCenter "
            "or ESXi host. Each is checked as it is entered."
        )
    failed = [e.device.name for e in draft.devices if e.outcome.tone is not Tone.OK]
    more = f" Not well yet: {', '.join(failed)} (Enter opens one to correct it)." if failed else ""
    return f"Next: more sites and devices, or see the file and write it (w).{more}"


def why_no_file(draft: Draft) -> str | None:
    """Why there is nothing to write yet; None: there is."""
    if not draft.sites:
        return "There is nothing to write yet: name a site first (s)."
    if not draft.devices:
        return "There is nothing to write yet: enter a device first (1, 2, 3 or 4)."
    return None
