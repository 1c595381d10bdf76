"""A request that is not answered as asked: why, and what to do."""

from __future__ import annotations


class Refused(Exception):
    """``status`` is HTTP's; ``bare`` leaves out everything that only known visitors may see."""

    def __init__(self, status: int, message: str, hint: str = "", *, bare: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint
        self.bare = bare
