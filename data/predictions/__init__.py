"""Tables of predictions: which column is what, what its cells say, and what a score is exactly."""
