"""What the scoring service takes and answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Application(BaseModel):
    """One application by the column names of the application table; a column left out counts as missing."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"application": {"AMT_CREDIT": 450000.0, "DAYS_BIRTH": -14000}}]}
    )

    application: dict[str, Any] = Field(description="Values by column name, in the units of the application table.")


class Score(BaseModel):
    """The answer for one application."""

    default_probability: float = Field(description="Probability of default, 0 to 1.")
    declined: bool = Field(description="Whether the probability is at or above the cutoff.")
    cutoff: float = Field(description="The cutoff applied.")
    risk_band: str = Field(description="A the safest; each band about twice as risky as the one before.")
    model_sha256: str = Field(description="Digest of the model that scored.")


class Problem(BaseModel):
    """What went wrong, in the shape of RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
