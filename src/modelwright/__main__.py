"""``python -m modelwright`` is the command line."""

from __future__ import annotations

from modelwright.cli.main import main

if __name__ == "__main__":
    main()
