"""The SSH side of a door: host key, password and key login, exec and shell channels, session limit, faults."""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import threading
import time
import traceback
from collections.abc import Callable

import paramiko
from msgspec import Struct
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    MSG_CHANNEL_REQUEST,
    OPEN_FAILED_RESOURCE_SHORTAGE,
    OPEN_FAILED_UNKNOWN_CHANNEL_TYPE,
    OPEN_SUCCEEDED,
)
from paramiko.server import InteractiveQuery

from backends.lab.faults import FaultKind
from backends.lab.listener import Listener, abort
from backends.lab.tls import HostIdentity
from backends.lab.world import Device, World

_LINE_END = re.compile(rb"\r\n|\r|\n")


class Answer(Struct, frozen=True):
    """What a command printed and how it ended."""

    stdout: str = ""
    status: int = 0
    stderr: str = ""


class SshProtocol(Struct, frozen=True):
    """What makes this door the vendor's. ``run(user, command)`` answers an exec request; ``verb_of`` names it for
    faults and counters (``lssyscfg -r lpar``); ``shell(user, terminal)`` serves an interactive shell until it returns;
    ``banner`` is shown before login."""

    run: Callable[[str, str], Answer]
    verb_of: Callable[[str], str]
    shell: Callable[[str, Terminal], None]
    banner: str = ""


class Terminal:
    """The far end of an interactive shell: lines in with echo when the client asked for a terminal, text out."""

    def __init__(self, channel: paramiko.Channel, pty: bool) -> None:
        self._channel = channel
        self.pty = pty
        self._pending = b""

    def write(self, text: str) -> None:
        """Send text; line ends become CR LF on a terminal."""
        self._channel.sendall((text.replace("\n", "\r\n") if self.pty else text).encode())

    @property
    def has_line(self) -> bool:
        """Whether a whole line is there already, typed ahead of the prompt."""
        return _LINE_END.search(self._pending) is not None

    def collect(self, seconds: float) -> None:
        """Take in (and echo) what is typed ahead, until a whole line is there or ``seconds`` have passed."""
        until = time.monotonic() + seconds
        while not self.has_line and time.monotonic() < until and not self._channel.closed:
            if self._channel.recv_ready():
                self._receive()
            else:
                time.sleep(0.01)

    def readline(self, prompt: str = "") -> str | None:
        """The next line without its end, after writing ``prompt``; None at end of input or Ctrl-D."""
        if prompt:
            self.write(prompt)
        while not self.has_line:
            if not self._receive():
                rest, self._pending = self._pending, b""
                return self._edit(rest) if rest else None
        line, self._pending = _LINE_END.split(self._pending, maxsplit=1)
        return self._edit(line)

    def _receive(self) -> bool:
        data = self._channel.recv(4096)
        if not data or b"\x04" in data:
            return False
        if self.pty:
            self._channel.sendall(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n"))
        self._pending += data
        return True

    def _edit(self, line: bytes) -> str:
        text = ""
        for char in line.decode(errors="replace"):
            text = text[:-1] if char in "\x08\x7f" else text + char
        return text


class SshDoor:
    """An SSH port of one device. ``start()`` binds 127.0.0.1 (``port`` is then known), ``stop()`` cuts everything."""

    def __init__(
        self, world: World, device: Device, identity: HostIdentity, protocol: SshProtocol, port: int = 0
    ) -> None:
        self.world = world
        self.device = device
        self.protocol = protocol
        self._identity = identity
        self._listener = Listener(self._connection, port)

    @property
    def port(self) -> int:
        return self._listener.port

    def start(self) -> None:
        self._listener.start()

    def stop(self) -> None:
        self._listener.stop()

    def close(self) -> None:
        """Stop for good."""
        self._listener.close()

    def _connection(self, sock: socket.socket) -> None:
        changed = self.world.faults.active(self.device.name, FaultKind.CHANGED_KEY)
        if self.world.faults.active(self.device.name, FaultKind.HANG, "connect"):
            time.sleep(60)
            return
        transport = _Transport(sock)
        transport.add_server_key(self._identity.ssh_changed if changed else self._identity.ssh)
        server = _Server(self, sock, transport)
        try:
            transport.start_server(server=server)
            while transport.is_active():
                transport.join(1.0)
        except (paramiko.SSHException, EOFError, OSError):
            pass
        finally:
            server.finished()
            transport.close()


def _answer_request(channel: paramiko.Channel, message: paramiko.Message) -> None:
    channel._handle_request(message)  # type: ignore[attr-defined]
    server = channel.get_transport().server_object
    if isinstance(server, _Server):
        server.answered(channel)


class _Transport(paramiko.Transport):
    """A server's end of a connection, which says when a request has been answered: the library itself does not."""

    _channel_handler_table = paramiko.Transport._channel_handler_table | {  # type: ignore[attr-defined]
        MSG_CHANNEL_REQUEST: _answer_request
    }


class _Server(paramiko.ServerInterface):
    """One connection."""

    def __init__(self, door: SshDoor, sock: socket.socket, transport: paramiko.Transport) -> None:
        self._door = door
        self._sock = sock
        self._transport = transport
        self._user = ""
        self._open: set[int] = set()
        self._pty: set[int] = set()
        self._granted: dict[int, Callable[[], None]] = {}
        self._lock = threading.Lock()

    # ------------------------------------------------------------------------------------------------------ login

    def get_banner(self) -> tuple[str | None, str | None]:
        banner = self._door.protocol.banner
        return (banner, "en-US") if banner else (None, None)

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey,keyboard-interactive"

    def check_auth_password(self, username: str, password: str) -> int:
        return self._login(username, self._door.device.users.get(username) == password)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        known = self._door.device.public_keys.get(username, [])
        return self._login(username, f"{key.get_name()} {key.get_base64()}" in known)

    def check_auth_interactive(self, username: str, submethods: str) -> int | InteractiveQuery:
        self._user = username
        return InteractiveQuery("", "", ("Password: ", False))

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        right = self._door.device.users.get(self._user)
        return self._login(self._user, bool(responses) and responses[0] == right)

    def _login(self, username: str, right: bool) -> int:
        if not right or self._door.world.faults.take(self._door.device.name, "login", FaultKind.REFUSES_LOGIN):
            return AUTH_FAILED
        self._user = username
        return AUTH_SUCCESSFUL

    # --------------------------------------------------------------------------------------------------- channels

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if kind != "session":
            return OPEN_FAILED_UNKNOWN_CHANNEL_TYPE
        device = self._door.device
        with self._lock:
            full = device.counters.sessions >= device.max_sessions
            if full or self._door.world.faults.active(device.name, FaultKind.SESSION_LIMIT):
                return OPEN_FAILED_RESOURCE_SHORTAGE
            device.counters.sessions += 1
            device.counters.logins += 1
            self._open.add(chanid)
        return OPEN_SUCCEEDED

    def finished(self) -> None:
        """The connection ended: what it still held open is free again."""
        with self._lock:
            counters = self._door.device.counters
            counters.sessions -= len(self._open)
            counters.logouts += len(self._open)
            self._open.clear()

    def _ended(self, channel: paramiko.Channel) -> None:
        """The session of a channel is over: counted before the client can know it, or its next one is one too many."""
        with self._lock:
            if channel.get_id() in self._open:
                self._open.discard(channel.get_id())
                self._door.device.counters.sessions -= 1
                self._door.device.counters.logouts += 1

    def check_channel_pty_request(
        self,
        channel: paramiko.Channel,
        term: bytes,
        width: int,
        height: int,
        pixelwidth: int,
        pixelheight: int,
        modes: bytes,
    ) -> bool:
        self._pty.add(channel.get_id())
        return True

    def check_channel_window_change_request(
        self, channel: paramiko.Channel, width: int, height: int, pixelwidth: int, pixelheight: int
    ) -> bool:
        return True

    def check_channel_env_request(self, channel: paramiko.Channel, name: bytes, value: bytes) -> bool:
        return False

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self._start(channel, lambda: self._exec(channel, command.decode(errors="replace")))
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        terminal = Terminal(channel, channel.get_id() in self._pty)
        self._start(channel, lambda: self._shell(channel, terminal))
        return True

    def _start(self, channel: paramiko.Channel, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                    work()
            except Exception:
                traceback.print_exc()  # a defect of the lab: its log must show it
            finally:
                with contextlib.suppress(OSError, EOFError):
                    channel.close()
                self._ended(channel)

        self._granted[channel.get_id()] = run

    def answered(self, channel: paramiko.Channel) -> None:
        """The request of a channel was answered: what it granted begins now. Before, a short answer and the close
        of the channel could overtake the word that the request was granted, and the client see it refused."""
        if granted := self._granted.pop(channel.get_id(), None):
            threading.Thread(target=granted, daemon=True, name="lab-ssh-channel").start()

    def _shell(self, channel: paramiko.Channel, terminal: Terminal) -> None:
        self._door.device.counters.requests["shell"] += 1
        self._door.protocol.shell(self._user, terminal)
        self._ended(channel)
        channel.send_exit_status(0)
        channel.shutdown_write()

    def _exec(self, channel: paramiko.Channel, command: str) -> None:
        door = self._door
        faults, name = door.world.faults, door.device.name
        verb = door.protocol.verb_of(command)
        door.device.counters.requests[verb] += 1
        door.world.timing.wait_ssh()
        if slow := faults.take(name, verb, FaultKind.SLOW):
            time.sleep(slow.seconds)
        before = faults.take(name, verb, FaultKind.HANG, FaultKind.DROP_BEFORE)
        if before is not None:
            while before.kind is FaultKind.HANG and before in faults.in_force() and self._transport.is_active():
                time.sleep(0.05)
            abort(self._sock)
            return
        answer = door.protocol.run(self._user, command)
        after = faults.take(name, verb, FaultKind.DROP_AFTER, FaultKind.TRUNCATED)
        if after is not None:
            if after.kind is FaultKind.TRUNCATED:
                channel.sendall(answer.stdout.encode()[: len(answer.stdout) // 2])
                time.sleep(0.05)
            abort(self._sock)
            return
        channel.sendall(answer.stdout.encode())
        if answer.stderr:
            channel.sendall_stderr(answer.stderr.encode())
        self._ended(channel)
        channel.send_exit_status(answer.status)
        channel.shutdown_write()


def public_key_line(key: paramiko.PKey) -> str:
    """A key as ``type base64``: the form of ``Device.public_keys`` and of pinned host keys."""
    return f"{key.get_name()} {base64.b64encode(key.asbytes()).decode()}"
