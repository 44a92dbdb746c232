"""ActiveDR pods: demoted, promoted, drilled, and brought back. Source: procedures 2.1, 3.8; REST 2.26."""
