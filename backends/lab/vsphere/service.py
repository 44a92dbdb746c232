"""The service behind the door: its managers, its sessions, and the answer to one decoded call."""

from __future__ import annotations

from typing import Any

from pyVmomi import VmomiSupport, vim

from backends.lab.faults import FaultKind
from backends.lab.vsphere import autostart, soap
from backends.lab.vsphere.collector import Collector, Filter
from backends.lab.vsphere.properties import Properties, invalid, is_kind, val_xml, wsdl_type
from backends.lab.vsphere.records import Cluster, EsxHost, Lease, Managed, Manager, Refusal
from backends.lab.vsphere.registry import METHODS, Context, Raw
from backends.lab.vsphere.selection import members
from backends.lab.vsphere.sessions import ListView, Session, Sessions, View
from backends.lab.vsphere.specs import not_found
from backends.lab.vsphere.state import VSphereState
from backends.lab.vsphere.views_host import licence, product, storage_device
from backends.lab.vsphere.views_lease import lease_info
from backends.lab.vsphere.views_vm import moment
from backends.lab.vsphere.vmfs import VmfsRegistry
from backends.lab.world import Device, World

# Name in ServiceContent, type, id at a vCenter, id at an ESXi host.
_MANAGERS = (
    ("propertyCollector", "PropertyCollector", "propertyCollector", "ha-property-collector"),
    ("viewManager", "ViewManager", "ViewManager", "ViewManager"),
    ("setting", "OptionManager", "VpxSettings", "HostAgentSettings"),
    ("sessionManager", "SessionManager", "SessionManager", "ha-sessionmgr"),
    ("authorizationManager", "AuthorizationManager", "AuthorizationManager", "ha-authmgr"),
    ("perfManager", "PerformanceManager", "PerfMgr", "ha-perfmgr"),
    ("eventManager", "EventManager", "EventManager", "ha-eventmgr"),
    ("taskManager", "TaskManager", "TaskManager", "ha-taskmgr"),
    ("fileManager", "FileManager", "FileManager", "ha-nfc-file-manager"),
    ("virtualDiskManager", "VirtualDiskManager", "virtualDiskManager", "ha-vdiskmanager"),
    ("searchIndex", "SearchIndex", "SearchIndex", "ha-searchindex"),
    ("ovfManager", "OvfManager", "OvfManager", "ha-ovf-manager"),
    ("licenseManager", "LicenseManager", "LicenseManager", "ha-license-manager"),
)
_OF_HOST = (
    ("storageSystem-", "HostStorageSystem"),
    ("datastoreSystem-", "HostDatastoreSystem"),
    ("autoStartManager-", "HostAutoStartManager"),
)
_OPEN_TYPES = ("ServiceInstance", "SessionManager")


class Service:
    """Answers calls on one server's state. Everything but the waits is done inside a turn of the world."""

    def __init__(self, world: World, device: Device, state: VSphereState) -> None:
        self.world = world
        self.device = device
        self.state = state
        self.vmfs = state.vmfs or VmfsRegistry()
        self.sessions = Sessions(world, device)
        self.properties = Properties(state, self)
        self.asking: Context | None = None  # the call being answered: some properties depend on who asks
        self.managers: dict[str, Managed] = {"ServiceInstance": Manager("ServiceInstance", "", kind="ServiceInstance")}
        self.content: dict[str, Managed] = {}
        for name, kind, moid, host_moid in _MANAGERS:
            made = Manager(host_moid if state.is_host else moid, "", kind=kind)
            self.managers[made.moid] = self.content[name] = made

    # ---------------------------------------------------------------------------------------------------- objects

    def find(self, moid: str, session: Session | None) -> Managed | None:
        """The object with this id that this session can see."""
        if session is not None and moid in session.objects:
            return session.objects[moid]
        found = self.state.objects.get(moid) or self.managers.get(moid)
        return found or self._of_host(moid)

    def _of_host(self, moid: str) -> Managed | None:
        if moid.startswith("envbrowser-") and self.state.find(moid.removeprefix("envbrowser-"), Cluster) is not None:
            made = self.managers[moid] = Manager(moid, "", kind="EnvironmentBrowser")
            return made
        for prefix, kind in _OF_HOST:
            if moid.startswith(prefix):
                host = self.state.find(moid.removeprefix(prefix), EsxHost)
                if host is not None:
                    made = self.managers[moid] = Manager(moid, "", kind=kind, of=host)
                    return made
        return None

    def resolve(self, reference: Any, session: Session | None) -> Managed:
        """The record that a reference names. Refuses one that leads nowhere."""
        found = self.find(reference._moId, session)
        if found is None:
            raise not_found(reference)
        return found

    # ------------------------------------------------------------------------------------------------- one call

    def call(self, call: soap.Call, context: Context) -> bytes:
        """The answer's XML. Raises :class:`Refusal` for a fault."""
        if call.info is None and call.method != "Fetch":
            text = f"Unable to resolve WSDL method name {call.method}"
            raise Refusal("InvalidRequest", text)
        record = self.find(call.moid, context.session)
        if record is None:
            self._must_be_known(call, context)
            raise not_found(wsdl_type(call.kind)(call.moid))
        if call.method == "Fetch":
            return self._fetch(record, call, context)
        self._must_be_known(call, context)
        kind, handler = METHODS.get(call.method, ("", None))
        if handler is None:
            raise Refusal("NotSupported", "The operation is not supported on the object.")
        if self.state.edition == "esxBasic" and call.method.endswith(("_Task", "VApp", "Snapshot", "Vm", "Guest")):
            text = "Current license or ESXi version prohibits execution of the requested operation."
            raise Refusal("RestrictedVersion", text)
        if not is_kind(soap.type_name(record), kind):
            text = f"The method {call.method} is not one of {soap.type_name(record)}"
            raise Refusal("InvalidRequest", text)
        for param in call.info.params:
            if param.name not in call.args and not param.flags & VmomiSupport.F_OPTIONAL:
                raise Refusal("InvalidRequest", f"Required parameter {param.name} is missing")
        result = handler(context, record, call.args)
        if isinstance(result, Raw):
            return soap.answer(call.method, result.text)
        if isinstance(result, Managed):
            result = soap.reference(result)
        elif isinstance(result, list):
            result = [soap.reference(one) if isinstance(one, Managed) else one for one in result]
            return soap.result(call.method, call.info.methodResult(result), call.info.methodResult, context.version)
        return soap.result(call.method, result, call.info.result, context.version)

    def _must_be_known(self, call: soap.Call, context: Context) -> None:
        if context.session is None and (call.info is None or call.info.privId != "System.Anonymous"):
            raise not_authenticated(self)

    def _fetch(self, record: Managed, call: soap.Call, context: Context) -> bytes:
        kind, name = soap.type_name(record), call.args.get("prop", "")
        if context.session is None and kind not in _OPEN_TYPES:
            raise not_authenticated(self)
        try:
            declared = wsdl_type(kind)._GetPropertyInfo(name).type
        except (AttributeError, KeyError):
            raise invalid(name) from None
        xml = val_xml(self.properties.top(record, name), declared, context.version) or ""
        if xml:
            xml = "<returnval " + xml.removeprefix("<val ").removesuffix("</val>") + "</returnval>"
        return soap.answer("Fetch", xml)

    # ------------------------------------------------------------------------------- properties of what is no entity

    def property_of(self, record: Managed, name: str) -> Any:
        """A property of a manager, view, collector or lease; None if unset."""
        if isinstance(record, View):
            return self._view(record, name)
        if isinstance(record, Lease):
            return self._lease(record, name)
        if isinstance(record, Collector):
            return soap.references(list(record.filters.values())) if name == "filter" else None
        if isinstance(record, Filter):
            return {"spec": record.spec, "partialUpdates": record.partial}.get(name)
        if isinstance(record, Manager):
            return self._manager(record, name)
        return None

    def _manager(self, record: Manager, name: str) -> Any:
        if record.kind == "ServiceInstance":
            if name == "content":
                return self.service_content()
            return moment(self.world.device_time(self.device)) if name == "serverClock" else None
        if record.kind == "SessionManager":
            session = self.asking.session if self.asking else None
            if name == "currentSession":
                return user_session(session) if session else None
            if name == "sessionList":
                return [user_session(one) for one in self.sessions.open_keys()]
        if record.kind == "TaskManager":
            return {"recentTask": soap.references(self.state.tasks[-30:]), "maxCollector": 32}.get(name)
        if record.kind == "LicenseManager" and name == "licenses":
            return [licence(self.state)]
        if record.kind == "HostStorageSystem" and name == "storageDeviceInfo":
            return storage_device(self.state, record.of) if record.of else None
        if record.kind == "HostAutoStartManager" and name == "config":
            return autostart.config(self.state, record.of) if record.of else None
        if record.kind == "HostDatastoreSystem" and name == "datastore":
            return soap.references(record.of.datastores) if record.of else None
        return None

    def _view(self, view: View, name: str) -> Any:
        if name == "view":
            return soap.references(members(self.state, view))
        if isinstance(view, ListView):
            return None
        types = [wsdl_type(one) for one in view.types]
        return {"container": soap.reference(view.container), "type": types, "recursive": view.recursive}.get(name)

    def _lease(self, lease: Lease, name: str) -> Any:
        done = 100 if lease.state in ("ready", "done") else 0
        return {
            "state": lease.state,
            "initializeProgress": done,
            "transferProgress": lease.percent,
            "mode": "pushOrGet",
            "info": lease_info(lease, self.asking.url if self.asking else "")
            if lease.state in ("ready", "done")
            else None,
            "error": soap.refusal_fault(lease.fault) if lease.fault else None,
        }.get(name)

    def service_content(self) -> Any:
        """ServiceContent: where everything starts."""
        made = vim.ServiceInstanceContent(rootFolder=soap.reference(self.state.root), about=self.about())
        for name, record in self.content.items():
            setattr(made, name, soap.reference(record))
        return made

    def about(self) -> Any:
        """AboutInfo of the server: a standalone host has no instanceUuid."""
        state = self.state
        if state.is_host:
            return product(state)
        return vim.AboutInfo(
            name="VMware vCenter Server",
            fullName=f"VMware vCenter Server {state.version} build-{state.build}",
            vendor="VMware, Inc.",
            version=state.version,
            build=state.build,
            localeVersion="INTL",
            localeBuild="000",
            osType="linux-x64",
            productLineId="vpx",
            apiType=state.api_type,
            apiVersion=f"{state.version}.0",
            instanceUuid=state.instance_uuid,
            licenseProductName="VMware VirtualCenter Server",
            licenseProductVersion="8.0",
        )

    def refuses_login(self) -> bool:
        return self.world.faults.take(self.device.name, "Login", FaultKind.REFUSES_LOGIN) is not None


def not_authenticated(service: Service) -> Refusal:
    return Refusal(
        "NotAuthenticated", "The session is not authenticated.", object=service.state.root, privilegeId="System.View"
    )


def user_session(session: Session) -> Any:
    """UserSession of an open session."""
    return vim.UserSession(
        key=session.key,
        userName=session.user,
        fullName=session.user,
        loginTime=moment(session.since),
        lastActiveTime=moment(session.active),
        locale="en",
        messageLocale="en",
        extensionSession=False,
        ipAddress="127.0.0.1",
        userAgent=session.client,
        callCount=0,
    )
