"""A message by e-mail, over STARTTLS or TLS, or to a server on this machine."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from app import secrets
from app.notify.failures import SendError, network, said
from app.notify.message import Message
from app.notify.records import LIMIT_S, ChannelSettings, Mail, MailSecurity
from app.notify.tls import context_of
from backends.endpoint import Secret
from store.notices import Severity

_POLICY = SMTP.clone(cte_type="7bit")  # for servers without 8BITMIME


def send(message: Message, channel: ChannelSettings, way: Mail) -> str | None:
    """Hand the message to the mail server. Returns what of it was not taken: recipients that were refused.

    Raises :class:`SendError`, and :class:`app.secrets.SecretError` where the password cannot be had."""
    password = None if way.password is None else secrets.resolve(way.password)
    where, known = f"{way.host}:{way.port}", _forms(way.user, password)
    reason = ""
    try:
        with _connected(channel, way) as smtp:
            if way.security is MailSecurity.STARTTLS:
                smtp.starttls(context=context_of(channel))
            if way.user is not None and password is not None:
                _log_in(smtp, where, way.user, password)
            return _hand_over(smtp, where, written(message, way).as_bytes(), way, known)
    except OSError as error:  # all of the library's are of this kind
        reason = _explained(error, where, known)
    raise SendError(reason)  # here, so that the library's exception is not behind it


def written(message: Message, way: Mail) -> EmailMessage:
    """The message as it is sent."""
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = way.sender
    mail["To"] = ", ".join(way.recipients)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.sent_at)
    mail["Message-ID"] = f"<{message.id}@{way.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nothing answers to it by itself
    if message.severity is Severity.CRITICAL:
        mail["Importance"] = "high"
    mail.set_content(message.text)
    return mail


@contextmanager
def _connected(channel: ChannelSettings, way: Mail) -> Iterator[smtplib.SMTP]:
    # The name of this machine is given, since the library would ask the name servers for it: they may be what is down.
    own = socket.gethostname()
    smtp = (
        smtplib.SMTP_SSL(way.host, way.port, own, timeout=LIMIT_S, context=context_of(channel))
        if way.security is MailSecurity.TLS
        else smtplib.SMTP(way.host, way.port, own, timeout=LIMIT_S)
    )
    try:
        smtp.ehlo_or_helo_if_needed()
        yield smtp
    finally:
        with suppress(Exception):  # what was to be said was said
            smtp.quit()
        smtp.close()


def _log_in(smtp: smtplib.SMTP, where: str, user: str, password: Secret) -> None:
    code = None
    try:
        smtp.login(user, password.reveal())
    except smtplib.SMTPAuthenticationError as error:  # what it holds may repeat what was sent
        code = error.smtp_code
    if code is not None:
        raise SendError(f"{where} refuses the login of {user} (SMTP {code})")


def _hand_over(smtp: smtplib.SMTP, where: str, content: bytes, way: Mail, known: list[Secret]) -> str | None:
    code, answer = smtp.mail(way.sender)
    if code != 250:
        raise SendError(f"{where} refuses the sender {way.sender}: {code} {said(answer, known)}")
    refused = {}
    for recipient in way.recipients:
        code, answer = smtp.rcpt(recipient)
        if code not in (250, 251):
            refused[recipient] = f"{recipient}: {code} {said(answer, known)}"
    told = "; ".join(refused.values())
    if len(refused) == len(way.recipients):
        raise SendError(f"{where} refuses every recipient: {told}")
    reason, unsure = "", True
    try:
        code, answer = smtp.data(content)
    except OSError as error:
        reason, unsure = _explained(error, where, known), not isinstance(error, smtplib.SMTPDataError)
    if reason:
        raise SendError(f"{reason}, while it was handed the message", unsure=unsure)
    if code != 250:
        raise SendError(f"{where} refuses the message: {code} {said(answer, known)}")
    return f"refused: {told}" if refused else None


def _explained(error: OSError, where: str, known: list[Secret]) -> str:
    """What the library raised, in our words."""
    match error:
        case smtplib.SMTPNotSupportedError():
            return f"{where} does not offer {'AUTH' if 'AUTH' in str(error) else 'STARTTLS'}"
        case smtplib.SMTPResponseException():
            return f"{where} refuses: {error.smtp_code} {said(error.smtp_error, known)}"
        case smtplib.SMTPServerDisconnected():
            return f"{where} ended the connection"
        case _:
            return network(error, where)


def _forms(user: str | None, password: Secret | None) -> list[Secret]:
    """The password as it goes over the line."""
    return [] if password is None else [password, Secret(f"\0{user}\0{password.reveal()}")]
