"""HPE 3PAR, Primera and Alletra: Remote Copy read and driven through the WSAPI and the CLI over SSH."""
