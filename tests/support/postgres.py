"""A temporary PostgreSQL server on 127.0.0.1."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

PATIENCE = 30
#: PostgreSQL refuses to run as root; Debian's package brings this user.
UNPRIVILEGED = "postgres"


def binaries() -> Path | None:
    """Return the folder of PostgreSQL's programs, the newest ones; None if there are none."""
    programs = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if programs:
        return programs[-1].parent
    program = shutil.which("initdb")
    return Path(program).resolve().parent if program else None


class Postgres:
    """A server that is removed, with its data, at the end of the context."""

    def __init__(self) -> None:
        folder = binaries()
        if folder is None:
            msg = "PostgreSQL is not installed"
            raise RuntimeError(msg)
        self._programs = folder
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self.port = _free_port()
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the server's process."""
        if self._server is None:
            msg = "PostgreSQL is not started"
            raise RuntimeError(msg)
        return self._server.pid

    @property
    def url(self) -> str:
        """The URL of the server, for SQLAlchemy."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Self:
        if self._user is not None:
            owner = pwd.getpwnam(self._user)
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        data = self._folder / "data"
        begin: list[str | Path] = [
            self._programs / "initdb",
            "--pgdata",
            data,
            "--username=postgres",
        ]
        subprocess.run(  # noqa: S603 - our own program
            [*begin, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
            user=self._user,
            cwd=self._folder,
            check=True,
            capture_output=True,
        )
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "timezone": "UTC",
        }
        command: list[str | Path] = [self._programs / "postgres", "-D", data, "-p", str(self.port)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self._server = subprocess.Popen(  # noqa: S603 - our own program
            command,
            user=self._user,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + PATIENCE
        while not self._is_ready():
            if self._server.poll() is not None or time.monotonic() > end:
                self.__exit__(None, None, None)
                msg = "PostgreSQL does not start"
                raise RuntimeError(msg)
            time.sleep(0.05)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server.wait(PATIENCE)
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, sql: str) -> None:
        """Run statements."""
        self._psql(sql)

    def query(self, sql: str) -> list[list[Any]]:
        """Return the rows of a query, with numbers as numbers."""
        statement = sql.rstrip().rstrip(";")
        wrapped = f"select coalesce(json_agg(to_json(one)), '[]') from ({statement}) one"  # noqa: S608
        rows: list[dict[str, Any]] = json.loads(self._psql(wrapped))
        return [list(row.values()) for row in rows]

    def _is_ready(self) -> bool:
        try:
            return self._psql("select 1") == "1"
        except subprocess.CalledProcessError:
            return False

    def _psql(self, sql: str) -> str:
        where = ["--host=127.0.0.1", f"--port={self.port}", "--username=postgres"]
        plainly = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        process = subprocess.run(  # noqa: S603 - our own program
            [self._programs / "psql", *where, *plainly, "--set=ON_ERROR_STOP=1", "postgres"],
            input=sql,
            capture_output=True,
            text=True,
            check=True,
        )
        return process.stdout.strip()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
