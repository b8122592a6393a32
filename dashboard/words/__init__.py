"""Values, fields, reasons and facts in words."""
