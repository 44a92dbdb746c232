"""What runs by schedule: the kinds of schedules, the timekeeper that claims what is due, and its clock."""
