"""What an application and a prediction are, and how they get in."""

import os

# Libraries read these when they load. All packages import this one before anything else, and processes that are started
# inherit them. Set whatever the environment says, because it is a promise that nothing leaves the machine:
# - ONNX Runtime reports the machine, the model and its runs to its maker, and keeps an id and what it has yet to send
#   in the user's cache; its own `disable_telemetry_events()` comes too late.
# - Streamlit keeps an id of the machine in the user's home, and has browsers report to its maker.
# - Arrow sends what it reads and computes to a collector, where the environment names one; of a name that it does not
#   know it complains in the middle of a log.
os.environ.update(ORT_DISABLE_TELEMETRY="1", STREAMLIT_BROWSER_GATHER_USAGE_STATS="false", ARROW_TRACING_BACKEND="")
