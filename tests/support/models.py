"""Build the dbt package in a copy of its folder, and query what it has made."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import pytest

from support.loaders import (
    DATABASE,
    ROOT,
    environment,
    pour,
    query_duckdb,
    require,
    require_meltano,
)
from support.postgres import Postgres, binaries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DBT = ROOT / ".venv-dbt/bin/dbt"
PACKAGE = ROOT / "dbt"
#: The schema of the marts in profiles.yml.
MARTS = "marts"
Variables = dict[str, Any]
#: A decimal number, and a date or moment, as text.
_NUMBER = re.compile(r"-?\d+\.\d+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:?\d\d)?)?)?")
Tests = Literal["none", "package", "all"]


def require_dbt() -> None:
    """Skip the test without `REQUIRE_DBT`, which `make test-models` sets; else dbt must be here.

    A build takes minutes, so that dbt alone, installed, does not make the test run.
    """
    if not os.environ.get("REQUIRE_DBT"):
        pytest.skip("`make test-models` runs it")
    os.environ["REQUIRE_MELTANO"] = "1"
    require_meltano()
    require(DBT, what="`make test-models` installs dbt")
    require(binaries(), what="PostgreSQL is not installed")


@dataclass
class Models:
    """A warehouse, and a copy of the package's integration tests that builds into it.

    Args:
        root: The folder of the loaded project.
        server: The PostgreSQL server; None for DuckDB.
    """

    root: Path
    server: Postgres | None

    def __post_init__(self) -> None:
        ignored = shutil.ignore_patterns("target", "logs", "dbt_packages")
        shutil.copytree(PACKAGE, self.root / "dbt", ignore=ignored)
        self.dbt("deps")

    @property
    def kind(self) -> str:
        """The kind of database, as in the names of loaders and targets."""
        return "postgres" if self.server else "duckdb"

    def load(self, variables: Mapping[str, str], streams: Sequence[str]) -> None:
        """Load streams with the tap."""
        into = {"TARGET_POSTGRES_SQLALCHEMY_URL": self.server.url} if self.server else {}
        assert pour(self.root, f"target-{self.kind}", {**variables, **into}, streams) == 0

    def build(
        self, variables: Variables, *, tests: Tests = "none", full_refresh: bool = False
    ) -> dict[str, str]:
        """Build the package; return the status of each of its nodes.

        Args:
            variables: The variables of dbt.
            tests: The tests that are run: none, those of the package, or those of the integration
                too, which need the whole history.
            full_refresh: Whether incremental models are computed from scratch.
        """
        options = ["--vars", json.dumps(variables)]
        options += ["--exclude-resource-type", "test"] if tests == "none" else []
        options += ["--exclude", "dbt_genesys_integration_tests"] if tests == "package" else []
        options += ["--full-refresh"] if full_refresh else []
        self.dbt("build", *options)
        results = json.loads((self.project / "target/run_results.json").read_text("utf-8"))
        return {result["unique_id"]: result["status"] for result in results["results"]}

    def dbt(self, command: str, *options: str) -> None:
        """Run a dbt command.

        Raises:
            AssertionError: It failed; the message has its output.
        """
        process = subprocess.run(  # noqa: S603 - our own program
            [DBT, "--quiet", command, *options],
            cwd=self.project,
            env=environment() | self._profile(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stdout[-4000:] + process.stderr[-2000:]

    def query(self, sql: str) -> list[list[Any]]:
        """Return the rows of a query, by target-duckdb's version of DuckDB or by PostgreSQL."""
        run = self.server.query if self.server else functools.partial(query_duckdb, self.root)
        return run(sql)

    def execute(self, sql: str) -> None:
        """Run a statement without a result."""
        if self.server:
            self.server.run(sql)
        else:
            query_duckdb(self.root, sql)

    def tables(self, schema: str = MARTS) -> set[str]:
        """Return the names of the tables and views of a schema."""
        sql = f"select table_name from information_schema.tables where table_schema = '{schema}'"  # noqa: S608
        return {name for (name,) in self.query(sql)}

    def rows(self, table: str, columns: Sequence[str] = ("*",)) -> list[dict[str, Any]]:
        """Return the rows of a mart, with timestamps as dates and numbers as floats."""
        names = columns if columns != ("*",) else self.columns(table)
        listed = ", ".join(names)
        found = self.query(f"select {listed} from {MARTS}.{table}")  # noqa: S608 - our own names
        return [dict(zip(names, map(_plain, row), strict=True)) for row in found]

    def columns(self, table: str, schema: str = MARTS) -> list[str]:
        """Return the names of a table's columns."""
        sql = (
            "select column_name from information_schema.columns "  # noqa: S608 - our own names
            f"where table_schema = '{schema}' and table_name = '{table}' order by ordinal_position"
        )
        return [name for (name,) in self.query(sql)]

    def contents(self) -> dict[str, list[str]]:
        """Return all rows of all marts, in an order of their own."""
        return {
            table: sorted(json.dumps(row, default=str) for row in self.rows(table))
            for table in self.tables()
        }

    @property
    def project(self) -> Path:
        """The folder of the project that uses the package."""
        return self.root / "dbt/integration_tests"

    def _profile(self) -> dict[str, str]:
        profile = {
            "DBT_PROFILES_DIR": str(self.root / "dbt"),
            "DBT_GENESYS_TARGET": self.kind,
            "DBT_GENESYS_DUCKDB_PATH": str(self.root / DATABASE),
        }
        if self.server:
            profile |= {
                "DBT_GENESYS_POSTGRES_HOST": "127.0.0.1",
                "DBT_GENESYS_POSTGRES_PORT": str(self.server.port),
            }
        return profile


def _plain(value: object) -> object:
    """Return a value in the form of all databases: numbers as floats, moments without a zone."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return datetime.fromisoformat(value).replace(tzinfo=None)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
