"""Valid answers of a 3PAR array for every parser, to be mutated by the campaign. All names and values are invented."""

from __future__ import annotations

import json
from collections.abc import Callable
from zoneinfo import ZoneInfo

from backends.outcome import ParseError
from backends.threepar import answers, clidata, showrcopy, words, zones

OSLO = ZoneInfo("Europe/Oslo")

GROUPS_CSV = """\
crm_prd,fjord-b,Started,Primary,Sync,"auto_recover,path_management"
 ,crm_data01,412,crm_data01,97,Synced,NA
 ,crm_log01,413,crm_log01,98,Syncing (37%),NA
pay_prd.r70021,fjord-b,Stopped,Primary-Rev,Periodic,"Last-Sync 2026-03-14 02:15:31 CET , Period 5m, auto_recover"
 ,pay_data01,430,pay_data01,121,Stopped,2026-03-14 02:10:07 CET
 ,pay_data02,431,pay_data02,122,Stale,2026-07-14 02:10:07 CEST
"""

GROUPS_CSV_HEADERS = """\
Remote Copy System Information
Status: Started, Normal

Group Information

Name   ,ID,Target ,Status ,Role   ,Mode    ,LocalUserCpg,RmUserCpg,Options
pay_prd,9 ,fjord-b,Started,Primary,Periodic,SSD_r6      ,SSD_r6   ,"Period 5m,auto_recover,over_per_alert"
 ,LocalVV    ,ID ,RemoteVV   ,ID ,SyncStatus,LastSyncTime
 ,pay_data01,430,pay_data01,121,Synced,2026-03-14 02:15:31 CET
"""

GROUPS_TABLE = """\
Remote Copy System Information
Status: Started, Normal

Group Information

Name         Target  Status   Role       Mode     Options
pay_prd      fjord-b Started  Primary    Periodic Last-Sync 2026-03-14 02:15:31 CET, Period 5m,auto_recover
  LocalVV      ID   RemoteVV     ID   SyncStatus    LastSyncTime
  pay_data01    430 pay_data01    121 Synced        2026-03-14 02:15:31 CET
  pay_data02    431 pay_data02    122 Syncing (5%)  2026-03-14 02:10:29 CET
"""

TARGETS_CSV = """\
Target Information

Name,ID,Type,Status,Options,Policy
fjord-b,2,IP,ready,-,mirror_config
"""

LINKS_CSV = "fjord-b,0:3:1,192.0.2.21,Up,\nreceive,1:3:1,20310002AC0A1B2C,Down,\n"

SHOWSYS = """\
ID,Name,Model,Serial,Nodes,Master,TotalCap,AllocCap,FreeCap,FailedCap
70021,fjord-a,HPE_3PAR A630,CZ90817263,2,0,94371840,40960,94330880,0
"""

SHOWDATE = "0,2026-03-14 02:15:31 CET (Europe/Oslo)\n1,2026-03-14 02:15:31 CET (Europe/Oslo)\n"

SHOWVLUN = """\
Lun,VVName,HostName,Host_WWN/iSCSI_Name,Port,Type
0,crm_data01,crm-srv1,----------------,---,host
1,crm_log01,crm-srv1,----------------,---,host
--------------------
2,total
"""

SYSTEM = {
    "id": 70021,
    "name": "fjord-a",
    "systemVersion": "4.5.19.9",
    "model": "HPE_3PAR A630",
    "serialNumber": "CZ90817263",
    "totalCapacityMiB": 94371840,
    "freeCapacityMiB": 94330880.5,
    "timeZone": "Europe/Oslo",
}

GROUP = {
    "id": 9,
    "name": "pay_prd",
    "role": 1,
    "remoteGroupName": "pay_prd.r70021",
    "localUserCPG": "SSD_r6",
    "targets": [
        {
            "targetName": "fjord-b",
            "mode": 3,
            "state": 3,
            "roleReversed": False,
            "groupLastSyncTime": "2026-03-14T02:15:31+01:00",
            "syncPeriod": 300,
            "remoteUserCPG": "SSD_r6",
            "policies": {"autoRecover": True, "overPeriodAlert": False},
        }
    ],
    "volumes": [
        {
            "localVolumeName": "pay_data01",
            "localVolumeId": 430,
            "remoteVolumes": [
                {
                    "remoteVolumeName": "pay_data01",
                    "remoteVolumeID": 121,
                    "syncStatus": 3,
                    "volumeLastSyncTime": "2026-03-14T02:15:31+01:00",
                }
            ],
        }
    ],
}

TARGET = {"id": 2, "name": "fjord-b", "type": 1, "status": 2, "policies": {"mirrorConfig": True}}
VLUN = {"lun": 0, "volumeName": "crm_data01", "hostname": "crm-srv1", "remoteName": "10000000C9A0B0C0", "active": True}
PORT_VLUN = {"lun": 0, "volumeName": "crm_data01", "portPos": {"node": 0, "slot": 1, "cardPort": 2}, "active": True}
VOLUME = {"id": 430, "name": "pay_data01", "sizeMiB": 102400, "wwn": "60002AC0000000000000001E00011185"}


def decoded(parse: Callable[[object], object]) -> Callable[[str], object]:
    """``parse`` for JSON text: a text that is no JSON is refused before it."""

    def run(text: str) -> object:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise ParseError("JSON", text[:80]) from None
        return parse(value)

    return run


def listed(parse: Callable[[answers.Fields], object]) -> Callable[[str], object]:
    return decoded(lambda value: answers.members("GET /list", value, parse))


def members(*items: dict[str, object]) -> str:
    return json.dumps({"total": len(items), "members": items})


SEEDS: list[tuple[str, str, Callable[[str], object]]] = [
    ("threepar groups csv", GROUPS_CSV, lambda t: showrcopy.groups_csv(t, OSLO)),
    ("threepar groups csv headers", GROUPS_CSV_HEADERS, lambda t: showrcopy.groups_csv(t, OSLO)),
    ("threepar groups table", GROUPS_TABLE, lambda t: showrcopy.groups_table(t, OSLO)),
    ("threepar targets csv", TARGETS_CSV, showrcopy.targets_csv),
    ("threepar links csv", LINKS_CSV, showrcopy.links_csv),
    ("threepar showsys", SHOWSYS, lambda t: clidata.system(t, "4.5.19.9\n")),
    ("threepar showdate", SHOWDATE, clidata.clock),
    ("threepar showvlun", SHOWVLUN, clidata.exports),
    ("threepar system", json.dumps(SYSTEM), decoded(answers.system)),
    ("threepar rcopy status", '{"mode": 2, "status": 1, "asyncEnabled": true}', decoded(answers.rcopy_status)),
    ("threepar groups json", members(GROUP, GROUP | {"id": 10, "role": 2}), listed(answers.group)),
    ("threepar targets json", members(TARGET), listed(answers.target)),
    ("threepar vluns json", members(VLUN, PORT_VLUN), listed(answers.export)),
    ("threepar volumes json", members(VOLUME), listed(answers.volume)),
    ("threepar time", "2026-03-14 02:15:31 CET", lambda t: zones.to_utc(t, OSLO)),
    ("threepar iso time", "2026-03-14T02:15:31+01:00", zones.from_iso),
    ("threepar zone", "Europe/Oslo", zones.zone),
    ("threepar sync period", "900", words.sync_period),
    ("threepar group name", "pay_prd.r70021", lambda t: words.natural(words.name(t, "group"), 70022, None)),
]
