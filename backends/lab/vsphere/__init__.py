"""vSphere in the lab: the inventory of a vCenter or a standalone ESXi host, and the SOAP door in front of it."""
