"""Seeds for mutated HMC output: every parser of ``backends/hmc`` with a text that it reads as it stands."""

from __future__ import annotations

from collections.abc import Callable

from backends.hmc import npiv, ports, profiles, reading, records
from backends.hmc.reading import Answers, Gathered
from store.estate import EthAdapter, FcAdapter, LparProfile, ManagedSystem, ScsiAdapter, SystemState

_SYSTEM = ManagedSystem("p10-a", "9105-22A", "7800A11", SystemState.OPERATING)


def _header(names: tuple[str, ...], *rows: str) -> str:
    return "\n".join([",".join(names), *rows, ""])


SYSTEMS = _header(
    reading.SYSTEM_FIELDS,
    "p10-a,9105-22A,7800A11,Operating,1000,1",
    'p10-b,9009-42A,7800A12,Power Off,"1000",0',
)
LPARS = _header(
    reading.LPAR_FIELDS,
    "vios1,1,vioserver,Running,VIOS 4.1.0.10,default_profile,default_profile,active,192.0.2.9,1,"
    "6D1A3B5C-0F27-4B8E-9C01-22D0A1B2C3D4",
    "erp_db1,12,aixlinux,Not Activated,Unknown,normal,,inactive,,0,7E2B4C6D-1F38-4C9F-8D12-33E1B2C3D4E5",
)
PROFILES = _header(
    reading.PROFILE_FIELDS,
    "normal,erp_db1,12,4096,8192,16384,shared,2,0.5,1,4,0.1,2.0,uncap,128,200,norm,0,"
    '"""31/client/1/vios1/112/c0507609a1b20010,c0507609a1b20011/1"",'
    '""32/client/2/vios2/112/c0507609a1b20012,c0507609a1b20013/1""",'
    '"2/0/10//0/1/ETHERNET0/FA0C11D2E301/all/none,""3/1/20/21,22/0/0/ETHERNET1/FA0C11D2E302/all/none""",'
    "4/client/1/vios1/14/1,"
    '"""12:ded:1:10:0:all:FA0C11D2E303:all:0:sriov/vios1/1/1/0/2.0/50/100.0,sriov/vios2/2/1/0/2.0/60/100.0""",'
    "config_id=0:adapter_id=1:phys_port_id=0:logical_port_id=27004001:diag_mode=0:mac_addr=FA0C11D2E304:port_vlan_id=20",
    "ded,web1,13,1024,2048,4096,ded,2,null,1,4,null,null,keep_idle_procs,null,100,sms,1,none,2/0/1//1/0,none,none,none",
)
FC = _header(
    reading.FC_FIELDS,
    'erp_db1,12,31,client,1,1,vios1,112,"c0507609a1b20010,c0507609a1b20011"',
    'erp_db1,12,32,client,1,2,vios2,112,"c0507609a1b20012,c0507609a1b20013"',
    "vios1,1,112,server,1,12,erp_db1,31,null",
)
ETH = _header(
    reading.ETH_FIELDS,
    "vios1,1,2,1,1,1,1,1,ETHERNET0,54,FE9F66D5360C",
    'erp_db1,12,3,0,0,null,1,20,ETHERNET0,"21,22",FA0C11D2E302',
    "erp_db1,12,2,1,0,null,0,10,ETHERNET0,none,FA0C11D2E301",
)
VNICS = _header(ports.VNIC_FIELDS, "erp_db1,12,12,10,FA0C11D2E303", "web1,13,4,0,000000000000")
LOGICAL_PORTS = _header(
    ports.LOGICAL_PORT_FIELDS,
    "erp_db1,12,1,27004001,20,FA0C11D2E304",
    "vios1,1,1,27005060,0,000000000000",
)
SCSI = _header(reading.SCSI_FIELDS, "erp_db1,12,4,client,1,1,vios1,14", "vios1,1,14,server,1,any,,any")
MEM = _header(reading.LPAR_MEM_FIELDS, "erp_db1,12,8192", "vios1,1,4096")
PROC = _header(reading.LPAR_PROC_FIELDS, "erp_db1,12,0.5,2", "vios1,1,null,2")
REFCODES = _header(
    reading.REFCODE_FIELDS,
    "erp_db1,12,09/30/2026 20:41:31,B2001230 LP=00012",
    "vios1,1,09/30/2026 20:41:30,",
)
SYSTEM_MEM = _header(reading.SYSTEM_MEM_FIELDS, "1048576,524288")
SYSTEM_PROC = _header(reading.SYSTEM_PROC_FIELDS, "24.0,12.75")
DEFAULT_FORM = (
    "lpar_name=erp_db1,lpar_id=12,slot_num=31,adapter_type=client,state=1,is_required=1,remote_lpar_id=1,"
    'remote_lpar_name=vios1,remote_slot_num=112,"wwpns=c0507609a1b20010,c0507609a1b20011"\n'
    "lpar_name=vios1,lpar_id=1,slot_num=112,adapter_type=server,state=1,is_required=1,remote_lpar_id=12,"
    "remote_lpar_name=erp_db1,remote_slot_num=31\n"
)
VERSION = '"version= Version: 10\n Release: 3\n Service Pack: 1060\nHMC Build level 1\n","base_version=V10R3\n"\n'
LSMAP = """Name          Physloc                            ClntID ClntName       ClntOS
------------- ---------------------------------- ------ -------------- -------
vfchost0      U9105.22A.7800A11-V1-C112              12 erp_db1        AIX

Status:LOGGED_IN
FC name:fcs0                    FC loc code:U78D4.001.7800A11-P1-C2-T1
Ports logged in:3
Flags:a<LOGGED_IN,STRIP_MERGE>
VFC client name:fcs0            VFC client DRC:U9105.22A.7800A11-V12-C31

Name          Physloc                            ClntID ClntName       ClntOS
------------- ---------------------------------- ------ -------------- -------
vfchost1      U9105.22A.7800A11-V1-C113              13

Status:NOT_LOGGED_IN
FC name:                        FC loc code:
Ports logged in:0
Flags:1<NOT_MAPPED,NOT_CONNECTED>
VFC client name:                VFC client DRC:
"""
FC_RECORD = "31/client/2/prd_vios1/112/c0507609a1b20010,c0507609a1b20011/1"
ETH_RECORD = "3/1/20/21,22/1/0/ETHERNET0/FA0C11D2E302/all/none"
SCSI_RECORD = "5/server/any//any/0"


def systems(text: str) -> object:
    into = Gathered()
    return reading.read_systems(records.table("systems", text, reading.SYSTEM_FIELDS), "systems", into), into


def lpars(text: str) -> object:
    into = Gathered()
    return reading.read_lpars(_SYSTEM, records.table("lpars", text, reading.LPAR_FIELDS), "lpars", into), into


def _assembled(name: str, names: tuple[str, ...]) -> Callable[[str], object]:
    """The whole way of one table of a system: from its text to the LPARs it belongs to."""

    def parse(text: str) -> object:
        into = Gathered()
        bare = reading.read_lpars(_SYSTEM, records.table("lpars", LPARS, reading.LPAR_FIELDS), "lpars", into)
        answers = Answers()
        setattr(answers, name, records.table(name, text, names))
        reading.assemble(_SYSTEM, bare, answers, into)
        return into.lpars, into.systems, [problem.expected for problem in into.problems]

    return parse


def default_form(text: str) -> object:
    return [reading.fc(row) for row in records.attributes("fc", text).rows]


def bare_rows(text: str) -> object:
    return records.rows_without_header("lpars", text, 2)


def mappings(text: str) -> object:
    return npiv.mappings("lsmap", text)[0]


def profile_again(result: object) -> str | None:
    """What is wrong when adapters, written and read again, are not the same; None if nothing is."""
    for adapter in _adapters(result):
        text, read = _written(adapter)
        if read(text) != adapter:
            return f"{adapter} was written as {text}"
    return None


def _adapters(result: object) -> list[FcAdapter | EthAdapter | ScsiAdapter]:
    if isinstance(result, FcAdapter | EthAdapter | ScsiAdapter):
        return [result]
    if isinstance(result, LparProfile):
        return [*result.fc, *result.eth, *result.scsi]
    return []


def _written(adapter: FcAdapter | EthAdapter | ScsiAdapter) -> tuple[str, Callable[[str], object]]:
    if isinstance(adapter, FcAdapter):
        return profiles.fc_text(adapter), profiles.fc_adapter
    if isinstance(adapter, ScsiAdapter):
        return profiles.scsi_text(adapter), profiles.scsi_adapter
    return profiles.eth_text(adapter), profiles.eth_adapter


def _round(read: Callable[[str], object]) -> Callable[[str], object]:
    """``read``, and what it read must be the same again after it was written."""

    def parse(text: str) -> object:
        result = read(text)
        wrong = profile_again(result)
        if wrong is not None:
            raise AssertionError(wrong)
        return result

    return parse


SEEDS: list[tuple[str, str, Callable[[str], object]]] = [
    ("hmc systems", SYSTEMS, systems),
    ("hmc lpars", LPARS, lpars),
    ("hmc profiles", PROFILES, _assembled("profiles", reading.PROFILE_FIELDS)),
    ("hmc virtual fc", FC, _assembled("fc", reading.FC_FIELDS)),
    ("hmc virtual ethernet", ETH, _assembled("eth", reading.ETH_FIELDS)),
    ("hmc vnics", VNICS, _assembled("vnics", ports.VNIC_FIELDS)),
    ("hmc sriov ports", LOGICAL_PORTS, _assembled("logical_ports", ports.LOGICAL_PORT_FIELDS)),
    ("hmc profile vnic", "5:ded:1:120:0:all:FA0102030405:all:0:sriov/vios1/2/1/0/2.0/50/100.0", ports.profile_vnic),
    ("hmc virtual scsi", SCSI, _assembled("scsi", reading.SCSI_FIELDS)),
    ("hmc lpar memory", MEM, _assembled("lpar_mem", reading.LPAR_MEM_FIELDS)),
    ("hmc lpar processors", PROC, _assembled("lpar_proc", reading.LPAR_PROC_FIELDS)),
    ("hmc refcodes", REFCODES, _assembled("refcodes", reading.REFCODE_FIELDS)),
    ("hmc system memory", SYSTEM_MEM, _assembled("system_mem", reading.SYSTEM_MEM_FIELDS)),
    ("hmc system processors", SYSTEM_PROC, _assembled("system_proc", reading.SYSTEM_PROC_FIELDS)),
    ("hmc default form", DEFAULT_FORM, default_form),
    ("hmc bare rows", "7E2B4C6D-1F38-4C9F-8D12-33E1B2C3D4E5,erp_db1\n", bare_rows),
    ("hmc version", VERSION, records.multiline_attributes),
    ("hmc npiv maps", LSMAP, mappings),
    ("hmc fc record", FC_RECORD, _round(profiles.fc_adapter)),
    ("hmc ethernet record", ETH_RECORD, _round(profiles.eth_adapter)),
    ("hmc scsi record", SCSI_RECORD, _round(profiles.scsi_adapter)),
]
