"""What the overview says of a cohort, apart from what depends on the cutoff."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.metrics.calibration import CalibrationCheck, calibration_check
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.discrimination import KsStatistic, RocCurve, gini, ks_statistic, roc_auc, roc_curve
from dashboard.metrics.distribution import PdDistribution, pd_distribution
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.rates import Volumes, default_rate, mean_pd, volumes


@dataclass(frozen=True, slots=True)
class Overview:
    """Volumes, level, discrimination, and the two curves of one cohort."""

    volumes: Volumes
    default_rate: Estimate
    mean_pd: Estimate
    roc_auc: Estimate
    gini: Estimate
    ks: KsStatistic
    distribution: PdDistribution
    roc: RocCurve | None
    calibration: CalibrationCheck


def overview(counts: ScoreCounts) -> Overview:
    """The overview of the cohort that `counts` stands for; a figure that is not defined says why."""
    return Overview(
        volumes=volumes(counts),
        default_rate=default_rate(counts),
        mean_pd=mean_pd(counts),
        roc_auc=roc_auc(counts),
        gini=gini(counts),
        ks=ks_statistic(counts),
        distribution=pd_distribution(counts),
        roc=roc_curve(counts),
        calibration=calibration_check(counts),
    )
