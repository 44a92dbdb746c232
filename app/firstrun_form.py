"""The forms of the first run: which fields a site and each kind of device have, and the records they become.

Texts are checked as :mod:`app.settings` checks the file they will stand in, so that what a form accepts is what the
console reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from app import secrets, values
from app.check import KINDS
from app.secrets import NotAReferenceError, Reference
from app.settings_records import DEFAULT_CLI_PORT, DEFAULT_PORT, CliSettings, DeviceSettings, usual_sessions
from app.values import Check, UnexpectedError
from screens.firstrun_fields import Field, Form
from store.estate import DeviceKind, Site, SiteRole

Texts = Mapping[str, str]
T = TypeVar("T")

SITE, DEVICE, CLI = "site", "device", "cli"
NO, YES = "no", "yes"
_PORT = re.compile("[0-9]{1,5}")

_REFERENCE_HELP = (
    "A reference to where the secret is, never the secret itself:",
    "  env:NAME                an environment variable",
    "  file:/path              a file only its owner may read (chmod 600), one line",
    "  keyring:service/user    the key ring of this desktop or server",
    "  command:pass show hmc   what a command prints, one line; no shell is started",
    "  prompt                  typed now, and at each start before the console opens",
)
_PATHS = "~ is your home folder; relative paths count from the folder of the configuration."
_NAME_HELP = "letters, digits, dots, dashes: what you type on the command line, such as"

_EXAMPLES = {
    DeviceKind.HMC: "hmc-paris",
    DeviceKind.FLASHARRAY: "fa-paris",
    DeviceKind.THREEPAR: "3par-paris",
    DeviceKind.VSPHERE: "vc-paris",
}

USERS = {
    DeviceKind.HMC: "An HMC user with the role hmcviewer is enough.",
    DeviceKind.FLASHARRAY: "A user and password in place of the API token. A read-only user is enough.",
    DeviceKind.THREEPAR: "A user of role browse, for WSAPI and command line.",
    DeviceKind.VSPHERE: "A user with the role Read-only, such as drdeck@vsphere.local.",
}


# ------------------------------------------------------------------------------------------------- checks of one text


def _checked(check: Check[T], text: str) -> str | None:
    try:
        check.convert(text)
    except UnexpectedError as error:
        return error.expected or check.expected
    return None


def _needed(check: Check[T]) -> Callable[[str], str | None]:
    def look(text: str) -> str | None:
        found = ", found nothing" if text == "" else ""
        wrong = _checked(check, text)
        return None if wrong is None else f"{wrong}{found}"

    return look


def _optional(check: Check[T]) -> Callable[[str], str | None]:
    return lambda text: None if text == "" else _checked(check, text)


def _port(value: object) -> int:
    if not isinstance(value, str) or not _PORT.fullmatch(value):
        raise UnexpectedError
    return values.PORT.convert(int(value))


def _reference(value: object) -> Reference:
    expected = f"a reference to a secret: {secrets.FORMS}"
    try:
        return secrets.parse(str(value), "", Path("/"))
    except NotAReferenceError as error:
        expected = error.expected
    raise UnexpectedError(expected)


PORT = Check(values.PORT.expected, _port)
REFERENCE = Check(f"a reference to a secret: {secrets.FORMS}", _reference, hidden=True)
USER = values.text("a user name", 128)
PATH = values.path(Path("/"))


def _named(what: str, taken: Collection[str]) -> Callable[[str], str | None]:
    look = _needed(values.name(what))

    def unique(text: str) -> str | None:
        return look(text) or (f'another name: there is a "{text}" already' if text in taken else None)

    return unique


def _any(text: str) -> None:
    """For fields whose text is one of their choices."""


# ---------------------------------------------------------------------------------------------------------- the forms


def site_form(texts: Texts, taken: Collection[str]) -> Form:
    """The form of a site. ``taken`` are the names of the other sites."""
    fields = (
        Field("name", "Name", (f"A short name: {_NAME_HELP} paris.",), _named("a site's name", taken)),
        Field(
            "role",
            "Role",
            ("What it is for in normal operation: prod runs the work, dr holds the copies.",),
            _any,
            SiteRole.PROD,
            tuple(SiteRole),
        ),
        Field(
            "l2_stretched",
            "L2 stretched",
            ("yes: one layer-2 network spans this site and its partner, so a MAC may live only once.",),
            _any,
            NO,
            (NO, YES),
        ),
    )
    return Form(SITE, "A site", "A place where devices stand.", "Keep it", fields, texts=texts)


def site_of(texts: Texts) -> Site:
    """The site that a form without complaints describes."""
    return Site(texts["name"], SiteRole(texts["role"]), texts["l2_stretched"] == YES)


def site_texts(site: Site) -> dict[str, str]:
    """The texts of the form that describes a site."""
    return {"name": site.name, "role": site.role.value, "l2_stretched": YES if site.l2_stretched else NO}


def device_form(
    kind: DeviceKind, texts: Texts, sites: Sequence[str], taken: Collection[str], addresses: Mapping[str, str]
) -> Form:
    """The form of a device. ``taken`` are the names of the other devices, ``addresses`` theirs with their names."""
    fields = [
        Field("name", "Name", (f"{_NAME_HELP.capitalize()} {_EXAMPLES[kind]}.",), _named("a device's name", taken)),
        Field("site", "Site", ("Where it stands.",), _any, sites[0], tuple(sites)),
        Field(
            "host",
            "Host",
            ("Its host name or IP address, without https:// and without the port.",),
            _needed(values.HOST),
        ),
        Field("port", "Port", _port_help(kind), _needed(PORT), str(DEFAULT_PORT[kind])),
        *_login_fields(kind),
    ]
    if kind is not DeviceKind.HMC:
        ca = ("The CA that vouches for its certificate.", "Empty: the CAs of this system, or a pinned certificate.")
        fields.append(Field("ca_file", "CA file", (*ca, _PATHS), _optional(PATH), hint="a path, or nothing"))

    def whole(found: Texts) -> Mapping[str, str]:
        wrong = dict(_login_wrong(kind, found))
        address = _address(found["host"], int(found["port"]))
        if address in addresses:
            wrong["host"] = f"another address: device {addresses[address]} has {address}"
        return wrong

    article = "an" if kind is DeviceKind.HMC else "a"
    next_step = "Next: its command line" if kind is DeviceKind.THREEPAR else "Check it"
    lead = "Every field is checked as you leave it. Then the device is checked: its identity, and one reading."
    return Form(DEVICE, f"A device: {article} {KINDS[kind]}", lead, next_step, tuple(fields), whole, texts)


def cli_form(device: Texts, texts: Texts) -> Form:
    """The form of a 3PAR's command line, with what stands in for every field that is left empty."""
    secret = device["password"].partition(":")[0]
    fields = (
        Field("host", "Host", ("Empty: the host of the device.",), _optional(values.HOST), hint=device["host"]),
        Field("port", "Port", ("The port of SSH.",), _needed(PORT), str(DEFAULT_CLI_PORT)),
        Field("user", "User", ("Empty: the user of the device.",), _optional(USER), hint=device["user"]),
        Field(
            "password",
            "Password",
            ("Empty: the password of the device.", *_REFERENCE_HELP),
            _optional(REFERENCE),
            hint=f"as above ({secret})",
            reference=True,
        ),
        *_key_fields("nothing"),
    )
    title = f"The command line of {device['name']}"
    lead = "A 3PAR is asked over SSH too. Empty fields stand for what the device itself has."
    return Form(CLI, title, lead, "Check it", fields, _key_wrong, texts)


def _port_help(kind: DeviceKind) -> tuple[str, ...]:
    match kind:
        case DeviceKind.HMC:
            return ("The port of SSH.",)
        case DeviceKind.THREEPAR:
            return ("The port of the WSAPI. Primera and Alletra: 443.",)
        case _:
            return ("The port of HTTPS.",)


def _secret_field(key: str, label: str, about: str, *, needed: bool) -> Field:
    look = _needed(REFERENCE) if needed else _optional(REFERENCE)
    hint = "env: file: keyring: command: or prompt"
    return Field(key, label, (about, *_REFERENCE_HELP), look, hint=hint, reference=True)


def _key_fields(otherwise: str) -> tuple[Field, Field]:
    return (
        Field(
            "key_file",
            "Key file",
            ("A private SSH key in place of the password.", _PATHS),
            _optional(PATH),
            hint=f"a path, or {otherwise}",
        ),
        _secret_field("passphrase", "Passphrase", "Of the key file, if it has one.", needed=False),
    )


def _login_fields(kind: DeviceKind) -> tuple[Field, ...]:
    user = Field("user", "User", (USERS[kind],), _needed(USER))
    password = _secret_field("password", "Password", "Of that user.", needed=True)
    match kind:
        case DeviceKind.HMC:
            either = _secret_field("password", "Password", "Of that user; empty with a key file.", needed=False)
            return (user, either, *_key_fields("nothing with a password"))
        case DeviceKind.FLASHARRAY:
            token = _secret_field(
                "token", "API token", "Of a read-only user; or user and password below.", needed=False
            )
            named = Field("user", "User", (USERS[kind],), _optional(USER), hint="nothing with a token")
            return (token, named, _secret_field("password", "Password", "Of that user.", needed=False))
        case _:
            return (user, password)


# ---------------------------------------------------------------------------------------- what texts make up together


def _login_wrong(kind: DeviceKind, texts: Texts) -> Mapping[str, str]:
    match kind:
        case DeviceKind.HMC:
            if not texts["password"] and not texts["key_file"]:
                return {"password": f"password or key file; password as {secrets.FORMS}; found neither"}
            return _key_wrong(texts)
        case DeviceKind.FLASHARRAY:
            if texts["token"] and (texts["user"] or texts["password"]):
                return {"token": "either the token, or user and password; found both"}
            if texts["token"]:
                return {}
            if not (texts["user"] or texts["password"]):
                return {"token": f"a reference to a secret ({secrets.FORMS}), or user and password; found neither"}
            if not texts["user"]:
                return {"user": f"{USER.expected}, found nothing"}
            return {} if texts["password"] else {"password": f"{REFERENCE.expected}; found nothing"}
        case _:
            return {}


def _key_wrong(texts: Texts) -> Mapping[str, str]:
    if texts["password"] and texts["key_file"]:
        return {"password": "either password or key file (its own secret is the key passphrase); found both"}
    if texts["passphrase"] and not texts["key_file"]:
        return {"passphrase": "a key file beside it, found the passphrase alone"}
    return {}


def device_of(kind: DeviceKind, texts: Texts, cli: Texts, folder: Path) -> DeviceSettings:
    """The device that forms without complaints describe; ``cli`` counts for a 3PAR only. Relative paths count from
    ``folder``, that of the configuration."""
    name, user = texts["name"], texts["user"] or None
    key_file = _path(texts.get("key_file", ""), folder)
    device = DeviceSettings(
        name=name,
        kind=kind,
        site=texts["site"],
        host=values.HOST.convert(texts["host"]),
        port=int(texts["port"]),
        user=user,
        password=_secret(texts["password"], f"password of {user} on {name}", folder),
        token=_secret(texts.get("token", ""), f"API token of {name}", folder),
        key_file=key_file,
        passphrase=_secret(texts.get("passphrase", ""), f"passphrase of {key_file}", folder),
        ca_file=_path(texts.get("ca_file", ""), folder),
        sessions=usual_sessions(kind),
    )
    if kind is not DeviceKind.THREEPAR:
        return device
    return _with_cli(device, cli, folder)


def _with_cli(device: DeviceSettings, texts: Texts, folder: Path) -> DeviceSettings:
    user = texts["user"] or device.user or ""
    key_file = _path(texts["key_file"], folder)
    password = _secret(texts["password"], f"password of {user} on {device.name} (command line)", folder)
    cli = CliSettings(
        host=values.HOST.convert(texts["host"]) if texts["host"] else device.host,
        port=int(texts["port"]),
        user=user,
        password=password or (device.password if key_file is None else None),
        key_file=key_file,
        passphrase=_secret(texts["passphrase"], f"passphrase of {key_file}", folder),
    )
    return replace(device, cli=cli)


def _secret(text: str, asked_for: str, folder: Path) -> Reference | None:
    return secrets.parse(text, asked_for, folder) if text else None


def _path(text: str, folder: Path) -> Path | None:
    return values.path(folder).convert(text) if text else None


def _address(host: str, port: int) -> str:
    host = values.HOST.convert(host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
