"""Every finding that a run can report: its stable code, what it means, and what to do about it.

A goal accepts a finding by its code (``accept: {leak.golden-feature: "why"}``), or for one column only
(``leak.golden-feature:grade``). Codes are a contract: they may be added, never renamed. The cards stand in
``catalogue_rows.py``, ``catalogue_media.py``, ``catalogue_labels.py``, ``catalogue_models.py`` and
``catalogue_proof.py``.
"""

from __future__ import annotations

from modelwright.evidence.card import FindingCard
from modelwright.evidence.catalogue_labels import LABELS
from modelwright.evidence.catalogue_media import MEDIA
from modelwright.evidence.catalogue_models import MODELS
from modelwright.evidence.catalogue_proof import PROOF
from modelwright.evidence.catalogue_rows import ROWS

__all__ = ["FINDINGS", "FindingCard"]


def _cards(*cards: FindingCard) -> dict[str, FindingCard]:
    made = {card.code: card for card in cards}
    if len(made) != len(cards):
        raise ValueError("a code of a finding stands twice in the catalogue")
    return made


FINDINGS: dict[str, FindingCard] = _cards(*ROWS, *MEDIA, *LABELS, *MODELS, *PROOF)
