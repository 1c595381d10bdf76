"""Reading: one file a format, one small interface, rows exactly as the source gives them."""

from __future__ import annotations

from modelwright.data.read.door import batches, find_reader, read
from modelwright.data.read.reader import Batch, BrokenRow, Read, Reader, Streaming

__all__ = ["Batch", "BrokenRow", "Read", "Reader", "Streaming", "batches", "find_reader", "read"]
