"""From an application to its probability of default, and why."""

import os

# OpenMP's threads wait by spinning unless told otherwise before LightGBM loads it: with one other busy process on two
# cores, training then takes many times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
