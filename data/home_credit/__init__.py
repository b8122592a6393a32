"""The embedded portfolio, Home Credit's: its definition, and the rows that are drawn like the real ones."""

from __future__ import annotations

from pathlib import Path

HOME_CREDIT_TOML = Path(__file__).parent / "portfolio.toml"
