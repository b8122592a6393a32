"""Why a score cannot be calibrated, each worded in one sentence."""

from __future__ import annotations

from typing import Self

from inference.errors import InferenceError


class CalibrationError(InferenceError):
    """A score that cannot be calibrated as asked."""

    @classmethod
    def from_few(cls, n_good: int, n_bad: int, least: int) -> Self:
        return cls(
            f"The cohort holds {n_good:,} repaid and {n_bad:,} defaulted applications; at least {least} of each are "
            "needed to fit a calibration; choose a larger cohort, or shift to a target rate."
        )

    @classmethod
    def from_separation(cls) -> Self:
        return cls(
            "The score separates the cohort's defaults from its non-defaults completely, so that no logistic curve "
            "fits; check whether it knows the outcome, or calibrate with isotonic or grades."
        )

    @classmethod
    def from_one_score(cls) -> Self:
        return cls("All applications of the cohort have the same score; there is nothing to calibrate along.")

    @classmethod
    def from_reversed(cls, what: str) -> Self:
        return cls(
            f"The score ranks the wrong way round in this cohort ({what}): calibrated, it would turn its own order; "
            "check which end of the score is the riskier."
        )

    @classmethod
    def from_unsettled(cls) -> Self:
        return cls("The fit of the calibration did not settle; choose a larger cohort, or another method.")

    @classmethod
    def from_points(cls, method: str) -> Self:
        return cls(
            f"The score is no probability, and {method} calibration begins with one; use platt, isotonic or grades."
        )

    @classmethod
    def from_target(cls, target: float, low: float, high: float) -> Self:
        return cls(
            f"No shift of log-odds gives a mean PD of {target:g}: with this calibration and floor it lies between "
            f"{low:.6g} and {high:.6g}."
        )

    @classmethod
    def from_no_rate(cls) -> Self:
        return cls("A shift to a target needs the rate; name it with --target-rate, for example 0.03 for 3 %.")

    @classmethod
    def from_range(cls, name: str, value: float, wanted: str) -> Self:
        return cls(f"{name} {value:g}: is not {wanted}.")

    @classmethod
    def from_unreadable(cls, reason: str) -> Self:
        return cls(f"The calibrator cannot be read ({reason}); calibrate again.")
