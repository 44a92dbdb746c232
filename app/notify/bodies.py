"""What a webhook is sent: drdeck's own JSON, and the shapes that Slack and Teams show. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

from app.notify.message import Message
from app.notify.records import ChannelKind
from app.output import stamp
from store.notices import Notice, Severity

SCHEMA_VERSION = 1
MOST_LISTED = 100
_SLACK_HEADER, _SLACK_TEXT = 150, 2900
"""Slack takes 150 characters in a header and 3,000 in a section (https://docs.slack.dev/reference/block-kit/blocks)."""

_TEAMS_COLOURS = {
    Severity.INFO: "Default",
    Severity.NOTICE: "Good",
    Severity.WARNING: "Warning",
    Severity.MAJOR: "Attention",
    Severity.CRITICAL: "Attention",
}


def body(kind: ChannelKind, message: Message) -> bytes:
    """The JSON of a message for a webhook of this kind, as UTF-8."""
    make = {ChannelKind.SLACK: _slack, ChannelKind.TEAMS: _teams}.get(kind, _own)
    return json.dumps(make(message), ensure_ascii=False, separators=(",", ":")).encode()


def _own(message: Message) -> dict[str, object]:
    listed = message.notices[:MOST_LISTED]
    return {
        "schema_version": SCHEMA_VERSION,
        "id": message.id,
        "test": message.test,
        "lab": message.lab,
        "kind": message.word,
        "severity": message.severity,
        "site": message.site or None,
        "subject": message.subject,
        "sent_at": stamp(message.sent_at),
        "may_have_arrived_before": message.again,
        "count": len(message.notices),
        "left_out": len(message.notices) - len(listed),
        "events": [_event(notice, message.word) for notice in listed],
    }


def _event(notice: Notice, word: str) -> dict[str, object]:
    event = notice.event
    return {
        "id": notice.id,
        "key": event.key,
        "at": stamp(notice.at),
        "last_at": stamp(notice.last_at),
        "count": notice.count,
        "kind": word,
        "severity": event.severity,
        "site": event.site or None,
        "target": event.target,
        "subject": event.subject,
        "what": event.what,
        "means": event.means,
        "next": event.next,
    }


def _slack(message: Message) -> dict[str, object]:
    escaped = message.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {
        "text": message.subject.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": _cut(message.subject, _SLACK_HEADER)}},
            *(
                {"type": "section", "text": {"type": "mrkdwn", "text": f"```{part}```"}}
                for part in _parts(escaped.splitlines())
            ),
        ],
    }


def _parts(lines: Sequence[str]) -> list[str]:
    """The lines in as few texts as Slack takes."""
    parts = [""]
    for line in lines:
        line = _cut(line.replace("```", "'''"), _SLACK_TEXT)
        if parts[-1] and len(parts[-1]) + 1 + len(line) > _SLACK_TEXT:
            parts.append("")
        parts[-1] = f"{parts[-1]}\n{line}" if parts[-1] else line
    return parts


def _teams(message: Message) -> dict[str, object]:
    """An adaptive card; its text is in runs, in which no character is a mark of style."""
    title = {"type": "TextRun", "text": message.subject, "weight": "Bolder", "color": _TEAMS_COLOURS[message.severity]}
    lines = [{"type": "TextRun", "text": line} for line in message.text.splitlines()]
    rows = [title, *(line for line in lines if line["text"])]
    card = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [{"type": "RichTextBlock", "inlines": [row]} for row in rows],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
