"""Which applications are looked at: filters, groups, columns, rows."""
