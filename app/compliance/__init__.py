"""Drills, gaps and lessons over all recovery plans, against what DORA, ISO 22301 and NIS2 ask for."""
