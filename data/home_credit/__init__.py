"""The embedded portfolio, made from statistics of a real one: what was fitted, and how rows are drawn from it."""
