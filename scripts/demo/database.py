"""What has arrived in DuckDB, and the one question that is asked there."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from places import DATABASE, DUCKDB_PYTHON, DemoError

READ = """\
import duckdb, json, sys
with duckdb.connect(sys.argv[1], read_only=True) as database:
    json.dump(database.execute(sys.stdin.read()).fetchall(), sys.stdout, default=str)
"""

AVERAGE_HANDLE_TIME = """\
-- Average handle time of calls, in seconds, per queue and day.
with sessions as (
  select conversationstart::date as day,
    unnest(json_extract(participants, '$[*].sessions[*]')) as one_session
  from genesys.conversation_details
), measured as (
  select day,
    list_filter(json_extract_string(one_session, '$.segments[*].queueId'), id -> id is not null)[1]
      as queue_id,
    unnest(json_extract(one_session, '$.metrics[*]')) as metric
  from sessions
  where one_session->>'mediaType' = 'voice'
), handled as (
  select day, queue_id, (metric->>'value')::double / 1000 as seconds
  from measured
  where metric->>'name' = 'tHandle'
)
select queues.name as queue, day, count(*) as handled, avg(seconds) as average
from handled join genesys.routing_queues as queues on queues.id = queue_id
group by all
order by queue, day
"""


def ask(sql: str) -> list[list[Any]]:
    """Return the rows that answer a question to the database.

    Raises:
        DemoError: DuckDB does not answer.
    """
    answer = subprocess.run(  # noqa: S603 - our own program
        [str(DUCKDB_PYTHON), "-c", READ, str(DATABASE)],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines()
        msg = f"DuckDB does not answer: {lines[-1] if lines else 'it said nothing'}"
        raise DemoError(msg)
    rows: list[list[Any]] = json.loads(answer.stdout)
    return rows


def row_counts() -> dict[str, int]:
    """Return the number of rows of each table in the database."""
    tables = ask("select table_name from duckdb_tables() where schema_name = 'genesys'")
    if not tables:
        return {}
    counts = " union all ".join(
        f"select '{table}', count(*) from genesys.{table}"  # noqa: S608 - tables' own names
        for (table,) in tables
    )
    return dict(ask(counts))
