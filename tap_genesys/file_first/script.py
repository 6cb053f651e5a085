"""The SQL script that loads files of Singer messages into DuckDB. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tap_genesys.file_first.messages import columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_genesys.file_first.messages import Messages

#: The longest line that DuckDB reads by default, in bytes.
_LONGEST = 1 << 24
#: Types that hold any value.
_ANY = ("varchar", "json")

_BEGIN = """\
-- Made by `python -m tap_genesys.file_first` for DuckDB 2: one transaction, all or nothing.
set timezone = 'UTC';
begin;
create schema if not exists {schema};
create table if not exists {schema}._activated_versions (
  stream varchar primary key, version bigint not null
);
create or replace temp table messages (
  type varchar, stream varchar, version bigint, time_extracted timestamptz, record json
);
"""
_READ = """\
insert into messages
select type, stream, version, time_extracted, record
from read_json({files}, format = 'newline_delimited', maximum_object_size = {longest}{options},
  columns = {{type: 'varchar', stream: 'varchar', version: 'bigint',
    time_extracted: 'timestamptz', record: 'json'}})
where type is null or type in ('RECORD', 'ACTIVATE_VERSION');
"""
#: Each cut file has one line that is not read, its last.
_CHECK = """\
create or replace temp table checks as
select case
  when count(*) filter (where type is null) > {cut} then error('A line is no Singer message.')
  when count(*) filter (where type = 'RECORD' and time_extracted is null) > 0
    then error('A RECORD has no time_extracted.')
  when count(*) filter (where type = 'RECORD' and coalesce(stream, '') not in ({streams})) > 0
    then error('A RECORD has no SCHEMA: load its file together with the file before.')
  end
from messages;
insert into {schema}._activated_versions
select stream, max(version) from messages where type = 'ACTIVATE_VERSION' group by stream
on conflict do update set version = greatest(version, excluded.version);
"""
#: Of several rows of a key the newest: by the time of reading, and then by the order of lines.
_ARRIVED = """\
create or replace temp table arrived as
select {values}, time_extracted as _sdc_extracted_at, version as _sdc_table_version
from (
  select json_transform(record, {structure}) as record, time_extracted, version, rowid as line
  from messages where type = 'RECORD' and stream = {stream}
)
qualify row_number() over (partition by {keys} order by time_extracted desc, line desc) = 1;
"""
_UPSERT = """\
merge into {table} as held using arrived on {same}
when matched and arrived._sdc_extracted_at >= held._sdc_extracted_at then update by name
when not matched then insert by name;
"""
#: A version is a run's start in milliseconds, so a row without one is older if it was read before.
_DELETE = """\
delete from {table} where coalesce(_sdc_table_version, epoch_ms(_sdc_extracted_at))
  < (select version from {schema}._activated_versions where stream = {stream});
"""
_DAYS = """\
create or replace temp table {days} as
select distinct cast({day} as date) as _day from arrived;
"""
_COPY_DAYS = """\
copy (
  select *, cast({day} as date) as _day from {table}
  semi join {days} on cast({day} as date) is not distinct from {days}._day
) to {folder} (format parquet, compression zstd, partition_by (_day), overwrite_or_ignore);
"""
_COPY = "copy {table} to {file} (format parquet, compression zstd);\n"


def script(messages: Messages, *, schema: str, lake: str | None = None) -> str:
    """Return the SQL that loads the rows of files.

    Args:
        messages: The messages of the files.
        schema: The schema of the tables.
        lake: The folder of the Parquet files; None for no such files.
    """
    tables = [_Table(schema, message) for message in messages.schemas.values()]
    parts = [_BEGIN.format(schema=_name(schema)), *_reads(messages)]
    streams = ", ".join(_text(stream) for stream in messages.schemas)
    parts.append(_CHECK.format(schema=_name(schema), cut=len(messages.cut), streams=streams))
    for table in tables:
        parts += table.load(has_lake=lake is not None)
    if lake is not None:
        parts += [table.copy(lake) for table in tables]
    return "\n".join([*parts, "drop table messages;\ndrop table arrived;\ncommit;\n"])


def _reads(messages: Messages) -> Iterator[str]:
    """Yield the statements that read the files."""
    longest = max(_LONGEST, messages.longest)
    if messages.whole:
        files = f"[{', '.join(map(_text, messages.whole))}]"
        yield _READ.format(files=files, longest=longest, options="")
    for file in messages.cut:
        yield _READ.format(files=_text(file), longest=longest, options=", ignore_errors = true")


class _Table:
    """The table of a stream.

    Args:
        schema: The schema of the table.
        message: The SCHEMA message of the stream.
    """

    def __init__(self, schema: str, message: dict[str, Any]) -> None:
        stream, keys = message["stream"], [*map(_name, message["key_properties"])]
        self._stream = stream
        self._keys = message["key_properties"]
        self._columns = dict(columns(message))
        bookmarks = message.get("bookmark_properties") or ()
        self._day = next(
            (name for name in bookmarks if self._columns.get(name) == "timestamptz"), None
        )
        self._names = {
            "schema": _name(schema),
            "table": f"{_name(schema)}.{_name(stream)}",
            "stream": _text(stream),
            "keys": ", ".join(keys),
            "same": " and ".join(f"held.{key} = arrived.{key}" for key in keys),
            "day": _name(self._day or ""),
            "days": _name(f"days_of_{stream}"),
        }

    def load(self, *, has_lake: bool) -> Iterator[str]:
        """Yield the statements that upsert a stream's rows, and delete those of older versions."""
        structure = {
            name: "JSON" if kind == "json" else "VARCHAR" for name, kind in self._columns.items()
        }
        yield self._create()
        yield _ARRIVED.format(
            values=", ".join(_value(name, kind) for name, kind in self._columns.items()),
            structure=_text(json.dumps(structure)),
            **self._names,
        )
        if has_lake and self._day:
            yield _DAYS.format(**self._names)
        yield _UPSERT.format(**self._names)
        yield _DELETE.format(**self._names)

    def copy(self, lake: str) -> str:
        """Return the statement that writes the days of arrived rows, or the whole table."""
        path = f"{lake.rstrip('/')}/{self._stream}"
        if self._day:
            return _COPY_DAYS.format(folder=_text(path), **self._names)
        return _COPY.format(file=_text(f"{path}.parquet"), **self._names)

    def _create(self) -> str:
        """Return the statements that create the table, and add the columns that it lacks."""
        defined = {
            name: f"{kind} not null" if name in self._keys else kind
            for name, kind in self._columns.items()
        } | {"_sdc_extracted_at": "timestamptz not null", "_sdc_table_version": "bigint"}
        listed = ", ".join(f"{_name(name)} {kind}" for name, kind in defined.items())
        table = self._names["table"]
        lines = [f"create table if not exists {table} ({listed});"]
        lines += [
            f"alter table {table} add column if not exists {_name(name)} {kind};"
            for name, kind in self._columns.items()
            if name not in self._keys
        ]
        return "\n".join([*lines, ""])


def _value(name: str, kind: str) -> str:
    """Return the expression of a column. A text that is not of its type is an error, never null."""
    value = f"record.{_name(name)}"
    typed = value if kind in _ANY else f"cast({value} as {kind})"
    return f"{typed} as {_name(name)}"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
