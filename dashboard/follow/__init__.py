"""What follows the cutoff in the browser while its slider is dragged: rows of a table that the server made."""
