"""A database with marts: DuckDB or PostgreSQL, for reading."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import urlsplit

from reporting.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

Row = dict[str, Any]

_URL = re.compile(r"postgres(?:ql)?(?:\+\w+)?://")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_TABLES = "select table_name from information_schema.tables where table_schema = '{schema}'"


class _Cursor(Protocol):
    description: Any

    def fetchall(self) -> Sequence[Sequence[Any]]: ...


class Database:
    """A connection that reads one schema.

    Args:
        address: The path of a DuckDB file, or the URL of a PostgreSQL database.
        schema: The schema of the marts.
    """

    def __init__(self, address: str, schema: str) -> None:
        if not _IDENTIFIER.fullmatch(schema):
            msg = f"schema: {schema!r} is not the name of a schema."
            raise ReportError(msg)
        is_url = bool(_URL.match(address))
        self.label = urlsplit(address).path.strip("/") if is_url else Path(address).name
        self._connection = _postgres(address) if is_url else _duckdb(address)
        self.schema = schema
        self._execute(f"set search_path = '{schema}'")
        self.marts = {row["table_name"] for row in self.rows(_TABLES.format(schema=schema))}

    def rows(self, sql: str) -> list[Row]:
        """Return the rows of a query.

        Raises:
            ReportError: The query failed.
        """
        cursor = self._execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _execute(self, sql: str) -> _Cursor:
        try:
            cursor: _Cursor = self._connection.execute(sql)
        except Exception as error:
            msg = f"database: a query failed: {_first_line(error)}"
            raise ReportError(msg) from error
        return cursor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()


def _duckdb(address: str) -> Any:  # noqa: ANN401 - DuckDB comes with the page's environment
    import duckdb  # noqa: PLC0415 - one of the two drivers is enough

    if not Path(address).is_file():
        msg = (
            f"database: {address or 'an empty text'} is neither a DuckDB file nor a PostgreSQL URL."
        )
        raise ReportError(msg)
    try:
        return duckdb.connect(address, read_only=True)
    except duckdb.Error as error:
        msg = f"database: {address} cannot be opened: {_first_line(error)}"
        raise ReportError(msg) from error


def _postgres(address: str) -> Any:  # noqa: ANN401 - psycopg comes with the page's environment
    import psycopg  # noqa: PLC0415 - one of the two drivers is enough

    url = _URL.sub("postgresql://", address, count=1)
    try:
        return psycopg.connect(url, autocommit=True, options="-c default_transaction_read_only=on")
    except psycopg.Error as error:
        msg = f"database: PostgreSQL refuses the connection: {_first_line(error)}"
        raise ReportError(msg) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
