"""Scorecards: optimal bins, logistic regression on weights of evidence, points, and the same as a forest."""
