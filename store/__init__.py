"""What the console remembers: the estate as last seen, what changed, and (later) runs, journal and audit."""
