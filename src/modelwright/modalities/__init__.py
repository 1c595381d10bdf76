"""What there is to each kind of media column, one folder a kind, with the same file names in each.

A file that is missing is a capability that is missing. See docs/how-to for what each does.
"""

from __future__ import annotations
