"""Where values come from, in the words of the devices: the commands, endpoints and properties that the drivers read.

A value that a screen derives says of what: ``derived: …``.
"""

from __future__ import annotations

SETTINGS = "settings"
SEEN = "store: begin of the last sweep that reported it"
SWEEP = "sweep"
EVENTS = "store: events, dated by the sweep that noticed"
JOURNAL = "store: runs and their journal"
SCHEDULES = "store: schedules and their history"
PLANS = "the files of the recovery plans, and the store: their last checks"
INFRA = "store: the infrastructure, as it was imported"
BLAST = "derived: the infrastructure, what the devices report, and the plans"
ALERTS = "store: alerts, as whoever looks at the facts keeps them"
INCIDENTS = "store: incidents and their journal"
AUTO = "store: automatic failover, as the watch keeps it"

# HMC
LSSYSCFG_SYS = "lssyscfg -r sys"
LSSYSCFG_LPAR = "lssyscfg -r lpar"
LSSYSCFG_PROF = "lssyscfg -r prof"
LSHWRES_FC = "lshwres -r virtualio --rsubtype fc --level lpar"
LSHWRES_ETH = "lshwres -r virtualio --rsubtype eth --level lpar"
LSHWRES_PORTS = "lshwres -r virtualio --rsubtype vnic --level lpar; lshwres -r sriov --rsubtype logport --level eth"
LSREFCODE = "lsrefcode -r lpar"
LSMAP = "viosvrcmd -c 'lsmap -all -npiv'"

# FlashArray
GET_ARRAYS = "GET /arrays"
GET_ARRAY_CONNECTIONS = "GET /array-connections"
GET_ALERTS = "GET /alerts"
GET_HOSTS = "GET /hosts"
GET_VOLUMES = "GET /volumes"
GET_CONNECTIONS = "GET /connections"
GET_PODS = "GET /pods"
GET_POD_LINKS = "GET /pod-replica-links"
GET_PGROUPS = "GET /protection-groups"
GET_PGROUP_TARGETS = "GET /protection-groups/targets"
GET_PGROUP_VOLUMES = "GET /protection-groups/volumes"
GET_PGROUP_MEMBERS = "GET /protection-groups/volumes, /hosts, /host-groups"
GET_SNAPSHOTS = "GET /protection-group-snapshots, /remote-protection-group-snapshots"
GET_TRANSFERS = "GET /protection-group-snapshots/transfer, /remote-protection-group-snapshots/transfer"

# 3PAR
RCOPY_GROUPS = "showrcopy groups; GET /remotecopygroups"
RCOPY_TARGETS = "showrcopy targets; GET /remotecopytargets"
RCOPY_LINKS = "showrcopy links"
THREEPAR_SYSTEM = "GET /system; showsys"
THREEPAR_VOLUMES = "GET /volumes"
THREEPAR_VLUNS = "GET /vluns; showvlun -t"

# vSphere
VM_NAME = "VirtualMachine name"
VM_POWER = "VirtualMachine runtime.powerState"
VM_CONNECTION = "VirtualMachine runtime.connectionState"
VM_HOST = "VirtualMachine runtime.host"
VM_EXTRA_CONFIG = "VirtualMachine config.extraConfig"


def vm(path: str) -> str:
    """A property of a virtual machine."""
    return f"VirtualMachine {path}"


def esxi(path: str) -> str:
    """A property of an ESXi host."""
    return f"HostSystem {path}"


def datastore(path: str) -> str:
    """A property of a datastore."""
    return f"Datastore {path}"


def derived(of: str) -> str:
    """What the console makes of other values."""
    return f"derived: {of}"
