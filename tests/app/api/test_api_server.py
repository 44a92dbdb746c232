"""The socket of the read API."""

from __future__ import annotations

import socket

from app.api.server import listening


def test_an_answer_never_waits_for_a_delayed_acknowledgement() -> None:
    with listening(0) as door, socket.create_connection(door.getsockname()), door.accept()[0] as accepted:
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
