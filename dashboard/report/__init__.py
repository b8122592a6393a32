"""A cohort's figures, and the list of them, as JSON; a decision's record as a page."""
