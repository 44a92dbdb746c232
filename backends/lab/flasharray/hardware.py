"""What stands around the data: the array's ports, who is logged in to them, controllers, connections, alerts."""

from __future__ import annotations

from collections.abc import Iterator

from backends.lab.flasharray import views
from backends.lab.flasharray.state import ArrayState
from backends.lab.flasharray.views import Row

_MODEL = "FA-X70R4"
_FABRICS = 2
_PORTS = tuple(f"CT{controller}.FC{port}" for controller in (0, 1) for port in range(_FABRICS))


def space_history(array: ArrayState) -> Iterator[Row]:
    yield {
        "id": array.id,
        "name": array.name,
        "capacity": array.capacity,
        "parity": 1.0,
        "space": views.array_space(array),
        "time": views.ms(array.now),
    }


def volume_space(array: ArrayState) -> Iterator[Row]:
    for disk in array.disks.values():
        yield {
            "id": disk.id,
            "name": disk.name,
            "space": views.space(disk.core.size, views.used_by(disk)),
            "time": views.ms(array.now),
        }


def remote_pods(array: ArrayState) -> Iterator[Row]:
    """The pods of connected arrays that can be reached."""
    for peer in array.peers.values():
        if array.world.linked(array.site, peer.site):
            for pod in peer.pods.values():
                if not pod.destroyed:
                    yield {"id": pod.id, "name": pod.name, "arrays": [{"id": peer.id, "name": peer.name}]}


def alerts(array: ArrayState) -> Iterator[Row]:
    return (views.alert(found) for found in array.alerts)


def array_connections(array: ArrayState) -> Iterator[Row]:
    for peer in array.peers.values():
        linked = array.world.linked(array.site, peer.site)
        yield {
            "id": peer.id,
            "name": peer.name,
            "management_address": f"{peer.name}.lab",
            "replication_addresses": [],
            "status": "connected" if linked else "connecting",
            "type": "async-replication",
            "replication_transport": "ip",
            "version": "6.6.10",
            "throttle": {"default_limit": None, "window": {"start": None, "end": None}, "window_limit": None},
        }


def controllers(_array: ArrayState) -> Iterator[Row]:
    for number, mode in ((0, "primary"), (1, "secondary")):
        yield {
            "name": f"CT{number}",
            "mode": mode,
            "model": _MODEL,
            "status": "ready",
            "type": "array_controller",
            "version": "6.6.10",
        }


def components(_array: ArrayState) -> Iterator[Row]:
    names = [("CH0", "chassis"), ("CT0", "controller"), ("CT1", "controller")]
    names += [(port, "fc_port") for port in _PORTS]
    for index, (name, kind) in enumerate(names):
        yield {
            "name": name,
            "details": None,
            "identify_enabled": False if kind != "fc_port" else None,
            "index": index,
            "model": _MODEL if kind == "controller" else None,
            "serial": None,
            "slot": None,
            "speed": 32_000_000_000 if kind == "fc_port" else None,
            "status": "ok",
            "temperature": None,
            "type": kind,
            "voltage": None,
        }


def _wwn(array: ArrayState, number: int) -> str:
    plain = "524A937" + array.id.replace("-", "")[:7].upper() + f"{number:02X}"
    return ":".join(plain[at : at + 2] for at in range(0, 16, 2))


def ports(array: ArrayState) -> Iterator[Row]:
    for number, name in enumerate(_PORTS):
        yield _port(name, _wwn(array, number))


def _port(name: str, wwn: str) -> Row:
    return {"name": name, "iqn": None, "nqn": None, "portal": None, "wwn": wwn, "failover": None}


def initiators(array: ArrayState) -> Iterator[Row]:
    """Who is logged in: the WWPNs of running writers of this site, known to a host here or not. There are two fabrics,
    each with one port of either controller; the adapters of a writer are on them in turn."""
    wwns = [wwn.lower() for host in array.hosts.values() for wwn in host.wwns]
    fabrics: dict[str, int] = {}
    for writer in array.world.running_with(wwns):
        if writer.site == array.site:
            for place, wwpn in enumerate(writer.wwpns):
                fabrics.setdefault(wwpn, place % _FABRICS)
    for wwpn, fabric in sorted(fabrics.items()):
        upper = wwpn.upper()
        shown = ":".join(upper[at : at + 2] for at in range(0, 16, 2))
        for number, name in list(enumerate(_PORTS))[fabric::_FABRICS]:
            yield {
                "initiator": {"iqn": None, "nqn": None, "portal": None, "wwn": shown},
                "target": _port(name, _wwn(array, number)),
            }


def network_interfaces(array: ArrayState) -> Iterator[Row]:
    for number, name in enumerate(_PORTS):
        yield {
            "name": name.lower(),
            "enabled": True,
            "interface_type": "fc",
            "services": ["scsi-fc"],
            "speed": 32_000_000_000,
            "eth": {
                "address": None,
                "gateway": None,
                "mac_address": None,
                "mtu": None,
                "netmask": None,
                "subtype": None,
                "subinterfaces": [],
                "subnet": {"name": None},
                "vlan": None,
            },
            "fc": {"wwn": _wwn(array, number)},
        }
