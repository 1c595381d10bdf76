"""Rows of images, sounds, series and texts as people can look at or listen to them: small and bounded."""

from __future__ import annotations

from dataclasses import dataclass

MOST_BYTES = 700_000
"""Characters of all pictures and sounds of one gallery; what is beyond is left out, and said."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, one sound with its picture, or one text with its words coloured."""

    alt: str
    """What is to be seen, for whoever cannot see it."""
    caption: str = ""
    data: str = ""
    """``data:image/png;base64,...`` or ``data:image/jpeg;base64,...``; empty for a text."""
    width: int = 0
    height: int = 0
    """In which it is shown, in pixels of a page."""
    sound: str = ""
    """``data:audio/wav;base64,...``; empty without a sound."""
    words: tuple[tuple[str, float], ...] = ()
    """Of a text: its pieces, each with how far it speaks for (above 0, at most 1) or against the answer."""

    @property
    def size(self) -> int:
        """Characters that it takes in a page, about."""
        return len(self.data) + len(self.sound) + sum(len(word) + 30 for word, _ in self.words)


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures that belong together, and the table behind them."""

    code: str
    """Stable name, such as ``hard-rows``, ``augmented``, ``contact-sheet``, ``explained``."""
    title: str
    pictures: tuple[Picture, ...]
    note: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | float | int | None, ...], ...] = ()
    """The table behind: what the pictures show, in words and numbers."""
    across: int = 0
    """Pictures in a line that belong together (a row and its changed versions); 0: as many as fit."""

    def bounded(self, most: int = MOST_BYTES) -> Gallery:
        """The same with the first pictures (whole lines of them) that fit into ``most`` characters."""
        step, total, kept = max(self.across, 1), 0, 0
        for start in range(0, len(self.pictures), step):
            total += sum(picture.size for picture in self.pictures[start : start + step])
            if total > most:
                break
            kept = min(start + step, len(self.pictures))
        if kept == len(self.pictures):
            return self
        left = len(self.pictures) - kept
        note = f"{self.note} {left} more would make this page too large.".strip()
        return Gallery(
            self.code, self.title, self.pictures[:kept], note, self.columns, self.rows, self.across
        )
