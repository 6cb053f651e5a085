"""Rows of the marts, summed up as far as the page needs them: 28 days, by queue and medium.

The SQL runs in DuckDB and PostgreSQL. Sums stay sums: ratios are computed of the chosen rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from reporting.errors import ReportError

if TYPE_CHECKING:
    from reporting.database import Database, Row

DAYS = 28
AGENTS = 20
QUEUES = 20
#: Days within which a contact counts as a repeat, as in genesys__repeat_contacts.
REPEATS = (1, 3, 7)
FRESHNESS = "genesys__freshness"
RUNS = "genesys__runs"


@dataclass(frozen=True, slots=True)
class Period:
    """The days of the page, on the org's clock, and the moments of their bounds in UTC."""

    first: date
    last: date
    start: datetime
    end: datetime
    time_zone: str
    #: The start of the newest conversation, in UTC.
    newest: datetime


class RunHistory(NamedTuple):
    """The rows of the marts about the tap's runs; None where the database lacks the mart."""

    lanes: list[Row] | None
    runs: list[Row] | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the page: the mart, which the database may lack, and its SQL."""

    mart: str
    sql: str


#: The names in braces: first, after (dates on the org's clock), start, end (moments in UTC), and
#: before_1 and others: the last moment after which so many days are loaded. Later contacts would
#: count only if they have a repeat, and the share would be too high.
TABLES = {
    "days": Table(
        "genesys__queue_intervals",
        """
select queue_id, media_type, cast(interval_start_local as date) as day,
    sum(offered) as offered, sum(answered) as answered, sum(abandoned) as abandoned,
    sum(service_level_numerator) as in_time, sum(service_level_denominator) as counted,
    sum(service_level_target * service_level_denominator) as target_sum,
    sum(case when service_level_target is not null then service_level_denominator end)
        as target_counted,
    sum(answer_seconds) as answer_seconds, sum(handled) as handled,
    sum(talk_seconds) as talk_seconds, sum(hold_seconds) as hold_seconds,
    sum(after_call_work_seconds) as after_call_work_seconds, sum(handle_seconds) as handle_seconds
from genesys__queue_intervals
where interval_start_local >= timestamp '{first}' and interval_start_local < timestamp '{after}'
group by queue_id, media_type, cast(interval_start_local as date)
""",
    ),
    "half_hours": Table(
        "genesys__queue_intervals",
        """
select queue_id, media_type,
    extract(hour from interval_start_local) * 2
        + case when extract(minute from interval_start_local) >= 30 then 1 else 0 end as half_hour,
    sum(offered) as offered, sum(answered) as answered, sum(abandoned) as abandoned
from genesys__queue_intervals
where interval_start_local >= timestamp '{first}' and interval_start_local < timestamp '{after}'
group by queue_id, media_type,
    extract(hour from interval_start_local) * 2
        + case when extract(minute from interval_start_local) >= 30 then 1 else 0 end
""",
    ),
    "agents": Table(
        "genesys__agent_intervals",
        """
select coalesce(max(agent_name), user_id) as agent,
    sum(interacting_seconds) as interacting_seconds,
    sum(communicating_seconds) as communicating_seconds,
    sum(idle_seconds) as idle_seconds, sum(on_queue_seconds) as on_queue_seconds,
    sum(handled) as handled
from genesys__agent_intervals
where interval_start_local >= timestamp '{first}' and interval_start_local < timestamp '{after}'
group by user_id
having sum(interacting_seconds + communicating_seconds + idle_seconds) > 0
order by round(sum(interacting_seconds + communicating_seconds + idle_seconds)) desc, user_id
""",
    ),
    "wrap_ups": Table(
        "genesys__wrap_ups",
        """
select queue_id, media_type, coalesce(wrap_up_name, wrap_up_code_id) as code,
    count(*) as wrap_ups
from genesys__wrap_ups
where started_at >= timestamp '{start}' and started_at < timestamp '{end}'
group by queue_id, media_type, coalesce(wrap_up_name, wrap_up_code_id)
""",
    ),
    "transfers": Table(
        "genesys__transfers",
        """
select from_queue_id as queue_id, media_type,
    case when to_leg_type = 'queue' then coalesce(to_queue_name, to_queue_id)
        when to_leg_type = 'agent' then 'An agent, directly'
        else 'Out of the contact centre' end as destination,
    transfer_type, sum(transfers) as transfers
from genesys__transfers
where transferred_at >= timestamp '{start}' and transferred_at < timestamp '{end}'
group by from_queue_id, media_type,
    case when to_leg_type = 'queue' then coalesce(to_queue_name, to_queue_id)
        when to_leg_type = 'agent' then 'An agent, directly'
        else 'Out of the contact centre' end,
    transfer_type
""",
    ),
    "repeats": Table(
        "genesys__repeat_contacts",
        """
select conversation.first_queue_id as queue_id, conversation.media_type, contact.scope,
    count(*) as contacts,
    sum(case when contact.is_identified then 1 else 0 end) as identified,
    sum(case when contact.is_identified and contact.started_at <= timestamp '{before_1}'
        then 1 else 0 end) as followed_1,
    sum(case when not contact.is_resolved_within_1_days
        and contact.started_at <= timestamp '{before_1}' then 1 else 0 end) as repeated_1,
    sum(case when contact.is_identified and contact.started_at <= timestamp '{before_3}'
        then 1 else 0 end) as followed_3,
    sum(case when not contact.is_resolved_within_3_days
        and contact.started_at <= timestamp '{before_3}' then 1 else 0 end) as repeated_3,
    sum(case when contact.is_identified and contact.started_at <= timestamp '{before_7}'
        then 1 else 0 end) as followed_7,
    sum(case when not contact.is_resolved_within_7_days
        and contact.started_at <= timestamp '{before_7}' then 1 else 0 end) as repeated_7
from genesys__repeat_contacts as contact
inner join genesys__conversations as conversation
    on conversation.conversation_id = contact.conversation_id
where contact.started_at >= timestamp '{start}' and contact.started_at < timestamp '{end}'
group by conversation.first_queue_id, conversation.media_type, contact.scope
""",
    ),
    "surveys": Table(
        "genesys__surveys",
        """
select survey.queue_id, conversation.media_type, survey.promoter_score as score,
    count(*) as surveys
from genesys__surveys as survey
inner join genesys__conversations as conversation
    on conversation.conversation_id = survey.conversation_id
where survey.promoter_score is not null
    and coalesce(survey.completed_at, survey.event_at) >= timestamp '{start}'
    and coalesce(survey.completed_at, survey.event_at) < timestamp '{end}'
group by survey.queue_id, conversation.media_type, survey.promoter_score
""",
    ),
    "reconciliation": Table(
        "genesys__reconciliation",
        """
select media_type, day, case when verdict_of_counts = 'too recent' then 1 else 0 end as too_recent,
    loaded_count as loaded, details_count as expected
from genesys__reconciliation
where day >= date '{first}' and day < date '{after}' and details_count is not null
""",
    ),
}

_FRESHNESS = """
select stream, lane, complete_to, behind_seconds, last_started_at as last_run,
    last_outcome, last_records_at as last_run_with_rows, runs
from genesys__freshness
order by coalesce(behind_seconds, 0) desc, stream, lane
"""

#: The newest five.
_RUNS = """
select started_at as started, duration_seconds as took_seconds, outcome, records, requests, retries
from genesys__runs
order by started_at desc, run_id
limit 5
"""

_NAMES = """
select conversation.queue_id, max(queue.name) as name
from (
    select first_queue_id as queue_id from genesys__conversations
    union select last_queue_id from genesys__conversations
    union select queue_id from genesys__conversation_legs
) as conversation
left join dim_queue as queue on queue.queue_id = conversation.queue_id and queue.is_current
where conversation.queue_id is not null
group by conversation.queue_id
"""


def period(database: Database) -> Period:
    """Return the page's days: 28 at most, up to the newest conversation's start.

    Raises:
        ReportError: The marts are missing, or empty.
    """
    needed = {"genesys__conversations", "genesys__conversation_legs", "dim_interval", "dim_queue"}
    if missing := sorted(needed - database.marts):
        msg = (
            f"database: the schema {database.schema} has no table {missing[0]}; `dbt build` makes "
            "the marts, and SCHEMA (--schema) names their schema."
        )
        raise ReportError(msg)
    sql = (
        "select min(cast(started_at_local as date)) as first, max(started_at) as newest, "
        "max(cast(started_at_local as date)) as last from genesys__conversations"
    )
    (present,) = database.rows(sql)
    last = present["last"]
    if last is None:
        msg = "database: genesys__conversations has no rows; load first, then run `dbt build`."
        raise ReportError(msg)
    first = max(present["first"], last - timedelta(days=DAYS - 1))
    sql = (
        "select min(interval_start) as start, max(interval_end) as until, "  # noqa: S608 - dates
        "min(time_zone) as time_zone from dim_interval "
        f"where local_date between date '{first}' and date '{last}'"
    )
    (bounds,) = database.rows(sql)
    return Period(
        first, last, bounds["start"], bounds["until"], bounds["time_zone"], present["newest"]
    )


def read(database: Database, days: Period) -> dict[str, list[Row] | None]:
    """Return table of the page -> its rows; None if the database lacks the mart."""
    bounds = {
        "first": days.first,
        "after": days.last + timedelta(days=1),
        "start": _plain(days.start),
        "end": _plain(days.end),
    }
    bounds |= {
        f"before_{number}": _plain(days.newest - timedelta(days=number)) for number in REPEATS
    }
    return {
        name: database.rows(table.sql.format(**bounds)) if table.mart in database.marts else None
        for name, table in TABLES.items()
    }


def queue_names(database: Database) -> dict[str, str]:
    """Return id -> present name of the queues; the id where there is no name."""
    return {row["queue_id"]: row["name"] or row["queue_id"] for row in database.rows(_NAMES)}


def run_history(database: Database) -> RunHistory:
    """Return how far the lanes have read, those furthest behind first, and the newest runs."""
    return RunHistory(
        database.rows(_FRESHNESS) if FRESHNESS in database.marts else None,
        database.rows(_RUNS) if RUNS in database.marts else None,
    )


def _plain(moment: datetime) -> str:
    """Return a moment without its zone, as the marts have it."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"
