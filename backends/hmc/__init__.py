"""The IBM Hardware Management Console, spoken to over its SSH command line."""
