"""The recovery engine: plans, steps, guards, the runner, predictions. Draws nothing."""
