"""Methods of the service: sessions, views, property collectors, search, tasks."""

from __future__ import annotations

import threading
import time
from typing import Any
from urllib.parse import unquote

from pyVmomi import vim

from backends.lab.vsphere import collector as pc
from backends.lab.vsphere.collector import Collector, Filter
from backends.lab.vsphere.records import Managed, Refusal, Task
from backends.lab.vsphere.registry import Context, Raw, method
from backends.lab.vsphere.selection import Selection, below, kind_of
from backends.lab.vsphere.service import not_authenticated, user_session
from backends.lab.vsphere.sessions import ListView, Session, View
from backends.lab.vsphere.views_vm import moment, path_of

_POLL_S = 0.03
_LONGEST_WAIT_S = 1800.0


def _session(context: Context) -> Session:
    assert context.session is not None
    return context.session


# ---------------------------------------------------------------------------------------------------------- sessions


@method("RetrieveServiceContent", "ServiceInstance")
def _content(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    return context.service.service_content()


@method("CurrentTime", "ServiceInstance")
def _time(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    service = context.service
    return moment(service.world.device_time(service.device))


@method("Login", "SessionManager")
def _login(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    service = context.service
    if service.refuses_login():
        raise Refusal("InvalidLogin", "Cannot complete login due to an incorrect user name or password.")
    client = context.headers.get("user-agent", "")
    session = service.sessions.login(args["userName"], args["password"], context.now, client)
    default = service.content["propertyCollector"]
    session.keep(Collector(default.moid, ""))
    context.session = session
    context.cookie = session.cookie
    return user_session(session)


@method("Logout", "SessionManager")
def _logout(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    context.service.sessions.logout(_session(context))


@method("SessionIsActive", "SessionManager")
def _is_active(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    return any(
        one.key == args["sessionID"] and one.user == args["userName"] for one in context.service.sessions.open_keys()
    )


@method("TerminateSession", "SessionManager")
def _terminate(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    service = context.service
    for key in args["sessionId"]:
        found = next((one for one in service.sessions.open_keys() if one.key == key), None)
        if found is None:
            raise Refusal("NotFound", "The object or item referred to could not be found.")
        service.sessions.logout(found)


# ------------------------------------------------------------------------------------------------------------- views


@method("CreateContainerView", "ViewManager")
def _container_view(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    session = _session(context)
    container = context.service.resolve(args["container"], session)
    types = tuple(kind_of(one) for one in args.get("type", ()))
    view = View(session.new_id("view"), "", container=container, types=types, recursive=bool(args["recursive"]))
    return session.keep(view)


@method("CreateListView", "ViewManager")
def _list_view(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    session = _session(context)
    listed = [context.service.resolve(one, session) for one in args.get("obj", ())]
    return session.keep(ListView(session.new_id("view"), "", listed=listed))


@method("DestroyView", "View")
def _destroy_view(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    del _session(context).objects[this.moid]


# ------------------------------------------------------------------------------------------------ property collector


def _selection(context: Context, spec: Any) -> Selection:
    service = context.service
    return Selection(
        service.state, service.properties, lambda reference: service.resolve(reference, context.session), spec
    )


def _selections(context: Context, specs: Any) -> list[Selection]:
    return [_selection(context, spec) for spec in specs]


def _anonymous(context: Context, specs: Any) -> Collector:
    """The collector of a read: without a login only the service itself may be read."""
    if context.session is None:
        for spec in specs:
            if any(kind_of(type(one.obj)) not in ("ServiceInstance", "SessionManager") for one in spec.objectSet):
                raise not_authenticated(context.service)
    return Collector("propertyCollector", "")


@method("RetrievePropertiesEx", "PropertyCollector")
def _retrieve_ex(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    specs = args["specSet"]
    collector = this if isinstance(this, Collector) else _anonymous(context, specs)
    options = args["options"]
    return Raw(
        pc.first_page(
            collector, context.service.properties, _selections(context, specs), options.maxObjects, context.version
        )
    )


@method("ContinueRetrievePropertiesEx", "PropertyCollector")
def _continue(context: Context, this: Collector, args: dict[str, Any]) -> Any:
    return Raw(pc.next_page(this, context.service.properties, args["token"], context.version))


@method("CancelRetrievePropertiesEx", "PropertyCollector")
def _cancel_retrieve(context: Context, this: Collector, args: dict[str, Any]) -> Any:
    if this.pages.pop(args["token"], None) is None:
        raise Refusal("InvalidArgument", "A specified parameter was not correct: token", invalidProperty="token")


@method("RetrieveProperties", "PropertyCollector")
def _retrieve(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    specs = args["specSet"]
    if not isinstance(this, Collector):
        _anonymous(context, specs)
    return Raw(pc.all_at_once(context.service.properties, _selections(context, specs), context.version))


@method("CreatePropertyCollector", "PropertyCollector")
def _create_collector(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    session = _session(context)
    return session.keep(Collector(session.new_id("propertyCollector"), ""))


@method("DestroyPropertyCollector", "PropertyCollector")
def _destroy_collector(context: Context, this: Collector, args: dict[str, Any]) -> Any:
    session = _session(context)
    for moid in this.filters:
        session.objects.pop(moid, None)
    this.cancelled = True
    session.objects.pop(this.moid, None)


@method("CreateFilter", "PropertyCollector")
def _create_filter(context: Context, this: Collector, args: dict[str, Any]) -> Any:
    session, spec = _session(context), args["spec"]
    made = Filter(
        session.new_id("filter"), "", this, selection=_selection(context, spec), spec=spec,
        partial=bool(args["partialUpdates"]),
    )  # fmt: skip
    this.filters[made.moid] = made
    return session.keep(made)


@method("DestroyPropertyFilter", "PropertyFilter")
def _destroy_filter(context: Context, this: Filter, args: dict[str, Any]) -> Any:
    if isinstance(this.parent, Collector):
        this.parent.filters.pop(this.moid, None)
    _session(context).objects.pop(this.moid, None)


@method("CancelWaitForUpdates", "PropertyCollector")
def _cancel_wait(context: Context, this: Collector, args: dict[str, Any]) -> Any:
    this.cancelled = True


def wait_for_updates(context: Context, this: Collector, version: str, longest: float, limit: int | None) -> Raw:
    """Wait, outside any turn of the world, until something changed for the filters of a collector.

    Empty after ``longest`` real seconds, and when the session ends meanwhile.
    """
    service, session = context.service, _session(context)
    until = time.monotonic() + longest
    this.cancelled = False
    pause = threading.Event()
    while True:
        with service.world.turn():
            service.asking = context
            text = pc.updates(this, service.properties, service.state.rev, version, limit, context.version)
        if text is not None:
            return Raw(text)
        if this.cancelled:
            raise Refusal("RequestCanceled", "The request was canceled.")
        left = until - time.monotonic()
        if left <= 0 or session not in service.sessions.open_keys():
            return Raw("")
        pause.wait(min(_POLL_S, left))
        session.active = service.world.clock.now()


@method("WaitForUpdatesEx", "PropertyCollector")
def _wait_ex(context: Context, this: Collector, args: dict[str, Any]) -> Any:
    options = args.get("options")
    longest = options.maxWaitSeconds if options and options.maxWaitSeconds is not None else _LONGEST_WAIT_S
    limit = options.maxObjectUpdates if options else None
    return wait_for_updates(context, this, args.get("version") or "", longest, limit)


@method("WaitForUpdates", "PropertyCollector")
def _wait(context: Context, this: Collector, args: dict[str, Any]) -> Any:
    return wait_for_updates(context, this, args.get("version") or "", _LONGEST_WAIT_S, 1 << 30)


@method("CheckForUpdates", "PropertyCollector")
def _check(context: Context, this: Collector, args: dict[str, Any]) -> Any:
    return wait_for_updates(context, this, args.get("version") or "", 0, 1 << 30)


# ------------------------------------------------------------------------------------------------------------ search


def _by_uuid(context: Context, args: dict[str, Any]) -> list[Managed]:
    wanted = args["uuid"].lower()
    if not args["vmSearch"]:
        return [host for host in context.service.state.hosts if host.uuid == wanted]
    instance = bool(args.get("instanceUuid"))
    return [
        vm
        for vm in context.service.state.vms.values()
        if (vm.home.instance_uuid if instance else vm.home.uuid).lower() == wanted
    ]


@method("FindByUuid", "SearchIndex")
def _find_by_uuid(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    return next(iter(_by_uuid(context, args)), None)


@method("FindAllByUuid", "SearchIndex")
def _find_all_by_uuid(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    return list(_by_uuid(context, args))


@method("FindByDnsName", "SearchIndex")
def _find_by_name(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    wanted = args["dnsName"].lower()
    if not args["vmSearch"]:
        return next((host for host in context.service.state.hosts if host.name.lower() == wanted), None)
    running = (vm for vm in context.service.state.vms.values() if vm.tools_running)
    return next((vm for vm in running if vm.name.lower() == wanted), None)


@method("FindByIp", "SearchIndex")
def _find_by_ip(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    if not args["vmSearch"]:
        return None
    return next(
        (vm for vm in context.service.state.vms.values() if vm.tools_running and vm.home.ip == args["ip"]), None
    )


@method("FindByDatastorePath", "SearchIndex")
def _find_by_path(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    return next((vm for vm in context.service.state.vms.values() if path_of(vm, vm.home.path) == args["path"]), None)


def _named(context: Context, parent: Managed, name: str) -> Managed | None:
    """A child by name; the folders of a datacenter count as its children. ``%2f`` stands for a slash in a name."""
    plain = unquote(name)
    for child in below(context.service.state, parent):
        if child.name in (name, plain):
            return child
    return None


@method("FindChild", "SearchIndex")
def _find_child(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    return _named(context, context.service.resolve(args["entity"], context.session), args["name"])


@method("FindByInventoryPath", "SearchIndex")
def _find_by_inventory_path(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    record: Managed | None = context.service.state.root
    for step in (one for one in args["inventoryPath"].split("/") if one):
        record = _named(context, record, step) if record is not None else None
    return record


# ------------------------------------------------------------------------------------------------------------- tasks


@method("CancelTask", "Task")
def _cancel_task(context: Context, this: Task, args: dict[str, Any]) -> Any:
    raise Refusal("NotSupported", "The operation is not supported on the object.")


# ------------------------------------------------------------------------------------------------------ environments

_VERSIONS = {"8.0": 21, "7.0": 19, "6.7": 15, "6.5": 13, "6.0": 11}
_HARDWARE = (4, 7, 8, 9, 10, 11, 13, 14, 15, 17, 18, 19, 20, 21)


@method("QueryConfigOptionDescriptor", "EnvironmentBrowser")
def _config_options(context: Context, this: Managed, args: dict[str, Any]) -> Any:
    newest = _VERSIONS.get(context.service.state.version[:3], 21)
    return vim.vm.ConfigOptionDescriptor.Array(
        [
            vim.vm.ConfigOptionDescriptor(
                key=f"vmx-{number:02}",
                description=f"hardware version {number}",
                createSupported=number > 7,
                defaultConfigOption=number == newest,
                runSupported=True,
                upgradeSupported=number > 7,
            )
            for number in _HARDWARE
            if number <= newest
        ]
    )
