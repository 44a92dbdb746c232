"""What an operator sees: one module per screen. A screen reads the store and posts messages; it imports no backend."""
