"""The models of a portfolio: the champion in service, and beside it those that were trained, imported or calibrated."""
