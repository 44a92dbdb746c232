"""Backups of virtual machines in a directory, as OVF packages, and how one comes back as a new machine."""
