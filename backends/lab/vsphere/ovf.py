"""OVF descriptors: written of a machine on export, read on import. Only what a machine of the lab has."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from msgspec import Struct, field

from backends.lab.vsphere.records import Refusal, Vm

_OVF = "http://schemas.dmtf.org/ovf/envelope/1"
_RASD = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
_VMW = "http://www.vmware.com/schema/ovf"
_CPU, _MEMORY, _ETHERNET, _SCSI, _DISK = "3", "4", "10", "6", "17"
_UNITS = {"byte": 1, "byte * 2^10": 1 << 10, "byte * 2^20": 1 << 20, "byte * 2^30": 1 << 30, "byte * 2^40": 1 << 40}


class OvfDisk(Struct, frozen=True):
    """A disk: capacity in bytes, and the file that fills it, where there is one."""

    id: str
    capacity: int
    file: str | None = None
    size: int | None = None


class OvfMachine(Struct):
    """A machine as a descriptor says it. ``networks`` are the names of the port groups of its cards, in order."""

    name: str
    cpus: int = 1
    memory_mb: int = 1024
    guest_id: str | None = None
    disks: list[OvfDisk] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)


def describe(vm: Vm, name: str, files: list[tuple[str, str, int]]) -> str:
    """The descriptor of a machine; ``files`` are (device id, path, size in bytes) of its disks' files in order."""
    home = vm.home
    references = "".join(
        f'    <File ovf:href={quoteattr(path)} ovf:id="file{n}" ovf:size="{size}"/>\n'
        for n, (_, path, size) in enumerate(files, 1)
    )
    disks = "".join(
        f'    <Disk ovf:capacity="{disk.capacity}" ovf:capacityAllocationUnits="byte" ovf:diskId="vmdisk{n}" '
        f'ovf:fileRef="file{n}" '
        'ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>\n'
        for n, disk in enumerate(home.disks, 1)
    )
    names = list(dict.fromkeys(card.network.name for card in home.nics if card.network))
    networks = "".join(f"    <Network ovf:name={quoteattr(one)}/>\n" for one in names)
    items = _item(1, _CPU, f"{home.cpus} virtual CPU(s)", VirtualQuantity=home.cpus)
    items += _item(2, _MEMORY, f"{home.memory_mb}MB of memory", AllocationUnits="byte * 2^20",
                   VirtualQuantity=home.memory_mb)  # fmt: skip
    items += _item(3, _SCSI, "SCSI controller 0", Address=0, ResourceSubType="VirtualSCSI")
    for n, disk in enumerate(home.disks, 1):
        items += _item(3 + n, _DISK, disk.label, AddressOnParent=n - 1, HostResource=f"ovf:/disk/vmdisk{n}", Parent=3)
    for n, card in enumerate(home.nics, 1):
        items += _item(50 + n, _ETHERNET, card.label, AddressOnParent=6 + n, AutomaticAllocation="true",
                       Connection=card.network.name if card.network else "", ResourceSubType="VmxNet3")  # fmt: skip
    extra = "".join(
        f'      <vmw:ExtraConfig ovf:required="false" vmw:key={quoteattr(key)} vmw:value={quoteattr(value)}/>\n'
        for key, value in home.extra.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Envelope xmlns="{_OVF}" xmlns:ovf="{_OVF}" xmlns:rasd="{_RASD}" xmlns:vmw="{_VMW}">\n'
        f"  <References>\n{references}  </References>\n"
        f"  <DiskSection>\n    <Info>Virtual disk information</Info>\n{disks}  </DiskSection>\n"
        f"  <NetworkSection>\n    <Info>The list of logical networks</Info>\n{networks}  </NetworkSection>\n"
        f"  <VirtualSystem ovf:id={quoteattr(name)}>\n    <Info>A virtual machine</Info>\n"
        f"    <Name>{escape(name)}</Name>\n"
        f'    <OperatingSystemSection ovf:id="1" vmw:osType={quoteattr(home.guest_id)}>\n'
        f"      <Info>The kind of installed guest operating system</Info>\n    </OperatingSystemSection>\n"
        f"    <VirtualHardwareSection>\n      <Info>Virtual hardware requirements</Info>\n{items}{extra}"
        "    </VirtualHardwareSection>\n  </VirtualSystem>\n</Envelope>\n"
    )


def _item(number: int, kind: str, name: str, **more: object) -> str:
    said = {"ElementName": name, "InstanceID": number, "ResourceType": kind, **more}
    inner = "".join(f"<rasd:{key}>{escape(str(value))}</rasd:{key}>" for key, value in sorted(said.items()))
    return f"      <Item>{inner}</Item>\n"


def _bad(why: str) -> Refusal:
    return Refusal("OvfInvalidPackage", f"Invalid OVF descriptor: {why}", lineNumber=0)


def parse(text: str) -> OvfMachine:
    """Read a descriptor of one machine. Refuses what is not one."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise _bad(str(error)) from error
    system = root.find(f"{{{_OVF}}}VirtualSystem")
    if system is None:
        raise _bad("no VirtualSystem")
    name = system.findtext(f"{{{_OVF}}}Name") or system.get(f"{{{_OVF}}}id") or ""
    machine = OvfMachine(name)
    files = {one.get(f"{{{_OVF}}}id"): one for one in root.iter(f"{{{_OVF}}}File")}
    disks = {one.get(f"{{{_OVF}}}diskId"): one for one in root.iter(f"{{{_OVF}}}Disk")}
    section = system.find(f"{{{_OVF}}}OperatingSystemSection")
    machine.guest_id = section.get(f"{{{_VMW}}}osType") if section is not None else None
    for one in system.iter(f"{{{_VMW}}}ExtraConfig"):
        machine.extra[one.get(f"{{{_VMW}}}key") or ""] = one.get(f"{{{_VMW}}}value") or ""
    try:
        for item in system.iter(f"{{{_OVF}}}Item"):
            _read_item(machine, item, disks, files)
    except (ValueError, KeyError) as error:
        raise _bad(str(error)) from error
    return machine


def _read_item(
    machine: OvfMachine,
    item: ElementTree.Element,
    disks: dict[str | None, ElementTree.Element],
    files: dict[str | None, ElementTree.Element],
) -> None:
    kind = item.findtext(f"{{{_RASD}}}ResourceType")
    quantity = item.findtext(f"{{{_RASD}}}VirtualQuantity")
    if kind == _CPU:
        machine.cpus = int(quantity or "")
    elif kind == _MEMORY:
        unit = item.findtext(f"{{{_RASD}}}AllocationUnits") or "byte * 2^20"
        machine.memory_mb = int(quantity or "") * _UNITS[unit.replace("MegaBytes", "byte * 2^20")] >> 20
    elif kind == _ETHERNET:
        machine.networks.append(item.findtext(f"{{{_RASD}}}Connection") or "")
    elif kind == _DISK:
        identity = (item.findtext(f"{{{_RASD}}}HostResource") or "").rsplit("/", 1)[-1]
        disk = disks[identity]
        unit = disk.get(f"{{{_OVF}}}capacityAllocationUnits") or "byte"
        capacity = int(disk.get(f"{{{_OVF}}}capacity") or "") * _UNITS[unit]
        file = files.get(disk.get(f"{{{_OVF}}}fileRef"))
        href = file.get(f"{{{_OVF}}}href") if file is not None else None
        size = file.get(f"{{{_OVF}}}size") if file is not None else None
        machine.disks.append(OvfDisk(identity, capacity, href, int(size) if size else None))
