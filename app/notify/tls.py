"""Whom a channel believes: its own CA file, else those of the system; nobody is asked where ``verify`` is off."""

from __future__ import annotations

import ssl

from app.notify.failures import SendError
from app.notify.records import ChannelSettings


def context_of(channel: ChannelSettings) -> ssl.SSLContext:
    """A client's context. Raises :class:`SendError` for a CA file that cannot be used."""
    trouble = None
    try:
        context = ssl.create_default_context(cafile=channel.ca_file)
    except (OSError, ssl.SSLError) as error:
        trouble = error.strerror or type(error).__name__
    if trouble is not None:
        raise SendError(f"ca_file {channel.ca_file} cannot be used: {trouble}")
    if not channel.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def bundle_of(channel: ChannelSettings) -> str | bool:
    """The same for a library that wants the path of the trusted certificates; True: its own. Raises as above."""
    if not channel.verify:
        return False
    context_of(channel)
    system = ssl.get_default_verify_paths().cafile
    return str(channel.ca_file) if channel.ca_file is not None else system or True
