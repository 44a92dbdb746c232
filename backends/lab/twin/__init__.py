"""A world made out of what was last known of a real estate: names, states and wiring as they were."""
