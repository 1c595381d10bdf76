"""A look at the data that ends in a proposed goal, every guess with its reason."""

from __future__ import annotations

from modelwright.evidence.propose.stage import propose

__all__ = ["propose"]
