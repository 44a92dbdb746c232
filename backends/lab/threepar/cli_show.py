"""The ``show`` commands besides ``showrcopy``: system, volumes, exports, hosts, pools, ports, tasks, time."""

from __future__ import annotations

from backends.lab.threepar.array import ThreePar
from backends.lab.threepar.cli_rcopy import stamp
from backends.lab.threepar.objects import Task, TaskStatus
from backends.lab.threepar.refusals import ArrayError, Why
from backends.lab.threepar.tables import Column, Style, Table


def _columns(names: str, right: str = "") -> list[Column]:
    numbers = set(right.split())
    return [Column(name, right=name in numbers) for name in names.split()]


def _print(table: Table, args: list[str], style: Style) -> list[str]:
    if "-showcols" in args:
        wanted = args[args.index("-showcols") + 1 : args.index("-showcols") + 2]
        try:
            table = table.only(wanted[0].split(",") if wanted else [])
        except KeyError as error:
            return [f"Error: invalid column name {error.args[0]}"]
    return table.lines(style)


def _names(args: list[str], flags_with_value: tuple[str, ...] = ("-showcols",)) -> list[str]:
    names, skip = [], False
    for arg in args:
        if skip:
            skip = False
        elif arg.startswith("-"):
            skip = arg in flags_with_value
        else:
            names.append(arg)
    return names


def showsys(array: ThreePar, args: list[str], style: Style) -> list[str]:
    who = array.who
    free = who.total_mib - array.used_mib
    row = [str(who.system_id), array.name, who.model, who.serial, "2", "0"]
    row += [str(who.total_mib), str(array.used_mib), str(free), "0"]
    names = "ID Name Model Serial Nodes Master TotalCap AllocCap FreeCap FailedCap"
    if "-d" in args:
        return _system_details(array, free)
    return _print(Table(_columns(names, "ID TotalCap AllocCap FreeCap FailedCap"), [row]), args, style)


def _system_details(array: ThreePar, free: int) -> list[str]:
    who = array.who
    rows = [
        ("System Name", array.name),
        ("System Model", who.model),
        ("Serial Number", who.serial),
        ("System ID", hex(who.system_id)),
        ("Number of Nodes", "2"),
        ("Master Node", "0"),
        ("Nodes Online", "0,1"),
        ("Nodes in Cluster", "0,1"),
        ("Total Capacity (MB)", str(who.total_mib)),
        ("Free Capacity (MB)", str(free)),
    ]
    return ["------------General-------------", *(f"{name:<19} : {value}" for name, value in rows)]


def showversion(array: ThreePar, args: list[str], style: Style) -> list[str]:
    version = array.who.os_version
    if "-s" in args:
        return [version]
    head = [f"Release version {version}", "Patches:  None"]
    parts = Table(_columns("Component Name Version"), [["CLI", "Server", version], ["System", "Manager", version]])
    return head if "-b" in args else [*head, "", *parts.lines(style)]


def showdate(array: ThreePar, args: list[str], style: Style) -> list[str]:
    text = f"{stamp(array, array.world.clock.now())} ({array.who.time_zone})"
    return Table(_columns("Node Date"), [["0", text], ["1", text]]).lines(style)


def showvv(array: ThreePar, args: list[str], style: Style) -> list[str]:
    names = _names(args, ("-showcols", "-p", "-cpg"))
    rows = []
    for volume in sorted(array.volumes.values(), key=lambda v: v.id):
        if names and volume.name not in names:
            continue
        base = volume.copy_of.id if volume.copy_of else volume.id
        kind = "vcopy" if volume.copy_of else "base"
        access = "RO" if volume.read_only else "RW"
        size = str(volume.size_mib)
        created = stamp(array, volume.created)
        row = [str(volume.id), volume.name, volume.prov, "No", "No", kind, _parent(volume.copy_of), str(base)]
        row += [access, "normal", "0", str(volume.size_mib // 2), size]
        row += [volume.cpg, volume.snap_cpg, volume.disk.serial, created]
        rows.append(row)
    if names and not rows:
        return ["no vv listed"]
    table = Table(
        _columns(
            "Id Name Prov Compr Dedup Type CopyOf BsId Rd State Snp Usr VSize UsrCPG SnpCPG VV_WWN CreationTime",
            "Id BsId Snp Usr VSize",
        ),
        rows,
        total=True,
    )
    if "-showcols" not in args:
        table = table.only([column.name for column in table.columns[:13]])
    return _print(table, args, style)


def _parent(volume: object) -> str:
    return getattr(volume, "name", "---")


def showvlun(array: ThreePar, args: list[str], style: Style) -> list[str]:
    hosts = {args[i + 1] for i, a in enumerate(args[:-1]) if a == "-host"}
    wanted = {args[i + 1] for i, a in enumerate(args[:-1]) if a == "-v"} | set(
        _names(args, ("-host", "-v", "-showcols", "-l"))
    )
    chosen = [
        v
        for v in sorted(array.vluns, key=lambda v: (v.host.name, v.lun))
        if (not hosts or v.host.name in hosts) and (not wanted or v.volume.name in wanted)
    ]
    active = Table(_columns("Lun VVName HostName Host_WWN/iSCSI_Name Port Type Status ID", "Lun ID"), total=True)
    for vlun in chosen:
        if array.logged_in(vlun.host):
            for index, wwn in enumerate(vlun.host.wwns):
                port = array.ports[index % len(array.ports)]
                active.rows.append([str(vlun.lun), vlun.volume.name, vlun.host.name, wwn, port, "host", "active", "1"])
    templates = Table(_columns("Lun VVName HostName Host_WWN/iSCSI_Name Port Type", "Lun"), total=True)
    templates.rows = [[str(v.lun), v.volume.name, v.host.name, "----------------", "---", "host"] for v in chosen]
    if not chosen:
        return ["no vluns listed"]
    if "-a" in args:
        return _print(active, args, style)
    if "-t" in args:
        return _print(templates, args, style)
    if style.bare:
        return _print(active, args, style) + _print(templates, args, style)
    return ["Active VLUNs", *_print(active, args, style), "", "VLUN Templates", *_print(templates, args, style)]


def showhost(array: ThreePar, args: list[str], style: Style) -> list[str]:
    names = _names(args)
    rows = []
    for host in array.hosts.values():
        if names and host.name not in names:
            continue
        logged_in = array.logged_in(host)
        for index, path in enumerate([*host.wwns, *host.iscsi_names] or ["---"]):
            port = array.ports[index % len(array.ports)] if logged_in else "---"
            rows.append([str(host.id), host.name, str(host.persona), path, port])
    if not rows:
        return ["no hosts listed"]
    return _print(Table(_columns("Id Name Persona WWN/iSCSI_Name Port", "Id"), rows, total=True), args, style)


def showhostset(array: ThreePar, args: list[str], style: Style) -> list[str]:
    return [] if style.csv else ["No host set listed"]


def showcpg(array: ThreePar, args: list[str], style: Style) -> list[str]:
    rows = []
    for cpg in array.cpgs.values():
        used = [v for v in array.volumes.values() if v.cpg == cpg.name]
        size = sum(v.size_mib // 2 for v in used)
        thin = sum(1 for v in used if v.prov == "tpvv")
        rows.append([str(cpg.id), cpg.name, "-", str(len(used)), str(thin), "0", "0", str(size), "0", str(size), "0"])
    names = "Id Name Warn% VVs TPVVs TDVVs Usr Snp Base Total Free"
    return _print(Table(_columns(names, "Id VVs TPVVs TDVVs Usr Snp Base Total Free"), rows, total=True), args, style)


def showport(array: ThreePar, args: list[str], style: Style) -> list[str]:
    if "-iscsi" in args or "-iscsivlan" in args:
        return [] if style.csv else ["No iSCSI ports listed"]
    columns = _columns("N:S:P Mode State Node_WWN Port_WWN/HW_Addr Type Protocol Label Partner FailoverState")
    rows = []
    for index, port in enumerate(array.ports):
        wwn = f"{array.who.system_id:06X}"[-6:]
        partner = array.ports[1 - index]
        row = [port, "target", "ready", f"2FF70002AC{wwn}", f"2{index}110002AC{wwn}", "host", "FC", "-"]
        rows.append([*row, partner, "none"])
    for target in array.targets.values():
        for wire in target.connection.wires:
            node = wire.nodes[target.end]
            rows.append([node, "peer", "ready", "-", "0002AC" + node.replace(":", "0"), "rcip", "IP", "-", "-", "-"])
    return _print(Table(columns, rows, total=True), args, style)


def shownode(array: ThreePar, args: list[str], style: Style) -> list[str]:
    columns = _columns("Node Name State Master InCluster LED Control_Mem Data_Mem Available_Cache")
    rows = [
        [
            str(n),
            f"{array.who.serial}-{n}",
            "OK",
            "Yes" if n == 0 else "No",
            "Yes",
            "GreenBlnk",
            "65536",
            "32768",
            "100",
        ]
        for n in (0, 1)
    ]
    return _print(Table(columns, rows), args, style)


def showwsapi(array: ThreePar, args: list[str], style: Style) -> list[str]:
    port = str(array.device.ports.get("https", 443))
    version = f"1.{array.who.api_minor}.0"
    names = "Service State HTTP_State HTTP_Port HTTPS_State HTTPS_Port Version"
    row = ["Enabled", "Active", "Disabled", "8008", "Enabled", port, version]
    return Table(_columns(names), [row]).lines(style)


def showpatch(array: ThreePar, args: list[str], style: Style) -> list[str]:
    return Table(_columns("InstallTime Id Package Version"), []).lines(style)


def showrcopytransport(array: ThreePar, args: list[str], style: Style) -> list[str]:
    rows = [
        [wire.nodes[t.end], "ready" if t.connection.wire_up(wire) else "loss_sync", wire.addresses[t.end], "IP"]
        for t in array.targets.values()
        for wire in t.connection.wires
    ]
    return _print(Table(_columns("N:S:P State IPAddr Type"), rows, total=True), args, style)


def showtask(array: ThreePar, args: list[str], style: Style) -> list[str]:
    wanted = [int(a) for a in _names(args, ("-t", "-type")) if a.isascii() and a.isdigit()]
    for number in wanted:
        if number not in array.tasks:
            raise ArrayError(Why.NON_EXISTENT_TASK, str(number))
    tasks = [t for t in array.tasks.values() if not wanted or t.id in wanted]
    for flag, status in (("-active", 2), ("-done", 1), ("-failed", 4)):
        if flag in args:
            tasks = [t for t in tasks if t.status == TaskStatus(status)]
    columns = _columns("Id Type Name Status Phase Step StartTime FinishTime Priority User", "Id")
    table = Table(columns, [_task_row(array, t) for t in tasks])
    if not tasks:
        return ["No tasks."]
    out = _print(table, args, style)
    if "-d" in args:
        out += ["", "Detailed status:"]
        out += [f"{stamp(array, when)} {text}" for task in tasks for when, text in task.log]
    return out


def _task_row(array: ThreePar, task: Task) -> list[str]:
    finish = "-" if task.finished is None else stamp(array, task.finished)
    active = task.status is TaskStatus.ACTIVE
    row = [str(task.id), task.type.name.lower(), task.name, task.status.name.lower()]
    step = "1/1" if active else "---"
    return [*row, step, "0/1" if active else "---", stamp(array, task.started), finish, "n/a", task.user]


COMMANDS = {
    "showsys": showsys,
    "showversion": showversion,
    "showdate": showdate,
    "showvv": showvv,
    "showvlun": showvlun,
    "showhost": showhost,
    "showhostset": showhostset,
    "showcpg": showcpg,
    "showport": showport,
    "shownode": shownode,
    "showwsapi": showwsapi,
    "showpatch": showpatch,
    "showrcopytransport": showrcopytransport,
    "showtask": showtask,
}
