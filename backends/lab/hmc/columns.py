"""What ``lssyscfg`` and ``lslparmigr`` list: attribute names and their order as IBM writes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from backends.lab.hmc.adapters import Adapter
from backends.lab.hmc.listing import Columns, Value
from backends.lab.hmc.model import LabLpar, PowerSystem, Profile
from backends.lab.hmc.ports import LogicalPort, Vnic
from store.estate import SystemState


def hmc_time(seconds: float) -> str:
    """``MM/DD/YYYY HH:MM:SS`` without a zone, as the HMC prints times."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%m/%d/%Y %H:%M:%S")


def _fixed(value: str) -> Callable[[object], Value]:
    return lambda _one: value


def _constants(text: str) -> dict[str, Callable[[object], Value]]:
    """``a=1 b=2`` → columns that always say the same."""
    pairs = (word.split("=", 1) for word in text.split())
    return {name: _fixed(value) for name, value in pairs}


# ------------------------------------------------------------------------------------------------------ managed systems


def system_columns(skew: float) -> Columns:
    """``lssyscfg -r sys``. ``skew``: how far the clock shown is off."""
    return Columns(
        {
            "name": lambda s: s.name,
            "type_model": lambda s: s.type_model,
            "serial_num": lambda s: s.serial,
            "ipaddr": _fixed("192.0.2.1"),
            "sp_type": _fixed("fsp"),
            "state": lambda s: s.state.value,
            "state_detail": _fixed(""),
            "detailed_state": _fixed("None"),
            "sys_time": lambda s: hmc_time(s.world.now + skew),
            **_constants("power_off_policy=0 active_lpar_mobility_capable=1 inactive_lpar_mobility_capable=1"),
            **_constants("active_mem_expansion_capable=1 aix_capable=1 cod_mem_capable=1 cod_proc_capable=1"),
            **_constants("electronic_err_reporting_capable=1 huge_page_mem_capable=1 lpar_avail_priority_capable=1"),
            **_constants("lpar_proc_compat_mode_capable=1 lpar_remote_restart_capable=0"),
            **_constants("powervm_lpar_simplified_remote_restart_capable=1 lpar_suspend_capable=0"),
            **_constants("micro_lpar_capable=1 os400_capable=1 redundant_err_path_reporting_capable=1"),
            **_constants("shared_eth_failover_capable=1 sp_failover_capable=1 vet_activation_capable=1"),
            "virtual_fc_capable": lambda s: int(s.virtual_fc),
            **_constants("virtual_io_server_capable=1 virtual_switch_capable=1 assign_5250_cpw_percent=0"),
            "max_lpars": lambda s: s.max_lpars,
            **_constants("max_power_ctrl_lpars=1 service_lpar_id=none"),
            "lpar_proc_compat_modes": lambda _s: ("default", "POWER8", "POWER9_base", "POWER9", "POWER10"),
            **_constants("curr_sys_keylock=norm pend_sys_keylock=norm curr_power_on_side=temp"),
            **_constants("pend_power_on_side=temp curr_power_on_speed=norm pend_power_on_speed=norm"),
            "power_on_type": _fixed("power on"),
            **_constants("power_on_option=autostart power_on_lpar_start_policy=autostart"),
            **_constants("pend_power_on_option=autostart pend_power_on_lpar_start_policy=autostart"),
            **_constants("power_on_method=02 power_on_attr=0000 mfg_default_config=0 cluster_serial_num=none"),
            "description": _fixed(""),
        },
        {"primary_state": _primary_state, "wwpn_prefix": lambda s: s.wwpn_prefix},
    )


def _primary_state(system: PowerSystem) -> Value:
    return {SystemState.OPERATING: "Started", SystemState.STANDBY: "Started", SystemState.POWER_OFF: "Stopped"}.get(
        system.state, "Unknown"
    )


# ---------------------------------------------------------------------------------------------------------------- LPARs


def _auto_start(lpar: LabLpar) -> Value:
    return int(any(p.auto_start for p in lpar.profiles if p.name == (lpar.curr_profile or lpar.default_profile)))


def _boot_mode(lpar: LabLpar) -> Value:
    return lpar.running.profile.boot_mode if lpar.running.profile else "null"


LPARS = Columns(
    {
        "name": lambda p: p.name,
        "lpar_id": lambda p: p.lpar_id,
        "lpar_env": lambda p: p.env,
        "state": lambda p: p.state.value,
        "resource_config": lambda p: int(p.on),
        "os_version": lambda p: p.os_version,
        "logical_serial_num": lambda p: f"{p.system.serial}{p.lpar_id:X}",
        "default_profile": lambda p: p.default_profile,
        "curr_profile": lambda p: p.curr_profile,
        "work_group_id": _fixed("none"),
        "shared_proc_pool_util_auth": _fixed("0"),
        "allow_perf_collection": _fixed("0"),
        "power_ctrl_lpar_ids": _fixed("none"),
        "boot_mode": _boot_mode,
        "lpar_keylock": _fixed("norm"),
        "auto_start": _auto_start,
        "redundant_err_path_reporting": _fixed("0"),
        "rmc_state": lambda p: p.rmc,
        "rmc_ipaddr": lambda p: p.rmc_ipaddr,
        "time_ref": _fixed("0"),
        "lpar_avail_priority": lambda p: p.extra.get("lpar_avail_priority", "127"),
        "desired_lpar_proc_compat_mode": _fixed("default"),
        "curr_lpar_proc_compat_mode": lambda p: "POWER9" if p.on else "default",
        "suspend_capable": lambda p: None if p.is_vios else 0,
        "remote_restart_capable": lambda p: None if p.is_vios else 0,
        "simplified_remote_restart_capable": lambda p: None if p.is_vios else 0,
        "sync_curr_profile": _fixed("0"),
        "affinity_group_id": _fixed("none"),
        "vtpm_enabled": _fixed("0"),
        "description": lambda p: p.description,
    },
    {"uuid": lambda p: p.uuid, "msp": lambda p: 0 if p.is_vios else None},
)


LPARS_OF_OLD_HMC = Columns(LPARS.default)  # before version 9 it knows no uuid


# ------------------------------------------------------------------------------------------------------------- profiles


class ProfileOf:
    """A profile with the LPAR it belongs to."""

    __slots__ = ("lpar", "profile")

    def __init__(self, lpar: LabLpar, profile: Profile) -> None:
        self.lpar = lpar
        self.profile = profile


def _of(name: str, default: str | None = None) -> Callable[[ProfileOf], Value]:
    """An attribute of the profile that the lab only keeps."""
    return lambda p: p.profile.extra.get(name, default)


def _shared(get: Callable[[Profile], Value]) -> Callable[[ProfileOf], Value]:
    return lambda p: get(p.profile) if p.profile.proc_mode == "shared" else None


def _client(get: Callable[[ProfileOf], Value]) -> Callable[[ProfileOf], Value]:
    return lambda p: None if p.lpar.is_vios else get(p)


def _texts(adapters: Sequence[Adapter | Vnic | LogicalPort]) -> Value:
    return tuple(adapter.text() for adapter in adapters) or "none"


def _eth_texts(p: ProfileOf) -> Value:
    return tuple(adapter.text(p.lpar.system.old_firmware) for adapter in p.profile.eth) or "none"


PROFILES = Columns(
    {
        "name": lambda p: p.profile.name,
        "lpar_name": lambda p: p.lpar.name,
        "lpar_id": lambda p: p.lpar.lpar_id,
        "lpar_env": lambda p: p.lpar.env,
        "all_resources": _fixed("0"),
        "min_mem": lambda p: p.profile.min_mem,
        "desired_mem": lambda p: p.profile.desired_mem,
        "max_mem": lambda p: p.profile.max_mem,
        "min_num_huge_pages": _client(_fixed("0")),
        "desired_num_huge_pages": _client(_fixed("0")),
        "max_num_huge_pages": _client(_fixed("0")),
        "mem_mode": _fixed("ded"),
        "mem_expansion": _fixed("0.0"),
        "hpt_ratio": _of("hpt_ratio", "1:128"),
        "ppt_ratio": _of("ppt_ratio", "1:4096"),
        "proc_mode": lambda p: p.profile.proc_mode,
        "min_proc_units": _shared(lambda p: str(p.min_proc_units)),
        "desired_proc_units": _shared(lambda p: str(p.desired_proc_units)),
        "max_proc_units": _shared(lambda p: str(p.max_proc_units)),
        "min_procs": lambda p: p.profile.min_procs,
        "desired_procs": lambda p: p.profile.desired_procs,
        "max_procs": lambda p: p.profile.max_procs,
        "sharing_mode": lambda p: p.profile.sharing_mode,
        "uncap_weight": _shared(lambda p: p.uncap_weight),
        "shared_proc_pool_id": _shared(lambda p: p.extra.get("shared_proc_pool_id", "0")),
        "shared_proc_pool_name": _shared(lambda p: p.extra.get("shared_proc_pool_name", "DefaultPool")),
        "affinity_group_id": _of("affinity_group_id", "none"),
        "io_slots": _of("io_slots", "none"),
        "lpar_io_pool_ids": _of("lpar_io_pool_ids", "none"),
        "max_virtual_slots": lambda p: p.profile.max_virtual_slots,
        "virtual_serial_adapters": lambda _p: ("0/server/1/any//any/1", "1/server/1/any//any/1"),
        "virtual_scsi_adapters": lambda p: _texts(p.profile.scsi),
        "virtual_eth_adapters": _eth_texts,
        "virtual_eth_vsi_profiles": _of("virtual_eth_vsi_profiles", "none"),
        "virtual_fc_adapters": lambda p: _texts(p.profile.fc) if p.lpar.system.virtual_fc else None,
        "vnic_adapters": lambda p: _texts(p.profile.vnics),
        "vtpm_adapters": _of("vtpm_adapters", "none"),
        "boot_mode": lambda p: p.profile.boot_mode,
        "conn_monitoring": _of("conn_monitoring", "1"),
        "auto_start": lambda p: int(p.profile.auto_start),
        "power_ctrl_lpar_ids": _of("power_ctrl_lpar_ids", "none"),
        "work_group_id": _of("work_group_id", "none"),
        "redundant_err_path_reporting": _of("redundant_err_path_reporting", "0"),
        "lpar_proc_compat_mode": _of("lpar_proc_compat_mode", "default"),
        "electronic_err_reporting": _client(_fixed("null")),
        "sriov_eth_logical_ports": lambda p: _texts(p.profile.ports),
    }
)

_NEW = ("vnic_adapters", "sriov_eth_logical_ports")
PROFILES_OF_OLD_HMC = Columns({name: get for name, get in PROFILES.default.items() if name not in _NEW})

KEPT_PROFILE_ATTRIBUTES = frozenset(
    (
        *("hpt_ratio", "ppt_ratio", "shared_proc_pool_id", "shared_proc_pool_name", "affinity_group_id", "io_slots"),
        *("lpar_io_pool_ids", "virtual_eth_vsi_profiles", "vtpm_adapters", "conn_monitoring"),
        *("power_ctrl_lpar_ids", "work_group_id", "redundant_err_path_reporting", "lpar_proc_compat_mode"),
    )
)


# ------------------------------------------------------------------------------------------------------------- mobility

MIGRATION_LPARS = Columns(
    {
        "name": lambda p: p.name,
        "lpar_id": lambda p: p.lpar_id,
        "migration_state": _fixed("Not Migrating"),
    }
)

MIGRATION_SYSTEM = Columns(
    {
        **_constants("inactive_lpar_mobility_capable=1 num_inactive_migrations_supported=40"),
        **_constants("num_inactive_migrations_in_progress=0 active_lpar_mobility_capable=1"),
        **_constants("num_active_migrations_supported=32 num_active_migrations_in_progress=0"),
    }
)
