"""Cohorts, metrics and single applicants on the screen."""

import data  # noqa: F401 - keeps libraries from reporting, before any of them is loaded
