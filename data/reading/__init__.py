"""The one reading path: a table in any usual file, what was assumed about it, and what is to be asked."""
