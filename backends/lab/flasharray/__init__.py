"""Simulated FlashArrays: volumes, hosts, protection groups, transfers, pods, and their REST door."""
