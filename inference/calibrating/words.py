"""What is said of a calibration: how it was made, and what a reader should know of its PDs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inference.calibrating.calibrator import Calibrator
from inference.calibrating.curves import SMALLEST_PD, Bands, Knots, LogOddsCurve, ScoreCurve
from inference.calibrating.fitting import Method
from inference.calibrating.out_of_fold import Calibrated, Request, Scored, falling_bands

_NAMES = {
    Method.PLATT: "Platt's line",
    Method.ISOTONIC: "Isotonic curve",
    Method.BETA: "Beta calibration",
    Method.GRADES: "Default rate of each band",
    Method.TARGET: "Shift of log-odds",
}


def said_of(parent: str, calibrated: Calibrated, request: Request, where: tuple[str, ...]) -> str:
    """How a calibrated model was made, in one sentence."""
    calibrator, n_fitted = calibrated.calibrator, int(calibrated.is_fitted.sum())
    parts = [f"{_NAMES[calibrator.method]} of {parent}{_parameters(calibrator)}"]
    if calibrator.method is not Method.TARGET:
        parts.append(f"fitted out of fold on {n_fitted:,} applications")
    if where:
        parts.append(f"of the cohort {', '.join(where)}")
    if request.target_rate is not None:
        by = "" if calibrator.method is Method.TARGET else f" by a shift of {_number(calibrator.shift)} in log-odds"
        parts.append(f"to a mean PD of {_percent(request.target_rate)}{by}")
    if calibrator.floor:
        parts.append(f"no PD below {_percent(calibrator.floor)}")
    return "; ".join(parts) + "."


def notices(rows: Scored, calibrated: Calibrated, request: Request) -> tuple[str, ...]:
    """Sentences on ties, ends, bands that do not rise, and what the shift is not."""
    return tuple(_notices(rows, calibrated, request))


def why_not_affine(calibrator: Calibrator) -> str:
    """Why the parent's contributions are not those of the calibrated model; empty where they are, scaled and moved."""
    if calibrator.is_affine:
        return ""
    if calibrator.floor:
        return "PDs at the floor are not what contributions add up to"
    return "the curve is no line on the log-odds, so that contributions to these have no exact share in it"


def _notices(rows: Scored, calibrated: Calibrated, request: Request) -> Iterator[str]:
    calibrator, pds = calibrated.calibrator, calibrated.pds
    curve, n = calibrator.curve, f"{rows.scores.size:,}"
    if calibrator.method is not Method.TARGET:
        yield (
            f"{int(calibrated.is_fitted.sum()):,} applications have the PD of a curve that was fitted without their "
            "fold, so that folds may rank a little differently against each other; new applications get the final one."
        )
    is_end = (rows.scores < SMALLEST_PD) | (rows.scores > 1 - SMALLEST_PD)
    if isinstance(curve, LogOddsCurve) and is_end.any():
        yield f"{is_end.sum():,} of {n} scores are surer than one in a million, and are taken for one in a million."
    if isinstance(curve, Knots):
        before, after = np.unique(rows.scores).size, np.unique(pds).size
        yield f"Ties: {before:,} different scores become {after:,} different PDs; what ties has no order any more."
    if isinstance(curve, Bands):
        yield _word_bands(rows, curve)
    if n_floored := int((pds <= calibrator.floor).sum()) if calibrator.floor else 0:
        yield (
            f"{n_floored:,} of {n} applications share the floor of {_percent(calibrator.floor)}; their order among "
            "each other is lost, and the mean PD is higher for it."
        )
    elif n_zero := int((pds <= 0).sum()):
        yield f"{n_zero:,} of {n} applications get a PD of 0, which no application has; give a floor."
    if n_sure := int((pds >= 1).sum()):
        yield f"{n_sure:,} of {n} applications get a PD of 1."
    if request.target_rate is not None:
        yield _word_target(calibrated, request.target_rate)


def _word_bands(rows: Scored, bands: Bands) -> str:
    names = bands.levels or tuple(map(str, range(1, len(bands.pds) + 1)))
    falling = falling_bands(bands, is_safer_higher=rows.is_safer_higher)
    if not falling:
        return f"Default rates rise over all {len(bands.pds)} bands."
    shown = ", ".join(f"{names[at]} ({_percent(bands.pds[at])})" for at in falling[:5])
    return f"Default rates do not rise throughout: lower than in the next safer band in {shown}; join such bands."


def _word_target(calibrated: Calibrated, target: float) -> str:
    own = (
        f"The shift of {_number(calibrated.calibrator.shift)} in log-odds makes the mean PD of these applications "
        f"{_percent(target)}"
    )
    if calibrated.prior_shift is None:
        return f"{own}."
    return (
        f"{own}. Bayes' correction of the default rate (Elkan 2001; Saerens 2002), which is about a portfolio of "
        f"{_percent(target)} defaults and not about these, would be {_number(calibrated.prior_shift)}."
    )


def _parameters(calibrator: Calibrator) -> str:
    match calibrator.curve:
        case LogOddsCurve(intercept, of_log_pd, of_log_rest):
            if calibrator.method is Method.TARGET:
                return f" by {_number(calibrator.shift)}"
            if of_log_pd == of_log_rest:
                return f" ({_number(of_log_pd)} × log-odds {_signed(intercept)})"
            return f" ({_number(of_log_pd)} ln p − {_number(of_log_rest)} ln(1 − p) {_signed(intercept)})"
        case ScoreCurve(intercept, slope):
            return f" ({_number(slope)} × score {_signed(intercept)})"
        case Knots(scores, _):
            return f" ({len(scores):,} knots)"
        case Bands(_, pds, _):
            return f" ({len(pds)} bands)"


def _signed(number: float) -> str:
    return f"{'−' if number < 0 else '+'} {abs(number):.4g}"


def _number(number: float) -> str:
    return f"{number:.4g}".replace("-", "−")


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"
