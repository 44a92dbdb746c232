"""What the recovery sites have, what the recovery plans need of it together, and until when that fits."""
