"""The model: fitted, exported, published, opened, and asked for a PD and a decision."""
