"""All that is assumed about the vendor's API: the list of docs/design.md and of the check."""

from __future__ import annotations

from tap_genesys.preflight.assumptions.assumed_of_conversations import CONVERSATIONS
from tap_genesys.preflight.assumptions.assumed_of_others import OTHERS

#: The statuses of what a check, or the reason why there is none, belongs to.
UNSETTLED = ("open", "in part")
ASSUMPTIONS = (*CONVERSATIONS, *OTHERS)


def table() -> str:
    """Return the assumptions as a Markdown table."""
    lines = ["| assumption | is | source | check |", "| --- | --- | --- | --- |"]
    for one in ASSUMPTIONS:
        check = f"`{one.name}`" if one.judge else ""
        if one.unchecked:
            check = f"none: {one.unchecked}"
        lines.append(f"| {one.text} | {one.status} | {one.source} | {check} |")
    return "\n".join(lines)
