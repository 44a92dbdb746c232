"""``drdeck notify``: a real test message through each channel, and what waits and was sent."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.place import Place

if TYPE_CHECKING:
    from app.notify.message import Message
    from app.notify.records import ChannelSettings
    from app.settings import Settings
    from store.notices import Delivery, Notice

OK, FAILED, USAGE = 0, 1, 2
SCHEMA_VERSION = 1
MOST = 200

TEST = """\
exit codes: 0 every channel took its message; 1 one did not, or refused a recipient; 2 no channel is configured, or none
of that name. A channel over UDP or to the local syslog took it when this machine did: syslog says nothing back.
"""
LIST = """\
--json prints one object: schema_version (1), channels (name, kind, where, verified), deliveries (id, channel, state,
attempts, next_try, sent_at, reason, message, and the event) and unrouted: events that no console or scheduler with
channels has looked at yet. A state is waiting, sent or given up. Times are UTC as 2026-01-31T23:59:59Z.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``notify``."""
    notify = commands.add_parser("notify", help="test the channels of [[notifications]]; list what waits and was sent")
    verbs = notify.add_subparsers(dest="notify_command", metavar="COMMAND", required=True)
    form = argparse.RawDescriptionHelpFormatter
    test = verbs.add_parser("test", help="send a real message through each channel", epilog=TEST, formatter_class=form)
    test.add_argument("channels", nargs="*", metavar="CHANNEL", help="only these channels")
    listing = verbs.add_parser("list", help="what waits and what was sent", epilog=LIST, formatter_class=form)
    listing.add_argument("--most", type=int, default=MOST, metavar="N", help=f"so many, the newest first ({MOST})")
    for command in (test, listing):
        command.add_argument("--json", action="store_true", help="print JSON")
        for name in ("--config", "--store"):
            command.add_argument(name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """``drdeck notify``. Returns the exit code. Raises :class:`store.errors.StoreError`."""
    if arguments.notify_command == "list":
        return _list(settings, store_path, arguments.most, as_json=arguments.json)
    return _test(settings, arguments.channels, as_json=arguments.json)


# ------------------------------------------------------------------------------------------------------------- testing


def _test(settings: Settings, names: Sequence[str], *, as_json: bool) -> int:
    known = {channel.name: channel for channel in settings.notifications}
    if not known:
        print(f"No channel is configured: add [[notifications]] to {settings.path}", file=sys.stderr)
        return USAGE
    if unknown := [name for name in names if name not in known]:
        print(f"No channel is called {', '.join(unknown)}. There are: {', '.join(known)}", file=sys.stderr)
        return USAGE
    results = [(known[name], *_tested(known[name], settings)) for name in names or known]
    if as_json:
        rows = [{**_channel_json(channel), "taken": taken, "text": text} for channel, taken, text in results]
        print(json.dumps({"schema_version": SCHEMA_VERSION, "channels": rows}, indent=2))
    else:
        from app.output import columns

        table = [["CHANNEL", "KIND", "RESULT", "WHERE"]]
        table += [[c.name, c.kind, f"{'sent' if taken else 'NOT SENT'}{text and f': {text}'}", _where(c)]
                  for c, taken, text in results]  # fmt: skip
        print("\n".join(columns(table)))
    return OK if all(taken and not text.startswith("refused") for _, taken, text in results) else FAILED


def _tested(channel: ChannelSettings, settings: Settings) -> tuple[bool, str]:
    """Whether the channel took a message, and what there is to say of it."""
    from app.notify.deliver import deliver
    from app.notify.failures import SendError
    from app.notify.records import ChannelKind

    if channel.kind is ChannelKind.BELL:
        if not sys.stderr.isatty():
            return False, "there is no terminal here"
        print("\a", end="", file=sys.stderr, flush=True)
        return True, "this terminal's bell"
    try:
        return True, deliver(_message(channel, settings), channel) or ""
    except SendError as error:
        return False, error.reason


def _message(channel: ChannelSettings, settings: Settings) -> Message:
    import secrets
    from datetime import UTC, datetime

    from app.notify.message import Message
    from app.recovery.operations import who
    from store.notices import Event, EventKind, Notice, Severity

    now, site = datetime.now(UTC), channel.sites[0] if len(channel.sites) == 1 else ""
    event = Event(
        kind=EventKind.RUN_BEGAN,
        severity=Severity.NOTICE,
        site=site,
        target=f"channel:{channel.name}",
        subject=f"test message through {channel.name}",
        what=f"{who()} tests the channel {channel.name}.",
        means="Nothing happened. Messages of drdeck reach you this way.",
        next="Nothing is to be done. What was sent and what waits: drdeck notify list.",
        key="test",
    )
    notice = Notice(0, now, now, 1, event)
    made = secrets.token_hex(16)
    return Message(made, event.severity, event.kind, site, (notice,), now, settings.lab, test=True)


# ------------------------------------------------------------------------------------------------------------- listing


def _list(settings: Settings, store_path: Place, most: int, *, as_json: bool) -> int:
    from contextlib import closing

    from store.outbox import Outbox

    with closing(Outbox(store_path)) as outbox:
        found, unrouted = outbox.deliveries(most), outbox.unrouted()
    if as_json:
        content = {
            "schema_version": SCHEMA_VERSION,
            "channels": [_channel_json(channel) for channel in settings.notifications],
            "deliveries": [_delivery_json(each) for each in found],
            "unrouted": [_notice_json(notice) for notice in unrouted],
        }
        print(json.dumps(content, indent=2))
        return OK
    from app.output import columns

    lines = columns([[c.name, c.kind, _where(c)] for c in settings.notifications])
    print("\n".join(lines) if lines else f"No channel is configured: add [[notifications]] to {settings.path}")
    if unrouted:
        print(f"\n{len(unrouted)} events wait for a console or scheduler that sends them.")
    if found:
        rows = [["AT", "CHANNEL", "STATE", "SEVERITY", "EVENT", "WHAT BECAME OF IT"], *map(_row, found)]
        print("\n".join(["", *columns(rows)]))
    else:
        print("\nNothing was to be sent yet.")
    return OK


def _row(each: Delivery) -> list[str]:
    from app.output import stamp

    event = each.notice.event
    often = f" ({each.notice.count} times)" if each.notice.count > 1 else ""
    parts = [
        f"sent {stamp(each.sent_at)}" if each.sent_at else "",
        f"being sent by {each.claimed}" if each.claimed else "",
        f"tried {each.attempts} times" if each.attempts > 1 else "",
        f"next try {stamp(each.next_try)}" if each.next_try else "",
        each.reason or "",
    ]
    told = "; ".join(part for part in parts if part)
    site = f"{event.site}: " if event.site else ""
    return [
        stamp(each.notice.at) or "",
        each.channel,
        each.state,
        event.severity,
        f"{site}{event.subject}{often}",
        told,
    ]


def _where(channel: ChannelSettings) -> str:
    return f"{channel.where}{'' if channel.verify else ' (its certificate is not verified: verify = false)'}"


def _channel_json(channel: ChannelSettings) -> dict[str, Any]:
    return {"name": channel.name, "kind": channel.kind, "where": channel.where, "verified": channel.verify}


def _delivery_json(each: Delivery) -> dict[str, Any]:
    from app.output import stamp

    return {
        **_notice_json(each.notice),
        "channel": each.channel,
        "state": each.state,
        "attempts": each.attempts,
        "next_try": stamp(each.next_try),
        "sent_at": stamp(each.sent_at),
        "reason": each.reason,
        "message": each.batch,
    }


def _notice_json(notice: Notice) -> dict[str, Any]:
    from app.output import stamp

    event = notice.event
    return {
        "id": notice.id,
        "at": stamp(notice.at),
        "last_at": stamp(notice.last_at),
        "count": notice.count,
        "kind": event.kind,
        "severity": event.severity,
        "site": event.site or None,
        "target": event.target,
        "subject": event.subject,
        "what": event.what,
        "means": event.means,
        "next": event.next,
        "key": event.key,
    }
