"""Recovery plans as runs: the steps of all members composed into one, and whether they could be."""
