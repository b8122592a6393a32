"""What a reader has set: the values of a visit, and the links and drafts that hold them."""
