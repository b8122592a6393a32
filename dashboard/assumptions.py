"""What the dashboard assumes about costs and loans, each value chosen on the screen and kept in the link."""

from __future__ import annotations

from dashboard import parameters
from inference.decision import COST_OF_DECLINED_GOOD, COST_OF_MISSED_DEFAULT

# In any one unit: only their ratio moves the best cutoff.
COST_FN = parameters.number("cost.fn", COST_OF_MISSED_DEFAULT, low=0, high=1_000)
COST_FP = parameters.number("cost.fp", COST_OF_DECLINED_GOOD, low=0, high=1_000)

# Shares of the exposure at default (EAD); a ninth of the LGD makes the margin agree with costs of 10 to 1.
LGD = parameters.number("lgd", 0.45, low=0, high=1)
MARGIN = parameters.number("margin", 0.05, low=0, high=0.5)

# Currency units an application, where the predictions carry no exposure.
EAD = parameters.number("ead", 10_000, low=1, high=1_000_000_000)
