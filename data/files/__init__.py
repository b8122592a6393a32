"""Applications as files and streams: from somebody's bytes to rows that are valid, or to one sentence on why not."""
