"""LPARs that come back at the recovery site: prepared there, checked, failed over. Source: procedures 3."""
