"""Architectures, one file each: torch modules from tensors as they come to logits or values."""

from __future__ import annotations
