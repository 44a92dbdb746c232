"""What the console talks to. A backend is a driver, not a decision: it connects, reads, and does one verb at a time."""
