"""Alerts: facts folded into what is open, who is told of it next, and what people do about it."""
