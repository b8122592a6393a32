"""What is said of one application beside its PD: contributions, reasons, other values, its likes, the record."""
