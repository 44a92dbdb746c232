"""The demo's 3PAR pair: eight Remote Copy groups in all modes, one of them failed over."""

from __future__ import annotations

from msgspec import Struct

from backends.lab.threepar.rcg import Options
from backends.lab.threepar.state import ThreePar, add_replicated_group, add_server, add_threepar, connect
from backends.lab.world import World
from store.estate import RcgMode


class Service(Struct, frozen=True):
    """A group and the server on its volumes. Sizes in MiB; the period in seconds."""

    name: str
    mode: RcgMode
    volumes: int
    size_mib: int
    period_s: int | None = None


SERVICES = (
    Service("sales", RcgMode.SYNC, 3, 512_000),
    Service("orders", RcgMode.SYNC, 2, 256_000),
    Service("wms", RcgMode.PERIODIC, 2, 204_800, 300),
    Service("mail", RcgMode.PERIODIC, 4, 1_024_000, 300),
    Service("archive", RcgMode.PERIODIC, 1, 8_192_000, 3600),
    Service("web", RcgMode.SYNC, 1, 102_400),
    Service("lab", RcgMode.PERIODIC, 1, 51_200, 900),
    Service("stream", RcgMode.ASYNC, 1, 307_200),
)


def build(world: World) -> None:
    """Arrays, servers and groups of both sites."""
    paris = add_threepar(
        world,
        "3par-paris",
        "paris",
        serial="CZ3951T3FJ",
        system_id=121649,
        time_zone="Europe/Paris",
        users=_user("paris"),
    )
    lyon = add_threepar(
        world, "3par-lyon", "lyon", serial="CZ3951T3GK", system_id=121650, time_zone="Europe/Paris", users=_user("lyon")
    )
    connect(paris, lyon)
    for number, service in enumerate(SERVICES):
        _service(paris, lyon, number, service)
    for number in (1, 2):  # of drills: they see what is shown to them in one, and nothing else
        add_server(lyon, f"drill-srv{number}", _wwns("2100000000D0", number), (), running=False)
    now = world.now
    lab, side = paris.group("rcg_lab")
    world.after(20.0, lambda later: lab.stop(side, later) if lab.started else None)  # its first copy is behind it
    _fail_over_web(paris, lyon, now)


def _user(site: str) -> dict[str, str]:
    return {"3paradm": f"3par-{site}-pw"}


def _service(paris: ThreePar, lyon: ThreePar, number: int, service: Service) -> None:
    names = [f"{service.name}_data{n:02}" for n in range(1, service.volumes + 1)]
    add_replicated_group(
        paris,
        f"rcg_{service.name}",
        lyon.name,
        service.mode,
        dict.fromkeys(names, service.size_mib),
        period_s=service.period_s,
        policies=("auto_recover", "over_per_alert") if service.period_s else ("auto_recover",),
    )
    add_server(paris, f"{service.name}-srv1", _wwns("2100000000A1", number), names)
    add_server(lyon, f"{service.name}-srv1", _wwns("2100000000B2", number), (), running=False)


def _wwns(prefix: str, number: int) -> tuple[str, str]:
    return f"{prefix}{number:02X}00", f"{prefix}{number:02X}01"


def _fail_over_web(paris: ThreePar, lyon: ThreePar, now: float) -> None:
    """Last night's failover of the web shop: its server in Paris is off, Lyon serves."""
    world = paris.world
    world.power_off(world.writers["paris/web-srv1"])
    for vlun in [v for v in paris.vluns if v.host.name == "web-srv1"]:
        paris.unexport(vlun.volume.name, vlun.lun, "web-srv1")
    group, side = paris.group("rcg_web")
    group.stop(side, now)
    group.failover(group.other(side), now, Options())
    world.after(30.0, lambda _now: _serve_web_from_lyon(lyon))


def _serve_web_from_lyon(lyon: ThreePar) -> None:
    lyon.export("web_data01", "web-srv1")
    lyon.world.power_on(lyon.world.writers["lyon/web-srv1"])
