"""Pieces of screen that are of one applicant: the side panel, the form, and what the applicant's page says."""
