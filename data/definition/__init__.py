"""What a portfolio's table holds, what a model sees of it and what can change: the definition as a value."""
