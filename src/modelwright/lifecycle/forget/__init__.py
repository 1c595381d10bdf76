"""Deletion of a person's rows from everything that is kept here, with the models that learned from them."""

from __future__ import annotations

from modelwright.lifecycle.forget.asked import Asked, asked
from modelwright.lifecycle.forget.door import Places, Plan, carry_out, look
from modelwright.lifecycle.forget.ledger import Ledger

__all__ = ["Asked", "Ledger", "Places", "Plan", "asked", "carry_out", "look"]
