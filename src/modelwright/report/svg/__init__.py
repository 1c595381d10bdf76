"""Figures as SVG: small, without fonts or scripts, coloured by the page's own variables."""

from __future__ import annotations

from modelwright.report.svg.draw import figure, legend
from modelwright.report.svg.small import demand, histogram, interval, share_bar

__all__ = ["demand", "figure", "histogram", "interval", "legend", "share_bar"]
