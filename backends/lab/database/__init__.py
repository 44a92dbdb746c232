"""Databases of the lab that can be put into backup mode, and the SSH door to the host of each."""
