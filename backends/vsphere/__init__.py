"""VMware vSphere: vCenter Servers and standalone ESXi hosts over SOAP."""
