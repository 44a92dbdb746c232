"""Where the estate stands: sites, racks, systems, feeds, links, VLANs; and what falls when one of them does."""
