"""Sounds: columns of samples, int16 [samples] once they are read."""

from __future__ import annotations
