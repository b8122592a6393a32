"""What a model sees of an application, said as data, and how a row or a table is turned into it."""
