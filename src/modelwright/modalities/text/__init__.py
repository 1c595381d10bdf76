"""Texts: lower-case words with one space between them once they are read."""

from __future__ import annotations
