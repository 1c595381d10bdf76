"""Learning with PyTorch: the loop, what it is made of, the networks. Imported by families that fit."""

from __future__ import annotations
