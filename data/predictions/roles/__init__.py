"""What the columns of somebody else's table are: said on the command line, told by names and values, or asked."""
