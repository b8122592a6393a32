"""The embedded default: Home Credit's applications as a portfolio like any other, and how its rows are drawn."""

from __future__ import annotations

from pathlib import Path

HOME_CREDIT_TOML = Path(__file__).parent / "portfolio.toml"
