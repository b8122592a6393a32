"""Figures of metric results: dataclasses in, Plotly figures and their descriptions out."""
