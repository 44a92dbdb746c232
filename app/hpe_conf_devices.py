"""From a hpe.conf to drdeck's configuration: each array once, its passwords as references to variables, and what the
settings have no place for as comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from app.hpe_conf import DEFAULT_LOGIN
from app.hpe_conf_records import Array, Backend, HpeConf, Note, Password, Replication
from app.secrets import Reference, Source
from app.settings_records import CONNECT_TIMEOUT_S, THREEPAR_SESSIONS, CliSettings, DeviceSettings
from store.estate import DeviceKind, RcgMode, Site, SiteRole

Door = tuple[str, int]
_MODE_WORDS = {RcgMode.SYNC: "synchronous", RcgMode.PERIODIC: "periodic", RcgMode.ASYNC: "streaming"}
_LONGEST_NAME = 60  # of 63: a number may follow
_ENCRYPTED = "; passwords of this backend look encrypted, and the variable takes the password itself"


class Variable(Struct, frozen=True):
    """An environment variable to set before drdeck starts, and what it takes."""

    name: str
    takes: str


class Imported(Struct, frozen=True):
    """What becomes of a file. ``comments`` are lines of TOML; ``notes`` are in the order of the file's lines."""

    sites: tuple[Site, ...]
    devices: tuple[DeviceSettings, ...]
    variables: tuple[Variable, ...]
    comments: str
    notes: tuple[Note, ...]


def convert(conf: HpeConf, site: str, remote_site: str) -> Imported:
    """The two sites and the devices of a file. Backends are at ``site`` and replication targets at ``remote_site``;
    where two arrays replicate to each other, the first section decides."""
    arrays = _Arrays(conf.backends, site, remote_site)
    devices = tuple(arrays.device(door) for door in arrays.seen)
    used = {device.site for device in devices}
    roles = ((site, SiteRole.PROD), (remote_site, SiteRole.DR))
    variables = tuple(arrays.variables.values())
    comments = _variable_lines(variables)
    for backend in conf.backends:
        if backend.replication is not None:
            comments += ["", *_replication_lines(backend, backend.replication, arrays.names)]
    notes = {*conf.notes, *arrays.assumed(), *arrays.passwords(), *arrays.differences()}
    return Imported(
        sites=tuple(Site(name, role) for name, role in roles if name in used),
        devices=devices,
        variables=variables,
        comments="".join(f"{line}\n" for line in comments),
        notes=tuple(sorted(notes)),
    )


class _Arrays:
    """The arrays of a file, told apart by their WSAPI. Several sections may name the same one: it is what the first of
    them says."""

    def __init__(self, backends: Iterable[Backend], site: str, remote_site: str) -> None:
        self._backends = tuple(backends)
        self.seen: dict[Door, list[Array]] = {}
        for backend in self._backends:
            for array in _both(backend):
                self.seen.setdefault(array.door, []).append(array)
        self._sites = self._at(site, remote_site)
        self.names: dict[Door, str] = {}
        for door in self.seen:
            self.names[door] = _unused(self._name(door), "-", self.names.values())
        self.variables: dict[tuple[Door, bool], Variable] = {}
        """By array, and whether it is that of the command line."""
        for door, (array, *_) in self.seen.items():
            self._add_variable(door, array, cli=False)
            if array.key_file is None and not array.one_password:
                self._add_variable(door, array, cli=True)

    def device(self, door: Door) -> DeviceSettings:
        array = self.seen[door][0]
        password = self._reference(door, cli=False)
        return DeviceSettings(
            name=self.names[door],
            kind=DeviceKind.THREEPAR,
            site=self._sites[door],
            host=array.host,
            port=array.port,
            user=array.user,
            password=password,
            connect_timeout_s=array.connect_timeout_s or CONNECT_TIMEOUT_S,
            sessions=THREEPAR_SESSIONS,
            cli=CliSettings(
                host=array.cli_host,
                port=array.cli_port,
                user=array.cli_user,
                password=self._reference(door, cli=True) if array.key_file is None else None,
                key_file=array.key_file,
            ),
        )

    def assumed(self) -> Iterator[Note]:
        """What is not in the file: how a device is called, where it is, and what stands for a missing key."""
        for door, (array, *_) in self.seen.items():
            text = f"assumed: this is device {self.names[door]} at site {self._sites[door]}"
            yield Note(array.line, array.where.rstrip(" ."), text)
            values = {"san_login": f"{DEFAULT_LOGIN}, the default of the plugin", "san_ip": array.host}
            for key in array.assumed:
                yield Note(array.line, f"{array.where}{key}", f"assumed, for it is not there: {values[key]}")
        for backend in self._backends:
            doors = [array.door for array in _both(backend)]
            if backend.replication is not None and self._sites[doors[0]] == self._sites[doors[1]]:
                both = " and ".join(self.names[door] for door in doors)
                text = f"assumed: {both} are both at site {self._sites[doors[0]]}; put right what is not so"
                yield Note(backend.replication.line, backend.label, text)

    def passwords(self) -> Iterator[Note]:
        """What to do with each password in the file. A target may share it with its backend, and a later section may
        have another one for an array that is a device already."""
        said: dict[Password, list[str]] = {}
        for door, (first, *others) in self.seen.items():
            for password in first.passwords:
                said.setdefault(password, []).append(f"set {self._variable(door, cli=password.cli).name} to it")
            for other in others:
                for password in (found for found in other.passwords if (found.key, found.line) in other.given):
                    variable = self._variable(door, cli=password.cli).name
                    takes = f"{variable} takes the one that belongs to line {first.line}"
                    key = f"the command line uses the key file that belongs to line {first.line}"
                    said.setdefault(password, []).append(key if password.cli and first.key_file else takes)
        for password, texts in said.items():
            text = f"not imported: a secret; {', '.join(dict.fromkeys(texts))}"
            yield Note(password.line, password.label, f"{text}{_ENCRYPTED if password.encrypted else ''}")

    def differences(self) -> Iterator[Note]:
        """What a later section says otherwise about an array that is a device already."""
        for door, (first, *others) in self.seen.items():
            for other in others:
                lines = dict(other.given)
                for key, mine, its in (
                    ("hpe3par_username", first.user, other.user),
                    ("san_ip", first.cli_host, other.cli_host),
                    ("san_login", first.cli_user, other.cli_user),
                    ("san_ssh_port", first.cli_port, other.cli_port),
                    ("san_private_key", first.key_file, other.key_file),
                    ("ssh_conn_timeout", first.connect_timeout_s, other.connect_timeout_s),
                ):
                    if mine != its and key in lines:
                        text = f"not imported: device {self.names[door]} is as the section of line {first.line} has it"
                        yield Note(lines[key], f"{other.where}{key}", text)

    def _at(self, site: str, remote_site: str) -> dict[Door, str]:
        sites: dict[Door, str] = {}
        for backend in sorted(self._backends, key=lambda backend: backend.replication is None):
            sites.setdefault(backend.array.door, site)
            if backend.replication is not None:
                sites.setdefault(backend.replication.target.door, remote_site)
        return sites

    def _name(self, door: Door) -> str:
        """What the other array calls it, else its first section, else its address."""
        targets = [backend.replication.target for backend in self._backends if backend.replication is not None]
        candidates = [array.called for array in (*targets, self.seen[door][0]) if array.door == door]
        is_address = re.fullmatch(r"[0-9.]+|.*:.*", door[0]) is not None
        candidates.append(f"3par-{door[0]}" if is_address else door[0].partition(".")[0])
        names = (re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("._-")[:_LONGEST_NAME] for name in candidates)
        return next(filter(None, names), "3par")

    def _add_variable(self, door: Door, array: Array, *, cli: bool) -> None:
        name = self.names[door]
        user = array.cli_user if cli else array.user
        wanted = f"DRDECK_{re.sub('[^A-Z0-9]+', '_', name.upper())}_{'CLI_' if cli else ''}PASSWORD"
        unused = _unused(wanted, "_", (variable.name for variable in self.variables.values()))
        takes = f"password of {user} on {name}{', command line' if cli else ''}"
        self.variables[door, cli] = Variable(unused, takes)

    def _variable(self, door: Door, *, cli: bool) -> Variable:
        return self.variables.get((door, cli)) or self.variables[door, False]

    def _reference(self, door: Door, *, cli: bool) -> Reference:
        return Reference(Source.ENV, self._variable(door, cli=cli).name)


def _both(backend: Backend) -> list[Array]:
    return [backend.array] if backend.replication is None else [backend.array, backend.replication.target]


def _unused(name: str, separator: str, taken: Iterable[str]) -> str:
    """The name, with a number behind it where it is taken."""
    known = set(taken)
    number, unused = 1, name
    while unused in known:
        number += 1
        unused = f"{name}{separator}{number}"
    return unused


# ------------------------------------------------------------------------------------------------- the comments


def _variable_lines(variables: Iterable[Variable]) -> list[str]:
    lines = [
        "# Set these variables before drdeck starts, or write other references in their",
        "# place (file:, keyring:, command:, prompt):",
    ]
    return [*lines, *(f"#   {variable.name}    {variable.takes}" for variable in variables)]


def _replication_lines(backend: Backend, replication: Replication, names: dict[Door, str]) -> list[str]:
    """The options that say the same to the commands that create replicated volumes."""
    source, target = names[backend.array.door], names[replication.target.door]
    period = "" if replication.period_s is None else f" --period {replication.period_s}"
    lines = [
        f"# Replication of {backend.label}: {source} to {target}, there the Remote Copy target",
        f"# {replication.target.called}. Creating replicated volumes takes these options:",
        f"#   --mode {_MODE_WORDS[replication.mode]}{period}",
    ]
    lines += [f"#   --cpg {here}:{there}" for here, there in replication.cpgs]
    lines += [f"#   --snap-cpg {here}:{there}" for here, there in replication.snap_cpgs]
    if not replication.snap_cpgs:
        lines.append("# The file has no snap_cpg_map: snapshots go where --cpg says.")
    if replication.witness is not None:
        lines.append(f"# Peer Persistence, with the quorum witness {replication.witness}.")
    return lines
