"""Cohorts, metrics and single applicants on the screen."""

import os

# Goes before .streamlit/config.toml, which says the same and which the environment could otherwise overrule: with usage
# statistics on, Streamlit keeps an id of the machine in the user's home, and browsers report to its maker.
os.environ["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] = "false"
