"""Safety: how the model treats each sensitive group, and personal data among its inputs."""

from __future__ import annotations

from modelwright.evidence.safeguard.stage import safeguard

__all__ = ["safeguard"]
