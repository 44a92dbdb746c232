"""The documented way back from a pair of roles (procedures 4.6): shown to a person, run by nobody."""

from __future__ import annotations

from store.estate import RcgStatus, RemoteCopyGroup
from store.rcg_roles import RoleCode, role_code

_PRI, _PRI_REV, _SEC, _SEC_REV = RoleCode.PRIMARY, RoleCode.PRIMARY_REV, RoleCode.SECONDARY, RoleCode.SECONDARY_REV

OUTSIDE = ("Change no roles any more. Collect showrcopy -d groups of both arrays, and call HPE.",)


def way_back(natural: RemoteCopyGroup, peer: RemoteCopyGroup, on_p: str, on_s: str) -> tuple[str, ...]:
    """Commands for a person, a line each, from both views of a group as just read; none where nothing is wrong with it.
    ``on_p`` and ``on_s`` are the names of the devices."""
    pair = (role_code(natural.role, natural.role_reversed), role_code(peer.role, peer.role_reversed))
    if pair == (_PRI, _SEC) and natural.status is RcgStatus.STARTED:
        return ()
    if RcgStatus.FAILSAFE in (natural.status, peer.status):
        return (
            f"On the other side: setrcopygroup recover -f {peer.name}, or restore.",
            "If it stays Failsafe: setrcopygroup override, and call HPE.",
        )
    table: dict[tuple[RoleCode | None, RoleCode | None], tuple[str, ...]] = {
        (_PRI, _PRI_REV): (
            f"Fence the hosts of {on_p}.",
            f"On {on_s}: setrcopygroup recover -f {peer.name}, then setrcopygroup restore -f {peer.name}",
        ),
        (_SEC_REV, _PRI_REV): (
            f"On {on_s}: setrcopygroup restore -f {peer.name}",
            f"Where both are Stopped also: setrcopygroup reverse -f -natural {peer.name}",
        ),
        (_PRI, _SEC): (f"On {on_p}: startrcopygroup {natural.name}",),
        (_PRI_REV, _SEC): (f"On {on_p}: setrcopygroup reverse -f -local -natural {natural.name}",),
        (_SEC, _PRI): (
            f"On {on_s}: stoprcopygroup -f {peer.name}, then setrcopygroup reverse -f {peer.name}",
            f"On {on_p}: startrcopygroup {natural.name}",
        ),
    }
    return table.get(pair, OUTSIDE)
