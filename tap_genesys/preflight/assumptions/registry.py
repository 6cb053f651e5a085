"""The list of assumptions about the vendor's API, for docs/design.md and the check."""

from __future__ import annotations

from tap_genesys.preflight.assumptions.assumed_of_conversations import CONVERSATIONS
from tap_genesys.preflight.assumptions.assumed_of_others import OTHERS

#: The statuses of assumptions that have a check, or a reason for having nassumption.
UNSETTLED = ("open", "in part")
ASSUMPTIONS = (*CONVERSATIONS, *OTHERS)


def table() -> str:
    """Return the assumptions as a Markdown table."""
    lines = ["| assumption | is | source | check |", "| --- | --- | --- | --- |"]
    for assumption in ASSUMPTIONS:
        check = f"`{assumption.name}`" if assumption.judge else ""
        if assumption.unchecked:
            check = f"none: {assumption.unchecked}"
        lines.append(f"| {assumption.text} | {assumption.status} | {assumption.source} | {check} |")
    return "\n".join(lines)
