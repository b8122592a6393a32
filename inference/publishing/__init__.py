"""Building a portfolio and putting it in service as a whole, the one before it, and both as one file."""
