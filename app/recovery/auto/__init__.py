"""Automatic failover, made safe: witnesses are asked, conditions judged, and a person's plan is run where all hold."""
