"""The warehouse: rows of the marts, and the digests of the records that were delivered."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

import duckdb
import psycopg

from salesforce.errors import CorrectSettingError
from salesforce.records import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from salesforce.records import Record

FOLDER = Path(__file__).parent
#: Mart -> the query that makes days of it. Marts of streams that are not loaded do not exist.
QUERIES = {
    "genesys__queue_intervals": "queue_days.sql",
    "genesys__agent_intervals": "agent_days.sql",
}
DELIVERIES = "salesforce_deliveries"
#: Rows that are fetched at a time.
BLOCK = 10_000
#: A connection of duckdb or psycopg, whose methods used here are alike.
Connection: TypeAlias = Any


class Warehouse:
    """A DuckDB file, or a PostgreSQL database. A connection is open only while it is used.

    Args:
        url: A path, or a URL that begins with `postgresql://`.
        schema: The schema of the marts, in which the deliveries are as well.
    """

    def __init__(self, url: str, schema: str) -> None:
        if not schema.isidentifier():
            msg = f"--schema is {schema!r}: set the name of the marts' schema"
            raise CorrectSettingError(msg)
        self._url, self._schema = url, schema
        self._is_postgres = url.startswith("postgresql://")

    def marts(self) -> list[str]:
        """Return those marts of `QUERIES` that exist."""
        with self._connection() as connection:
            return [mart for mart in QUERIES if self._has(connection, mart)]

    def records(self, mart: str, since: date | None) -> list[Record]:
        """Return a record for each day of a mart's queues and media, or agents.

        Args:
            mart: The mart.
            since: The first day; None for all days.
        """
        query = (FOLDER / QUERIES[mart]).read_text("utf-8").replace("{schema}", self._schema)
        if since is not None:
            query = f"""select * from ({query}) days where "Day__c" >= date '{since}'"""  # noqa: S608
        with self._connection() as connection:
            result = connection.execute(query)
            columns = [column[0] for column in result.description]
            blocks = iter(lambda: result.fetchmany(BLOCK), [])
            return [record(columns, row) for rows in blocks for row in rows]

    def delivered(self, domain: str) -> dict[str, str]:
        """Return external id -> digest of the records that an org has."""
        with self._connection() as connection:
            if not self._has(connection, DELIVERIES):
                return {}
            query = f"select external_id, digest from {self._table} where domain = %s"  # noqa: S608
            return dict(self._execute(connection, query, [domain]).fetchall())

    def remember(self, domain: str, digests: Mapping[str, str]) -> None:
        """Store the digests of records that an org has confirmed."""
        with self._connection(writes=True) as connection:
            self._execute(
                connection,
                f"create table if not exists {self._table} (domain text not null, "
                "external_id text not null, digest text not null, delivered_at timestamp not null, "
                "primary key (domain, external_id))",
            )
            now = datetime.now(UTC).replace(tzinfo=None)
            self._execute(
                connection,
                f"insert into {self._table} (domain, external_id, digest, delivered_at) "
                "select %s, unnest(%s::text[]), unnest(%s::text[]), %s "
                "on conflict (domain, external_id) do update "
                "set digest = excluded.digest, delivered_at = excluded.delivered_at",
                [domain, list(digests), list(digests.values()), now],
            )

    @property
    def _table(self) -> str:
        return f"{self._schema}.{DELIVERIES}"

    def _has(self, connection: Connection, table: str) -> bool:
        """Return whether the schema has a table, or a view."""
        query = (
            "select 1 from information_schema.tables where table_schema = %s and table_name = %s"
        )
        return bool(self._execute(connection, query, [self._schema, table]).fetchall())

    def _execute(
        self, connection: Connection, query: str, values: list[Any] | None = None
    ) -> Connection:
        """Run a statement, with the placeholders of the database."""
        return connection.execute(query if self._is_postgres else query.replace("%s", "?"), values)

    @contextmanager
    def _connection(self, *, writes: bool = False) -> Iterator[Connection]:
        """Connect, and turn an error of the database into one line."""
        try:
            if self._is_postgres:
                with psycopg.connect(self._url) as server:
                    yield server
            else:
                with duckdb.connect(self._url, read_only=not writes) as file:
                    yield file
        except (duckdb.Error, psycopg.Error) as error:
            line = str(error).strip().partition("\n")[0]
            password = urlsplit(self._url).password if self._is_postgres else None
            msg = f"the warehouse: {line.replace(password, '...') if password else line}"
            raise CorrectSettingError(msg) from error
