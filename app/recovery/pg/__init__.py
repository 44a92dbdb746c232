"""Protection groups: snapshots, clones to another group, restores; and pods. Source: procedures 3.2, 3.8, 3.9."""
