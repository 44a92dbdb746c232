"""A program that sends what waits in a store until nothing does: for tests of several of them, and of one that is
killed. Arguments: the store, the port of the web server."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from app.notify.records import ChannelKind, ChannelSettings, Webhook
from app.notify.sender import Sender
from app.secrets import Reference, Source
from store.outbox import Outbox


def main(store: str, ca_file: str) -> None:
    way = Webhook(Reference(Source.ENV, "HOOK_URL"), Reference(Source.ENV, "HOOK_SECRET"))
    channel = ChannelSettings("ops", ChannelKind.WEBHOOK, way, ca_file=Path(ca_file), window_s=0)
    outbox = Outbox(Path(store))
    sender = Sender(outbox, [channel], f"process {time.monotonic_ns()}")
    while True:
        sender.tick()
        if not sender.sending and outbox.waiting == 0:
            return
        time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
