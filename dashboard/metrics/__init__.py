"""Metrics of a cohort: `ScoreCounts` in, frozen dataclasses out."""
