"""Singer targets in environments of their own, and the rows that they have stored."""

from __future__ import annotations

import contextlib
import csv
import json
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.loaders import ROOT, environment
from support.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    Row = dict[str, Any]

#: `make test-targets` sets it.
REQUIRED = "REQUIRE_TARGETS"
BUCKET = "genesys"
DUCKDB = """\
import duckdb, json, sys
with duckdb.connect(sys.argv[1]) as database:
    cursor = database.execute(f"select * from genesys.{sys.argv[2]}")
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row)) for row in cursor.fetchall()]
    json.dump(rows, sys.stdout, default=str)
"""
#: Prints the URL of a stand-in for S3 with an empty bucket, and runs until its stdin ends.
S3 = """\
import boto3, sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
url = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
keys = dict(aws_access_key_id="demo", aws_secret_access_key="demo", region_name="us-east-1")
boto3.client("s3", endpoint_url=url, **keys).create_bucket(Bucket=sys.argv[1])
print(url, flush=True)
sys.stdin.read()
"""
#: Prints the rows of a table's objects: JSON lines, or Parquet.
OBJECTS = """\
import boto3, gzip, io, json, os, sys
from decimal import Decimal
url, bucket, table = sys.argv[1:]
keys = dict(aws_access_key_id="demo", aws_secret_access_key="demo", region_name="us-east-1")
client = boto3.client("s3", endpoint_url=url, **keys)
rows = []
for item in client.get_paginator("list_objects_v2").paginate(Bucket=bucket).search("Contents"):
    if f"/{table}/" not in "/" + item["Key"]:
        continue
    content = client.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
    if content.startswith(b"PAR1"):
        import pyarrow.parquet
        rows += pyarrow.parquet.read_table(io.BytesIO(content), use_threads=False).to_pylist()
    else:
        rows += [json.loads(line) for line in gzip.decompress(content).splitlines()]
json.dump(rows, sys.stdout, default=lambda v: float(v) if isinstance(v, Decimal) else str(v))
sys.stdout.flush()
os._exit(0)  # pyarrow 17 may abort while its threads end
"""


def program(environment_name: str, command: str) -> Path:
    """Return a program of an environment that `make test-targets` installs."""
    return ROOT / f".venv-target-{environment_name}/bin/{command}"


def from_python(environment_name: str, code: str, *arguments: object) -> Any:
    """Return the JSON that code prints, run by an environment's Python."""
    process = subprocess.run(  # noqa: S603 - our own code
        [program(environment_name, "python"), "-c", code, *map(str, arguments)],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(process.stdout)


@dataclass(frozen=True)
class Target:
    """A target, the server that it loads into, and a reader of its tables.

    Args:
        environment: The name of its environment.
        command: The name of its program.
        read: Returns the rows of a table, from the target's folder and the server.
        config: Its settings; `{folder}`, `{url}` and `{port}` are of that folder and server.
        server: Starts the server.
    """

    environment: str
    command: str
    read: Callable[[Path, Any, str], list[Row]]
    config: Mapping[str, Any] = field(default_factory=dict)
    server: Callable[[], AbstractContextManager[Any]] = contextlib.nullcontext

    def load(self, messages: Path, folder: Path, server: Any) -> subprocess.CompletedProcess[str]:
        """Run the target on a file of messages, in a folder."""
        config = json.dumps(dict(self.config)).replace("{folder}", str(folder))
        if server is not None:
            config = config.replace("{url}", server.url).replace('"{port}"', str(server.port))
        (folder / "config.json").write_text(config, "utf-8")
        with messages.open("rb") as lines:
            return subprocess.run(  # noqa: S603 - a pinned program
                [program(self.environment, self.command), "--config", folder / "config.json"],
                stdin=lines,
                cwd=folder,
                env=environment() | {"AWS_EC2_METADATA_DISABLED": "true"},
                capture_output=True,
                text=True,
                check=False,
            )


@dataclass(frozen=True)
class ObjectStore:
    """A stand-in for S3 on 127.0.0.1."""

    url: str

    @property
    def port(self) -> str:
        """The port."""
        return self.url.rpartition(":")[2]


@contextlib.contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Start a stand-in for S3, with an empty bucket."""
    command: list[str | Path] = [program("s3", "python"), "-c", S3, BUCKET]
    with subprocess.Popen(  # noqa: S603 - our own code
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        assert process.stdin
        yield ObjectStore(process.stdout.readline().strip())
        process.stdin.close()


def object_rows(_folder: Path, server: ObjectStore, table: str) -> list[Row]:
    """Return the rows of a table's objects."""
    rows: list[Row] = from_python("s3", OBJECTS, server.url, BUCKET, table)
    return rows


def jsonl_rows(folder: Path, _server: None, table: str) -> list[Row]:
    """Return the rows of a table's file of JSON lines."""
    path = folder / f"{table}.jsonl"
    if not path.exists():  # of a table without a row
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def csv_rows(folder: Path, _server: None, table: str) -> list[Row]:
    """Return the rows of a table's CSV file; each value is text."""
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def duckdb_rows(folder: Path, _server: None, table: str) -> list[Row]:
    """Return the rows of a table in DuckDB."""
    rows: list[Row] = from_python("duckdb", DUCKDB, folder / "warehouse.duckdb", table)
    return rows


def postgres_rows(_folder: Path, server: Postgres, table: str) -> list[Row]:
    """Return the rows of a table in PostgreSQL."""
    rows = server.query(f"select to_json(t) as row from genesys.{table} t")  # noqa: S608
    return [row for (row,) in rows]


def s3(format_type: str, **settings: Any) -> Target:
    """Return target-s3 with a format."""
    store = {
        "aws_access_key_id": "demo",
        "aws_secret_access_key": "demo",
        "aws_region": "us-east-1",
        "aws_bucket": BUCKET,
        "aws_endpoint_override": "{url}",
    }
    config = {
        "format": {"format_type": format_type, **settings},
        "cloud_provider": {"cloud_provider_type": "aws", "aws": store},
    }
    return Target("s3", "target-s3", object_rows, config, object_store)


UNIVERSAL_FILE = Target(
    "universal-file",
    "target-universal-file",
    jsonl_rows,
    {"protocol": "local", "file_type": "jsonl", "path": "{folder}"},
)
#: The targets that store all rows and values, by name.
TARGETS = {
    "jsonl": Target(
        "jsonl",
        "target-jsonl",
        jsonl_rows,
        {"destination_path": "{folder}", "do_timestamp_file": False},
    ),
    "duckdb": Target(
        "duckdb",
        "target-duckdb",
        duckdb_rows,
        {
            "filepath": "{folder}/warehouse.duckdb",
            "default_target_schema": "genesys",
            "data_flattening_max_level": 0,
            "add_metadata_columns": False,
        },
    ),
    "postgres": Target(
        "postgres",
        "target-postgres",
        postgres_rows,
        {
            "sqlalchemy_url": "{url}",
            "default_target_schema": "genesys",
            "use_copy": True,
            "validate_records": False,
        },
        Postgres,
    ),
    "pipelinewise-postgres": Target(
        "pipelinewise-postgres",
        "target-postgres",
        postgres_rows,
        {
            "host": "127.0.0.1",
            "port": "{port}",
            "user": "postgres",
            "password": "demo",
            "dbname": "postgres",
            "default_target_schema": "genesys",
        },
        Postgres,
    ),
    "csv": Target(
        "csv",
        "target-csv",
        csv_rows,
        {"output_path": "{folder}", "overwrite_behavior": "append_records"},
    ),
    "s3-jsonl": s3("jsonl"),
    "s3-parquet": s3("parquet", format_parquet={"get_schema_from_tap": False}),
}
