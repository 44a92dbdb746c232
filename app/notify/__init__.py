"""Telling operators what happened: rules, messages, channels, and the sending in the background."""
