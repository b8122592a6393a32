"""From an application to its probability of default, and why."""

import os

# Libraries read these when they load, so they are set before any module of this package can load one; processes that
# are started inherit them. ONNX Runtime otherwise reports the machine, the model and its runs to its maker, and keeps
# an id and what it has yet to send in the user's cache; its own `disable_telemetry_events()` comes too late. Whatever
# the environment says, because nothing leaves the machine is a promise.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# GNU OpenMP's threads spin long while they wait: beside another busy process, training then takes several times as
# long. A short spin is as fast on an idle machine.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
