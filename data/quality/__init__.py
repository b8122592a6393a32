"""What is odd about a table's data: found by looking through it once, and kept beside what was built."""
