"""Models made elsewhere: read as strangers' files, turned into what is served here, proven on all rows."""
