"""One message through one channel."""

from __future__ import annotations

from app.notify.failures import SendError
from app.notify.message import Message
from app.notify.records import ChannelSettings, Mail, Syslog, Webhook
from app.secrets import SecretError


def deliver(message: Message, channel: ChannelSettings) -> str | None:
    """Send it, by a library that is loaded now. Waits, within limits. Returns what of it was not taken, such as a
    recipient that was refused. Raises :class:`SendError` with nothing of a library's exception behind it."""
    reason, unsure = "", False
    try:
        match channel.way:
            case Mail():
                from app.notify import send_mail

                return send_mail.send(message, channel, channel.way)
            case Webhook():
                from app.notify import send_webhook

                send_webhook.send(message, channel, channel.way)
            case Syslog():
                from app.notify import send_syslog

                send_syslog.send(message, channel, channel.way)
            case _:
                raise SendError("a bell rings in consoles only")
        return None
    except SendError:
        raise
    except SecretError as error:
        reason = str(error)
    except Exception as error:  # its text may hold anything, a secret too
        reason, unsure = f"a defect of drdeck, {type(error).__name__}", True
    raise SendError(reason, unsure=unsure)
