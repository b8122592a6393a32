"""Select applications: filters, groups, columns, rows."""
