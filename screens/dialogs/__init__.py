"""Modal questions and answers."""
