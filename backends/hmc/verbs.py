"""What can be done to an LPAR: one record per verb, one HMC command each.

A verb is data until a driver performs it: :meth:`command` is exactly what will be sent, so that a plan can show it and
a journal can keep it. Names and values are checked when the record is made (:class:`ParseError`); every argument is
quoted once for the HMC's shell, lists inside ``-i`` by the HMC's own rules before that.
"""

from __future__ import annotations

import re
import shlex
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from backends.hmc.records import join_members, quote_field
from backends.outcome import ParseError

AttributeValue = str | tuple[str, ...]
Attributes = tuple[tuple[str, AttributeValue], ...]

_NAME = re.compile(r"(?![-\s])[^\x00-\x1f\x7f()<>*$&?|\[\]'\"`,=/\\;]{1,47}(?<!\s)")
_SYSTEM = re.compile(r"[A-Z0-9]{4}-[A-Z0-9]{3}\*[A-Z0-9]{7}")
_ATTRIBUTE = re.compile(r"[a-z0-9_]+[+-]?")
_VALUE = re.compile(r"[\x20-\x7e]*")


class Verb(Protocol):
    """Something that can be performed on an HMC."""

    def command(self) -> str:
        """The one command that does it."""


class BootMode(StrEnum):
    """How an LPAR boots (``-b``)."""

    NORMAL = "norm"
    SMS = "sms"
    DIAGNOSTIC_DEFAULT = "dd"
    DIAGNOSTIC_STORED = "ds"
    OPEN_FIRMWARE = "of"


class Stop(StrEnum):
    """``osshutdown`` asks the operating system (needs RMC); ``shutdown`` is the hypervisor's."""

    OS = "osshutdown"
    HYPERVISOR = "shutdown"


class Activate(Struct, frozen=True):
    """``chsysstate -o on``. Done when the LPAR's state is Running."""

    system: str
    lpar: str
    profile: str
    boot_mode: BootMode = BootMode.NORMAL

    def __post_init__(self) -> None:
        _check_system(self.system)
        _check_name("an LPAR name", self.lpar)
        _check_name("a profile name", self.profile)

    def command(self) -> str:
        return _command(
            *("chsysstate", "-r", "lpar", "-m", self.system, "-o", "on", "-n", self.lpar),
            *("-f", self.profile, "-b", self.boot_mode.value),
        )


class Shutdown(Struct, frozen=True):
    """``chsysstate -o osshutdown|shutdown``. Done when the LPAR's state is Not Activated."""

    system: str
    lpar: str
    how: Stop
    immediately: bool = False

    def __post_init__(self) -> None:
        _check_system(self.system)
        _check_name("an LPAR name", self.lpar)

    def command(self) -> str:
        words = ["chsysstate", "-r", "lpar", "-m", self.system, "-o", self.how.value, "-n", self.lpar]
        return _command(*words, *(["--immed"] if self.immediately else []))


class Create(Struct, frozen=True):
    """``mksyscfg -r lpar``: an LPAR with its first profile. ``attributes`` in IBM's names (``desired_mem`` …)."""

    system: str
    lpar: str
    profile: str
    lpar_env: str
    attributes: Attributes = ()

    def __post_init__(self) -> None:
        _check_system(self.system)
        _check_name("an LPAR name", self.lpar)
        _check_name("a profile name", self.profile)
        if self.lpar_env not in ("aixlinux", "os400", "vioserver"):
            raise ParseError("aixlinux, os400 or vioserver", self.lpar_env)
        _check_attributes(self.attributes, ("name", "profile_name", "lpar_env"))

    def command(self) -> str:
        start = (("name", self.lpar), ("profile_name", self.profile), ("lpar_env", self.lpar_env))
        return _command("mksyscfg", "-r", "lpar", "-m", self.system, "-i", attributes_text((*start, *self.attributes)))


class ChangeProfile(Struct, frozen=True):
    """``chsyscfg -r prof``. An attribute whose name ends in ``+`` adds to a list, ``-`` takes from it.

    Done when the profile, read back, has the values.
    """

    system: str
    lpar: str
    profile: str
    attributes: Attributes

    def __post_init__(self) -> None:
        _check_system(self.system)
        _check_name("an LPAR name", self.lpar)
        _check_name("a profile name", self.profile)
        _check_attributes(self.attributes, ("name", "lpar_name", "lpar_id"))
        if not self.attributes:
            raise ParseError("an attribute to change", "")

    def command(self) -> str:
        start = (("name", self.profile), ("lpar_name", self.lpar))
        return _command("chsyscfg", "-r", "prof", "-m", self.system, "-i", attributes_text((*start, *self.attributes)))


class CreateProfile(Struct, frozen=True):
    """``mksyscfg -r prof``: another profile of an LPAR that is there."""

    system: str
    lpar: str
    profile: str
    attributes: Attributes

    def __post_init__(self) -> None:
        _check_system(self.system)
        _check_name("an LPAR name", self.lpar)
        _check_name("a profile name", self.profile)
        _check_attributes(self.attributes, ("name", "lpar_name", "lpar_id"))

    def command(self) -> str:
        start = (("name", self.profile), ("lpar_name", self.lpar))
        return _command("mksyscfg", "-r", "prof", "-m", self.system, "-i", attributes_text((*start, *self.attributes)))


class AddServerAdapter(Struct, frozen=True):
    """``chhwres -r virtualio --rsubtype fc -o a``: a server adapter on a running VIOS for a client's adapter. It lasts
    until the VIOS is activated again, unless its profile has it too."""

    system: str
    vios: str
    slot: int
    client: str
    client_slot: int

    def __post_init__(self) -> None:
        _check_system(self.system)
        _check_name("the name of a VIOS", self.vios)
        _check_name("an LPAR name", self.client)

    def command(self) -> str:
        peer = (("remote_lpar_name", self.client), ("remote_slot_num", str(self.client_slot)))
        attributes = attributes_text((("adapter_type", "server"), *peer))
        words = ("chhwres", "-r", "virtualio", "--rsubtype", "fc", "-m", self.system, "-o", "a", "-p", self.vios)
        return _command(*words, "-s", str(self.slot), "-a", attributes)


class MapVfc(Struct, frozen=True):
    """``viosvrcmd … -c "vfcmap …"``: a ``vfchost`` of a VIOS to a physical port."""

    system: str
    vios: str
    vfchost: str
    port: str

    def __post_init__(self) -> None:
        _check_system(self.system)
        _check_name("the name of a VIOS", self.vios)
        for what, word in (("vfchost", self.vfchost), ("fcs", self.port)):
            if not re.fullmatch(rf"{what}[0-9]{{1,5}}", word):
                raise ParseError(f"{what} and a number", word)

    def command(self) -> str:
        inner = f"vfcmap -vadapter {self.vfchost} -fcp {self.port}"
        return _command("viosvrcmd", "-m", self.system, "-p", self.vios, "-c", inner)


class Remove(Struct, frozen=True):
    """``rmsyscfg -r lpar``: the LPAR and its profiles. Its WWPNs are never issued again."""

    system: str
    lpar: str

    def __post_init__(self) -> None:
        _check_system(self.system)
        _check_name("an LPAR name", self.lpar)

    def command(self) -> str:
        return _command("rmsyscfg", "-r", "lpar", "-m", self.system, "-n", self.lpar)


def attributes_text(attributes: Attributes) -> str:
    """The ``-i`` value: ``name=value,…``; a pair whose value holds a comma is quoted whole, list members inside it."""
    pairs = []
    for name, value in attributes:
        text = value if isinstance(value, str) else join_members(value)
        pairs.append(quote_field(f"{name}={text}"))
    return ",".join(pairs)


def _command(*words: str) -> str:
    return " ".join(shlex.quote(word) for word in words)


def _check_system(system: str) -> None:
    if not _SYSTEM.fullmatch(system):
        _check_name("a managed system's name, or type-model*serial", system)


def _check_name(what: str, name: str) -> None:
    """An HMC's names are short and hold none of the characters that its command line gives a meaning to."""
    if not _NAME.fullmatch(name):
        raise ParseError(what, name)


def _check_attributes(attributes: Attributes, taken: tuple[str, ...]) -> None:
    seen = set(taken)
    for name, value in attributes:
        if not _ATTRIBUTE.fullmatch(name) or name in seen:
            raise ParseError("each attribute once, in lower case", name)
        seen.add(name)
        for text in (value,) if isinstance(value, str) else value:
            if not _VALUE.fullmatch(text):
                raise ParseError(f"printable text in {name}", text)
