"""Figures for monitoring: in Prometheus' text format, as a file or on loopback."""
