"""What a stranger's table shows by itself: columns in figures, what their names mean, and what speaks for a guess."""
