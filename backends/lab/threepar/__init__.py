"""A simulated pair of HPE 3PAR, Primera or Alletra arrays: WSAPI over HTTPS and the CLI over SSH on one state."""
