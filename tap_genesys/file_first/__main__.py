"""`python -m tap_genesys.file_first FILE ...`: prints the SQL that loads files of messages."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from tap_genesys.file_first.messages import InputError, read
from tap_genesys.file_first.script import script


def main(arguments: list[str] | None = None) -> int:
    """Print the SQL, write the state, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tap_genesys.file_first",
        description="Print the SQL with which DuckDB 2 loads files of Singer messages.",
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="output of tap-genesys, the oldest first; may be compressed (.gz)",
    )
    parser.add_argument(
        "--schema", default="genesys", help="schema of the tables (default: genesys)"
    )
    parser.add_argument(
        "--parquet",
        metavar="FOLDER",
        help="write the days whose rows are in the files to Parquet, too; the folder must exist",
    )
    parser.add_argument(
        "--state",
        metavar="FILE",
        help="write the last STATE of the files to this file, for `tap-genesys --state`",
    )
    options = parser.parse_args(arguments)
    try:
        _check_folder(options.parquet)
        messages = read(options.files)
        _print(script(messages, schema=options.schema, lake=options.parquet))
        for file in messages.cut:
            sys.stderr.write(f"{file}: the last line is cut off, and left out.\n")
        if options.state:
            _keep(messages.state, Path(options.state))
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _check_folder(folder: str | None) -> None:
    """Check that a local folder exists; DuckDB creates none in the cloud, and needs none."""
    if folder is not None and "://" not in folder and not Path(folder).is_dir():
        msg = f"{folder} is no folder; create it, or correct --parquet."
        raise InputError(msg)


def _print(sql: str) -> None:
    try:
        sys.stdout.write(sql)
        sys.stdout.flush()
    except BrokenPipeError:
        # Else Python fails to flush at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        msg = "The reader of the SQL is gone (did DuckDB stop?)."
        raise InputError(msg) from None


def _keep(state: dict[str, object] | None, path: Path) -> None:
    """Write the state; without one, the file stays as it is."""
    if state is None:
        sys.stderr.write(f"The files have no STATE; {path} stays as it is.\n")
        return
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(json.dumps(state), "utf-8")
        part.replace(path)
    except OSError as error:
        msg = f"Cannot write {path}: {error.strerror or error}."
        raise InputError(msg) from None


if __name__ == "__main__":
    sys.exit(main())
