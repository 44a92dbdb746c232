"""The Power side of the lab: managed systems, LPARs and VIOSes, and the HMC's SSH door to them."""
