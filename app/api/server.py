"""The server around the API: uvicorn on a loopback socket, ended by SIGINT or SIGTERM."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from app.api.live import Feed
from app.api.service import HOST

ENDS_S = 3


class _Server(uvicorn.Server):
    """Ends the streams first: they have no end of their own."""

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self._feed = feed

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._feed.close()
        super().handle_exit(sig, frame)


def listening(port: int) -> socket.socket:
    """A socket on this machine alone; port 0: any that is free. Raises OSError where it cannot be had."""
    made = socket.create_server((HOST, port), backlog=128)
    # asyncio does not set it on what a socket without a protocol number accepts, and an answer of two segments would
    # then wait for the reader's delayed acknowledgement: 40 ms. Accepted sockets have it from this one.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.set_inheritable(False)
    return made


def serve(service: FastAPI, feed: Feed, on: socket.socket, ready: Callable[[], None]) -> None:
    """Answer until a signal ends it; ``ready`` is called before."""
    config = uvicorn.Config(
        service, log_config=None, access_log=False, server_header=False, ws="none", timeout_graceful_shutdown=ENDS_S
    )
    # Once it has ended by a signal, uvicorn raises that signal again, for whoever handled it before.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _ended)
    ready()
    _Server(config, feed).run(sockets=[on])


def _ended(number: int, frame: FrameType | None) -> None:
    """It was asked to end, and did."""
