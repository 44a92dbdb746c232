"""The demo's recovery plan: four technologies, three priority groups, one order."""

NAME = "demo"
TEXT = """\
# The recovery plan of the demo. drdeck plan show demo says the same in words.
from = "paris"
to = "lyon"

[waves]
lpars = 8

[drill_hosts]
sales-srv1 = "drill-srv1"
orders-srv1 = "drill-srv2"

[[groups]]
name = "infrastructure"

[[groups]]
name = "databases"

[[groups]]
name = "front-ends"

[[applications]]
name = "messaging"
group = "infrastructure"
rto = "15m"
rpo = "10m"
lpars = ["mq1"]
pgroups = ["pg-mq"]

[[applications]]
name = "monitoring"
group = "infrastructure"
rto = "30m"
vms = ["mon01"]

[[applications]]
name = "erp"
group = "databases"
rto = "30m"
rpo = "15m"
after = ["messaging"]
lpars = ["P10-PAR-01/erp_db1", "erp_app1", "erp_app2"]
pgroups = ["pg-erp"]
inside = { erp_app1 = ["erp_db1"], erp_app2 = ["erp_db1"] }

[[applications]]
name = "sales"
group = "databases"
rto = "15m"
rpo = "10m"
rcgs = ["rcg_sales"]

[[applications]]
name = "orders"
group = "front-ends"
rto = "30m"
rpo = "15m"
after = ["sales"]
rcgs = ["rcg_orders"]

[[applications]]
name = "web"
group = "front-ends"
rto = "30m"
rpo = "5m"
pods = ["pod-web"]

[[applications]]
name = "proxy"
group = "front-ends"
rto = "45m"
after = ["orders"]
vms = ["proxy1"]

[[applications.steps]]
when = "after-start"
kinds = ["planned", "disaster", "drill", "failback"]
name = "Write down when the proxy was up"
command = ["date", "--utc"]
timeout = "10s"
"""
