"""Commands, each a thin layer on the packages."""

import data  # noqa: F401 - keeps libraries from reporting, before any of them is loaded
