"""From an application to its probability of default, and why."""

import os

import data  # noqa: F401 - keeps libraries from reporting, before any of them is loaded

# GNU OpenMP's threads spin long while they wait, unless told otherwise before LightGBM loads it: beside another busy
# process, training then takes several times as long. A short spin is as fast on an idle machine.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
