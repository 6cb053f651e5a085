"""The charts of the page: their titles, and where their numbers come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart's name in the script, its title, and the sentence under it.

    Args:
        name: The name of its function in `assets/figures.js`, and of its element.
        table: The table of `queries.TABLES` that it is made of.
        title: The heading.
        meaning: One sentence: what the numbers mean.
        columns: The columns of the mart that they come from.
        needs: Streams or variables without which the mart does not exist.
        selects: What of the selection applies.
    """

    name: str
    table: str
    title: str
    meaning: str
    columns: tuple[str, ...]
    needs: str = ""
    selects: str = ""


_AGGREGATES = "It needs the stream conversation_aggregates."
_STATUSES = (
    "It needs the streams user_presences and user_routing_statuses, "
    "and genesys__using_user_statuses."
)
_RECONCILIATION = (
    "It needs the stream conversation_reconciliation, and genesys__using_reconciliation."
)

SECTIONS: dict[str, tuple[Chart, ...]] = {
    "Service": (
        Chart(
            "service_level",
            "days",
            "Service level by day",
            "The share of interactions that were answered within the time that their queue sets "
            "as its target; the dashed line is the share that is aimed at.",
            ("service_level_numerator", "service_level_denominator", "service_level_target"),
            _AGGREGATES,
        ),
        Chart(
            "queue_levels",
            "days",
            "Service level by queue",
            "The same share over the whole period, with each queue's target as a vertical mark.",
            ("service_level_numerator", "service_level_denominator", "service_level_target"),
            _AGGREGATES,
            "All queues, in the chosen medium.",
        ),
        Chart(
            "half_hours",
            "half_hours",
            "Offered, answered and abandoned by half hour",
            "The interactions of the whole period by the half hour of the day in which they were "
            "counted; a half hour can have more answers than offers, since waiting takes time.",
            ("offered", "answered", "abandoned"),
            _AGGREGATES,
        ),
    ),
    "Work": (
        Chart(
            "handle_time",
            "days",
            "Average handle time in its parts",
            "The time of each day in which agents talked, had the customer on hold, and did "
            "after-call work, divided by the interactions whose handling ended on that day.",
            ("talk_seconds", "hold_seconds", "after_call_work_seconds", "handled"),
            _AGGREGATES,
        ),
        Chart(
            "occupancy",
            "agents",
            "Occupancy by agent",
            "The share of their time on queue in which agents interacted with customers; of the "
            "agents with the most time on queue, 20 at most.",
            ("interacting_seconds", "communicating_seconds", "idle_seconds"),
            _STATUSES,
            "All queues and media: a status has neither.",
        ),
    ),
    "Outcomes": (
        Chart(
            "wrap_ups",
            "wrap_ups",
            "Wrap-up codes",
            "The codes with which agents closed their part of a conversation, each use counted.",
            ("wrap_up_name", "one row for each use"),
        ),
        Chart(
            "transfers",
            "transfers",
            "Transfers by destination",
            "Where agents of the chosen queue transferred interactions to: after a consultation, "
            "blindly, or in a way that the vendor does not specify.",
            ("transfers", "transfer_type", "to_queue_name"),
        ),
        Chart(
            "repeats",
            "repeats",
            "Repeat contacts",
            "The share of identified customers' contacts that another one followed within so many "
            "days; contacts whose following days are not loaded yet do not count.",
            ("is_resolved_within_1_days", "is_resolved_within_3_days", "is_resolved_within_7_days"),
            selects="A customer is the number of a call, the address of a message, or the external "
            "contact. The queue is the conversation's first.",
        ),
        Chart(
            "surveys",
            "surveys",
            "Surveys",
            "The scores of finished surveys, 0 to 10; the net promoter score is the share of 9 and "
            "10 less the share of 0 to 6.",
            ("promoter_score",),
        ),
    ),
    "Is it all here?": (
        Chart(
            "reconciliation",
            "reconciliation",
            "Conversations that are loaded, and that the vendor counts",
            "The loaded conversations of each UTC day beside the number that the vendor's details "
            "query returns; the difference is drawn on top.",
            ("loaded_count", "details_count", "verdict_of_counts"),
            _RECONCILIATION,
            "All queues, in the chosen medium; without a medium, one with two media counts twice.",
        ),
    ),
}
