"""Images: columns of pictures, uint8 [channels, height, width] once they are read."""

from __future__ import annotations
