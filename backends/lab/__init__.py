"""A simulated two-site estate that unmodified vendor clients connect to over TCP on loopback."""
