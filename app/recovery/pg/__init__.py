"""Protection groups: snapshots, clones to another group, restores. Source: procedures 3.2, 3.9."""
