"""A running lab for tests, and the vendors' own clients on it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko

from backends.lab.clock import Clock
from backends.lab.lab import Lab
from backends.lab.presets import build

EPOCH = 1_790_000_000.0  # a fixed moment, so that a run is the same every time


@contextmanager
def demo_lab(directory: Path, *, real_time: bool = False) -> Iterator[Lab]:
    """The demo estate with all its doors open. Unless ``real_time``, time passes only by ``world.clock.advance``."""
    clock = Clock() if real_time else Clock(EPOCH, speed=0)
    lab = Lab(build("demo", clock=clock), directory)
    lab.start()
    try:
        yield lab
    finally:
        lab.stop()


def settle(lab: Lab, seconds: float) -> None:
    """Let ``seconds`` of the lab's time pass."""
    lab.world.clock.advance(seconds)
    with lab.world.turn():
        pass


def prompt_socket(port: int) -> socket.socket:
    """A connection that sends at once what it is given. Else every second packet of paramiko waits 40 ms for the
    acknowledgement of the one before."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=20)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def ssh(lab: Lab, device: str, command: str) -> tuple[int, str]:
    """Exit status and standard output of a command on an SSH door, asked by plain paramiko."""
    known = lab.world.devices[device]
    user, password = next(iter(known.users.items()))
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        sock = prompt_socket(known.ports["ssh"])
        client.connect("127.0.0.1", 0, user, password, look_for_keys=False, allow_agent=False, sock=sock)
        _, out, _ = client.exec_command(command, timeout=20)
        text = out.read().decode()
        return out.channel.recv_exit_status(), text


def pure(lab: Lab, device: str) -> Any:
    """The vendor's FlashArray client, logged in."""
    from pypureclient import flasharray
    from pypureclient.configuration import Configuration

    known = lab.world.devices[device]
    return flasharray.Client(
        f"127.0.0.1:{known.ports['https']}",
        configuration=Configuration(ssl_ca_cert=str(lab.identities.ca_file)),
        verify_ssl=True,
        api_token=next(iter(known.users.values())),
        version="2.26",
        timeout=(5, 20),
        retries=0,
        model_attribute_error_on_none=False,
    )
