"""Remote copy groups on the engine: what is seen of a pair, what is planned, and the steps."""
