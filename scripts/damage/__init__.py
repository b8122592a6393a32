"""Kinds of damage to a built portfolio, and what comes of each."""
