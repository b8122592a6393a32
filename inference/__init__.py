"""From an application to its probability of default, and why."""

import os

# Read when a library loads, and therefore set before any module of this package can load it; started processes inherit
# both. ONNX Runtime otherwise reports device, model and runs to its maker, and keeps them in the user's cache until it
# has; its `disable_telemetry_events()` comes too late. Set whatever the environment says, because it is a promise.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# GNU OpenMP's threads spin long while they wait: beside another busy process, training then takes several times as
# long. A short spin is as fast on an idle machine.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
