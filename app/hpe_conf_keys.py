"""The keys of hpe.conf: which of them drdeck imports, and why it imports no others."""

from __future__ import annotations

SECRETS = frozenset({"hpe3par_password", "san_password", "chap_password"})

#: What describes an array. A replication target takes from its backend those in ``INHERITED`` that it does not give.
INHERITED = frozenset(
    {
        "hpe3par_username",
        "hpe3par_password",
        "san_login",
        "san_password",
        "san_private_key",
        "san_ssh_port",
        "ssh_conn_timeout",
    }
)
ARRAY = INHERITED | {"hpe3par_api_url", "san_ip"}

DEVICE = "replication_device"
_OPTION = "no setting of drdeck; the option for it is in the comments of the configuration"
#: What only a replication target has, and why it is not imported; "": it is.
REPLICATION = {
    "backend_id": "",
    "replication_mode": _OPTION,
    "cpg_map": _OPTION,
    "snap_cpg_map": _OPTION,
    "sync_period": _OPTION,
    "quorum_witness_ip": "no setting of drdeck; it is in the comments of the configuration",
}
MISPLACED = f"it counts only inside {DEVICE}"

_ETCD = "drdeck keeps what it knows in its own store and needs no etcd"
_ISCSI = "the array itself tells its iSCSI ports"
_CHAP = "drdeck mounts no volume, so it needs no CHAP login"
_MULTIPATH = "drdeck mounts no volume; multipath is a setting of the host"
_FILE = "file services are not replicated by Remote Copy groups"
_CPG = "no setting of drdeck: a CPG is named when a volume is created"

#: Keys that are not imported, each with the reason.
LEFT_OUT = {
    "strict_ssh_host_key_policy": "drdeck is always strict: pin the host keys with drdeck trust",
    "ssh_hosts_key_file": "drdeck pins host keys itself: drdeck trust",
    "suppress_requests_ssl_warnings": "drdeck verifies certificates: a CA of the system, ca_file, or drdeck trust",
    "hpe3par_debug": "drdeck never logs requests: they hold secrets",
    "hpe3par_cpg": _CPG,
    "hpe3par_snapcpg": _CPG,
    "hpe3par_default_fpg_size": _FILE,
    "hpe3par_server_ip_pool": _FILE,
    "hpedockerplugin_driver": "drdeck has one driver for all of them; it reads FC and iSCSI ports from the array",
    "hpe3par_iscsi_ips": _ISCSI,
    "iscsi_ip_address": _ISCSI,
    "iscsi_port": _ISCSI,
    "hpe3par_iscsi_chap_enabled": _CHAP,
    "use_chap_auth": _CHAP,
    "chap_username": _CHAP,
    "chap_password": _CHAP,
    "use_multipath": _MULTIPATH,
    "enforce_multipath": _MULTIPATH,
    "host_etcd_ip_address": _ETCD,
    "host_etcd_port_number": _ETCD,
    "host_etcd_ca_cert": _ETCD,
    "host_etcd_client_cert": _ETCD,
    "host_etcd_client_key": _ETCD,
    "logging": "drdeck writes no log of that kind",
    "mount_prefix": "drdeck mounts no volume",
    "timeout": "the limits of drdeck are connect_timeout, call_timeout and timeout of a device",
}
UNKNOWN = "no key of the 3PAR plugin that drdeck knows"

KNOWN = ARRAY | REPLICATION.keys() | LEFT_OUT.keys() | {DEVICE}
TARGET = KNOWN - {DEVICE}


def current(key: str) -> str:
    """The present name of a key: it had another prefix before the vendor's split."""
    renamed = f"hpe3par_{key.removeprefix('hp3par_')}"
    return renamed if key.startswith("hp3par_") and renamed in KNOWN else key
