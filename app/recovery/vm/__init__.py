"""Replicas of virtual machines on the recovery engine: passes, failovers, drills and the ways back."""
