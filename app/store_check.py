"""What ``drdeck check`` says of a store on a server: does it answer, is it verified, and does its clock go as ours?"""

from __future__ import annotations

from store.errors import explain
from store.place import Place, Server

SKEW_S = 2.0
VERIFIED = ("verify-ca", "verify-full")


def told(store: Place) -> list[str]:
    """One line, and below it what to do; nothing of a store in a file."""
    if not isinstance(store, Server):
        return []
    try:
        from store.postgres_link import connect, parameters

        connection, (least, most) = connect(store, reads=True)
        connection.close()
    except ImportError:
        return [f"Store: {store} is on PostgreSQL, and psycopg is missing", "    -> pip install 'drdeck[postgres]'"]
    except Exception as error:
        found = explain(error, store)
        return [f"Store: {found.message}", f"    -> {found.hint}"]
    lines = [f"Store: {store} answers"]
    if least > SKEW_S or most < -SKEW_S:
        where = "ahead of" if least > 0 else "behind"
        lines.append(f"    -> Its clock is {abs(least):.0f} s {where} this machine's: set both by NTP")
    mode = parameters(store).get("sslmode", VERIFIED[-1])  # without one it is a socket of this machine
    if mode not in VERIFIED:
        lines.append(f"    -> Its certificate is not verified (sslmode={mode}): anybody may answer in its place")
    return lines
