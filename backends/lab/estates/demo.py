"""The demo estate: Paris (production) and Lyon (DR), about 30 LPARs, 10 protection groups, a pod, 8 RCGs, 40 VMs.

Most of it is well: seven LPARs are ready to come back at Lyon, and a drill there has VLAN 999 to itself. For whoever
practises finding trouble, this is built in:

- crm_db1: its host on fa-paris lacks one of the LPAR's WWPNs;
- bill_app1: the MAC of the DR LPAR is not the one of production;
- nim1 and tsm1 have no LPAR at the DR site;
- pg-infra: its replication schedule is off, so its newest copy only gets older;
- pg-lyo-mail: the target does not allow replication to it;
- pg-dwh: so much data that a transfer takes most of its interval, so dwh_db1 may come back too old;
- rcg_web is failed over to Lyon, rcg_lab is stopped, rcg_archive has a period of an hour;
- file02 has an old replica, erp-gw an incomplete one.
"""

from __future__ import annotations

from backends.lab.estates import demo_infra, demo_plan, demo_power, demo_rcgs, demo_vms
from backends.lab.world import World
from store.estate import SiteRole


def build(world: World) -> None:
    """Build it into an empty ``world``, inside a turn."""
    world.add_site("paris", SiteRole.PROD, l2_stretched=True)
    world.add_site("lyon", SiteRole.DR, l2_stretched=True)
    prod = world.add_segment("vlan110")  # stretched: the same network at both sites, so MACs are kept
    drill = world.add_segment("drill", isolated=True)
    world.drill = ("ETHERNET0", demo_power.DRILL_VLAN)
    demo_power.build(world, prod, drill)
    demo_rcgs.build(world)
    demo_vms.build(world, prod, drill)
    world.plans[demo_plan.NAME] = demo_plan.TEXT
    world.infrastructure = {demo_infra.NAME: (None, demo_infra.TEXT), **demo_infra.TABLES}
    world.rates = demo_plan.RATES
