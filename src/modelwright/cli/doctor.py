"""``modelwright doctor``."""

from __future__ import annotations

import typer


def doctor(
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Say nothing on standard error but errors."),
    json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> int:
    """Look at this environment: what is installed, what is missing, and how to get it."""
    from modelwright.lifecycle.doctor import examine

    found = examine()
    if json:
        import json as codec

        print(codec.dumps(found, indent=1))
    else:
        for item in found:
            print(f"{item['status']:<8} {item['what']:<22} {item['found']}")
            if item["hint"]:
                print(f"{'':<8} hint: {item['hint']}")
    return 2 if any(item["status"] == "broken" for item in found) else 0
