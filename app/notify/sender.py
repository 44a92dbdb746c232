"""Sends what waits: one channel beside another, so that one that hangs holds up no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from app.notify import grouping
from app.notify.deliver import deliver
from app.notify.failures import SendError
from app.notify.message import message
from app.notify.records import ChannelKind, ChannelSettings
from app.output import stamp
from store.errors import StoreError
from store.notices import Delivery, Notice
from store.outbox import CLAIM_S, Batch, GroupKey, Outbox

Trouble = Callable[[str], object]


class Sender:
    """Sends through ``channels`` what waits in ``outbox``. ``holder`` names this program; ``trouble`` is told, on any
    thread, when a channel begins to fail. ``lab``: the devices are simulated. ``clock`` gives the time in UTC."""

    def __init__(
        self,
        outbox: Outbox,
        channels: Sequence[ChannelSettings],
        holder: str,
        trouble: Trouble = lambda text: None,
        *,
        lab: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._outbox = outbox
        self._channels = tuple(channel for channel in channels if channel.kind is not ChannelKind.BELL)
        self._holder = holder
        self._trouble = trouble
        self._lab = lab
        self._clock = clock
        self._stopped = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._under_way: dict[str, tuple[Batch, ...]] = {}
        self._failing: set[str] = set()
        self._version: tuple[str, int] | None = None
        self._due: dict[str, datetime | None] = {}
        self._renewed = clock()

    def tidy(self) -> None:
        """Forget what is old, and give up what no channel takes any more."""
        self._outbox.tidy([channel.name for channel in self._channels], self._clock() - grouping.GIVE_UP)

    def tick(self, *, flush: bool = False) -> None:
        """Begin to send what is due; with ``flush`` all that waits and was not tried yet. Does not wait for it."""
        self._outbox.route(self._routes)
        self._renew()
        version, now = self._outbox.version, self._clock()
        changed, self._version = version != self._version, version
        for channel in self._channels:
            due = self._due.get(channel.name)
            if not self._busy(channel) and (flush or changed or (due is not None and due <= now)):
                self._begin(channel, now, 0.0 if flush else channel.window_s)

    @property
    def sending(self) -> bool:
        """Whether a message is on its way."""
        return any(self._busy(channel) for channel in self._channels)

    def close(self, limit_s: float) -> None:
        """Begin nothing more, and end within ``limit_s`` seconds; what was not begun waits for another program."""
        self._stopped.set()
        for thread in tuple(self._threads.values()):
            thread.join(limit_s / max(len(self._threads), 1))

    def _routes(self, notice: Notice) -> list[str]:
        if self._clock() - notice.at > grouping.NEWS:
            return []
        return [channel.name for channel in self._channels if channel.takes(notice.event)]

    def _busy(self, channel: ChannelSettings) -> bool:
        thread = self._threads.get(channel.name)
        return thread is not None and thread.is_alive()

    def _renew(self) -> None:
        now = self._clock()
        if now - self._renewed > timedelta(seconds=CLAIM_S / 4):
            self._renewed = now
            for channel in self._channels:
                if self._busy(channel):
                    self._outbox.renew(channel.name, self._holder, self._under_way[channel.name])

    def _begin(self, channel: ChannelSettings, now: datetime, window_s: float) -> None:
        def choose(waiting: Sequence[Delivery], last: Mapping[GroupKey, datetime]) -> tuple[Batch, ...]:
            return grouping.batches(waiting, last, now, window_s)

        def when(waiting: Sequence[Delivery], last: Mapping[GroupKey, datetime]) -> datetime | None:
            return grouping.next_due(waiting, last, now, window_s)

        batches = self._outbox.claim(channel.name, self._holder, window_s, choose)
        if batches:
            work = partial(self._send, channel, batches)
            thread = threading.Thread(target=work, name=f"notify {channel.name}", daemon=True)
            self._threads[channel.name], self._under_way[channel.name] = thread, batches
            self._due[channel.name] = now
            thread.start()
        else:
            self._due[channel.name] = self._outbox.due(channel.name, window_s, when)

    def _send(self, channel: ChannelSettings, batches: Sequence[Batch]) -> None:
        """On the thread of the channel. A message that cannot be recorded as sent is sent again: it says so then."""
        try:
            for batch in batches:
                if self._stopped.is_set():
                    self._outbox.release(channel.name, batch)
                else:
                    self._send_one(channel, batch)
        except StoreError as error:
            self._trouble(f"Notifications: {error}")

    def _send_one(self, channel: ChannelSettings, batch: Batch) -> None:
        failure = None
        try:
            reason = deliver(message(batch, self._clock(), lab=self._lab), channel)
        except SendError as error:
            failure = error
        if failure is None:
            self._outbox.sent(channel.name, batch, reason)
            self._failing.discard(channel.name)
            return
        now = self._clock()
        oldest = min(each.notice.at for each in batch.deliveries)
        next_try = grouping.retry_at(max(each.attempts for each in batch.deliveries) + 1, now)
        given_up = now - oldest > grouping.GIVE_UP
        unsure = failure.unsure or batch.again
        self._outbox.failed(channel.name, batch, failure.reason, None if given_up else next_try, unsure=unsure)
        if channel.name not in self._failing:
            self._failing.add(channel.name)
            self._trouble(f"Notifications by {channel.name} wait, tried again at {stamp(next_try)}: {failure.reason}")
