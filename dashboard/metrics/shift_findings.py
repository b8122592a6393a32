"""Findings on what arrived: shifted columns, a scored file whose PDs are others, and rows that it could not use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dashboard.metrics.estimate import NO_APPLICATIONS, Estimate
from dashboard.metrics.findings import Fault, Finding
from dashboard.metrics.group_facts import Group
from dashboard.metrics.rates import share
from dashboard.metrics.stability import MODERATE, Shift, Stability, p_of_shift


def shift_findings(found: Mapping[str, Stability], groups: Mapping[str, Group]) -> tuple[Finding, ...]:
    """The check of each column's shift; `groups` are the columns, each with the words of its most shifted bin."""
    return tuple(_shift(stability, groups[name]) for name, stability in found.items())


def file_findings(name: str, n_rows: int, n_rejected: int, pds: Stability | None, column: Group) -> tuple[Finding, ...]:
    """The checks of a scored file: rows that were left out, and its PDs against the portfolio's (where there are any).

    That a row was left out is no question of chance; its p-value is 0.
    """
    rejects = Finding(Fault.REJECTS, share(n_rejected, n_rows, NO_APPLICATIONS), 0.0, n_rows, 0.0, 0.0, subject=name)
    checks = [replace(rejects, p_value=0.0 if n_rejected else 1.0)] if n_rows else []
    checks += [] if pds is None else [replace(_shift(pds, column), subject=name)]
    return tuple(checks)


def _shift(found: Stability, column: Group) -> Finding:
    # Where chance reaches the mark, chi-square is too rough for a p-value.
    p_value = 1.0 if found.shift is Shift.TOO_FEW else p_of_shift(found)
    return Finding(
        Fault.SHIFT, Estimate(found.index.value or 0.0), MODERATE, found.n_current, 0.0, p_value, group=column
    )
