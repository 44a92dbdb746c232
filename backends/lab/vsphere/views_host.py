"""What an ESXi host shows of itself: hardware, state, adapters, LUNs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyVmomi import vim

from backends.lab.volumes import Volume
from backends.lab.vsphere import autostart
from backends.lab.vsphere.records import EsxHost, Vm
from backends.lab.vsphere.soap import reference, references
from backends.lab.vsphere.state import VSphereState

View = Callable[[VSphereState, Any], Any]
GHZ = 2_600


def vms_where(state: VSphereState, keep: Callable[[Vm], bool]) -> Any:
    """References of the machines that ``keep`` wants."""
    return references([vm for vm in state.vms.values() if keep(vm)])


def product(state: VSphereState) -> Any:
    """AboutInfo of an ESXi host of this server's version."""
    return vim.AboutInfo(
        name="VMware ESXi",
        fullName=f"VMware ESXi {state.version} build-{state.build}",
        vendor="VMware, Inc.",
        version=state.version,
        build=state.build,
        localeVersion="INTL",
        localeBuild="000",
        osType="vmnix-x86",
        productLineId="embeddedEsx",
        apiType="HostAgent",
        apiVersion=f"{state.version}.0",
        licenseProductName="VMware ESX Server",
        licenseProductVersion="8.0",
    )


def licence(state: VSphereState) -> Any:
    """LicenseManagerLicenseInfo of this server's edition."""
    names = {"esxBasic": "VMware vSphere Hypervisor", "eval": "Evaluation Mode"}
    return vim.LicenseManager.LicenseInfo(
        licenseKey="00000-00000-00000-00000-00000",
        editionKey=state.edition,
        name=names.get(state.edition, "VMware vSphere Enterprise Plus"),
        total=0,
        costUnit="cpuPackage",
    )


def _host_runtime(state: VSphereState, host: EsxHost) -> Any:
    return vim.host.RuntimeInfo(
        connectionState=host.connection,
        powerState="poweredOn" if host.powered else "poweredOff",
        inMaintenanceMode=host.maintenance,
        standbyMode="none",
        dasHostState=vim.cluster.DasFdmHostState(state=host.das) if host.das else None,
    )


def _host_hardware_summary(host: EsxHost) -> Any:
    return vim.host.Summary.HardwareSummary(
        vendor="Lab",
        model="ESXi host",
        uuid=host.uuid,
        memorySize=host.memory,
        cpuModel="Lab CPU",
        cpuMhz=GHZ,
        numCpuPkgs=2,
        numCpuCores=host.cores,
        numCpuThreads=host.cores * 2,
        numNics=4,
        numHBAs=len(host.wwpns),
    )


def _host_summary(state: VSphereState, host: EsxHost) -> Any:
    return vim.host.Summary(
        host=reference(host),
        hardware=_host_hardware_summary(host),
        runtime=_host_runtime(state, host),
        config=vim.host.Summary.ConfigSummary(
            name=host.name, port=443, product=product(state), vmotionEnabled=True, faultToleranceEnabled=False
        ),
        quickStats=vim.host.Summary.QuickStats(),
        overallStatus="green",
        rebootRequired=False,
    )


def _host_hardware(state: VSphereState, host: EsxHost) -> Any:
    return vim.host.HardwareInfo(
        systemInfo=vim.host.SystemInfo(vendor="Lab", model="ESXi host", uuid=host.uuid),
        cpuInfo=vim.host.CpuInfo(
            numCpuPackages=2, numCpuCores=host.cores, numCpuThreads=host.cores * 2, hz=GHZ * 1_000_000
        ),
        memorySize=host.memory,
        cpuPkg=[
            vim.host.CpuPackage(
                index=0,
                vendor="lab",
                hz=GHZ * 1_000_000,
                busHz=100_000_000,
                description="Lab CPU",
                threadId=list(range(host.cores * 2)),
                cpuFeature=[vim.host.CpuIdInfo(level=0)],
            )
        ],
    )


def _host_managers(state: VSphereState, host: EsxHost) -> Any:
    return vim.host.ConfigManager(
        storageSystem=vim.host.StorageSystem(f"storageSystem-{host.moid}"),
        datastoreSystem=vim.host.DatastoreSystem(f"datastoreSystem-{host.moid}"),
        autoStartManager=vim.host.AutoStartManager(f"autoStartManager-{host.moid}"),
    )


def _hbas(host: EsxHost) -> list[Any]:
    return [
        vim.host.FibreChannelHba(
            key=f"key-vim.host.FibreChannelHba-vmhba{number}",
            device=f"vmhba{number}",
            bus=number,
            status="online",
            model="Lab FC HBA",
            portWorldWideName=_signed(int(wwpn, 16)),
            nodeWorldWideName=_signed(int(wwpn, 16)),
            portType="fabric",
            speed=16,
        )
        for number, wwpn in enumerate(host.wwpns, 1)
    ]


def _signed(number: int) -> int:
    """A WWPN goes on the wire as a signed 64-bit number."""
    return number - (1 << 64) if number >= 1 << 63 else number


def lun_name(lun: Volume) -> str:
    """The canonical name of a LUN: ``naa.`` and its serial number."""
    return f"naa.{lun.serial.lower()}"


def _luns(host: EsxHost) -> list[Any]:
    return [
        vim.host.ScsiDisk(
            deviceName=f"/vmfs/devices/disks/{lun_name(lun)}",
            deviceType="disk",
            key=f"key-vim.host.ScsiDisk-{lun_name(lun)}",
            uuid=lun.serial,
            canonicalName=lun_name(lun),
            displayName=f"Fibre Channel Disk ({lun_name(lun)})",
            lunType="disk",
            vendor="LAB",
            model="Volume",
            serialNumber=lun.serial,
            operationalState=["ok"],
            capacity=vim.host.DiskDimensions.Lba(blockSize=512, block=lun.size // 512),
            devicePath=f"/vmfs/devices/disks/{lun_name(lun)}",
        )
        for lun in host.luns
    ]


def storage_device(state: VSphereState, host: EsxHost) -> Any:
    """HostStorageSystem.storageDeviceInfo: HBAs with their WWPNs, and the LUNs that the last rescan saw."""
    return vim.host.StorageDeviceInfo(
        hostBusAdapter=_hbas(host), scsiLun=_luns(host), softwareInternetScsiEnabled=False
    )


def _network(host: EsxHost) -> Any:
    """HostNetworkInfo: what leaves the host is on a switch with an adapter, an isolated network on one without."""
    adapter, wired, lone = "key-vim.host.PhysicalNic-vmnic0", "vSwitch0", "vSwitch1"
    groups = [
        (network.name, lone if network.segment and network.segment.isolated else wired) for network in host.networks
    ]
    policy = vim.host.NetworkPolicy()
    return vim.host.NetworkInfo(
        vswitch=[
            vim.host.VirtualSwitch(
                name=switch,
                key=_switch(switch),
                numPorts=2560,
                numPortsAvailable=2552,
                portgroup=[_port_group(name) for name, on in groups if on == switch],
                pnic=[adapter] if switch == wired else [],
                spec=vim.host.VirtualSwitch.Specification(numPorts=128),
            )
            for switch in (wired, lone)
        ],
        portgroup=[
            vim.host.PortGroup(
                key=_port_group(name),
                vswitch=_switch(switch),
                computedPolicy=policy,
                spec=vim.host.PortGroup.Specification(name=name, vlanId=0, vswitchName=switch, policy=policy),
            )
            for name, switch in groups
        ],
    )


def _switch(name: str) -> str:
    return f"key-vim.host.VirtualSwitch-{name}"


def _port_group(name: str) -> str:
    return f"key-vim.host.PortGroup-{name}"


def _config(state: VSphereState, host: EsxHost) -> Any:
    return vim.host.ConfigInfo(
        host=reference(host), product=product(state), network=_network(host), autoStart=autostart.config(state, host)
    )


HOST: dict[str, View] = {
    "summary": _host_summary,
    "runtime": _host_runtime,
    "hardware": _host_hardware,
    "configManager": _host_managers,
    "config": _config,
    "datastore": lambda state, host: references(host.datastores),
    "network": lambda state, host: references(host.networks),
    "vm": lambda state, host: vms_where(state, lambda vm: vm.host is host),
}
