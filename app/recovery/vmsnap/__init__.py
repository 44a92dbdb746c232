"""Snapshots of virtual machines by schedule, and how many of them are kept."""
