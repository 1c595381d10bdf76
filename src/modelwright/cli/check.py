"""``modelwright check``."""

from __future__ import annotations

from pathlib import Path

import typer


def check(
    goal: Path = typer.Argument(..., help="The goal file (YAML)."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Say nothing on standard error but errors."),
    json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> int:
    """Validate the goal and its data, and say whether it can be proven, before any compute."""
    from modelwright.goal.goal import Goal
    from modelwright.lifecycle.check import check_goal

    found = check_goal(Goal.load(goal))
    if json:
        import json as codec

        print(codec.dumps(found, indent=1))
        return 0
    print(
        f"{found['rows']} rows, {found['columns']} columns; {found['why'] or found['problem']}; "
        f"{found['test_rows']} rows for the test"
    )
    for line in found["criteria"]:
        print(f"  {'provable' if line['provable'] else 'not provable'}: {line['criterion']}: {line['says']}")
    for finding in found["findings"]:
        if finding["severity"] == "note":
            continue
        accepted = " (accepted)" if finding["accepted"] else ""
        print(f"  {finding['severity']}{accepted}: {finding['code']}: {finding['message']}")
        print(f"    {finding['remedy']}")
    print("provable" if found["provable"] else "not provable")
    if found["blockers"]:
        print(f"blocked, whatever is proven, by {', '.join(found['blockers'])}")
    return 0
