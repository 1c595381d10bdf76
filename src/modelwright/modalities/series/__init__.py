"""Sequences of numbers, float32 [channels, steps] once they are read."""

from __future__ import annotations
