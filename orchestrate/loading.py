"""One load: runs the tap into the loader for a group of streams and a range of time."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrate.errors import LoadError, NotYetError, SetupError
from orchestrate.files import command, file_of
from orchestrate.groups import GROUPS
from orchestrate.pipe import pipe
from orchestrate.states import State, behind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from orchestrate.groups import Group
    from orchestrate.shares import Share

TAP = "tap-genesys --config=ENV"
#: The settings of target-postgres, as in meltano.yml; the environment may override them.
LOADER_SETTINGS = Path(__file__).parent / "target-postgres.json"
LOADER = f"target-postgres --config={shlex.quote(str(LOADER_SETTINGS))} --config=ENV"
#: Prefixes of environment variables for the tap only, and for the loader only.
TAPS_OWN = ("GENESYS_", "TAP_GENESYS_")
LOADERS_OWN = ("TARGET_",)
LEAVE_OUT = "ORCHESTRATE_LEAVE_OUT"
NESTED_COLUMNS = "ORCHESTRATE_NESTED_COLUMNS"
FILES = "ORCHESTRATE_FILES"


@dataclass(frozen=True, slots=True)
class Programs:
    """The two commands with their arguments, and the environment with their settings.

    Args:
        tap: The tap's command.
        loader: The loader's command.
        environment: The environment of both.
        files: The folder of files that are written instead of a loader's tables; None for a loader.
    """

    tap: list[str]
    loader: list[str]
    environment: Mapping[str, str]
    files: Path | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Programs:
        """Return the commands from `ORCHESTRATE_TAP`, and `ORCHESTRATE_LOADER` or `_FILES`.

        Raises:
            SetupError: There is a loader and a folder, or the folder does not exist.
        """
        loader, files = environment.get("ORCHESTRATE_LOADER"), environment.get(FILES)
        if files and loader:
            msg = f"{FILES} and ORCHESTRATE_LOADER are both set; a load has one destination."
            raise SetupError(msg)
        if files and not Path(files).is_dir():
            msg = f"{FILES} is {files}, which is no folder; create it."
            raise SetupError(msg)
        return cls(
            shlex.split(environment.get("ORCHESTRATE_TAP") or TAP),
            shlex.split(loader or LOADER),
            environment,
            Path(files) if files else None,
        )

    def for_tap(self, overrides: Mapping[str, str]) -> dict[str, str]:
        """Return the tap's environment, without the loader's secrets."""
        return _without(self.environment, LOADERS_OWN) | dict(overrides)

    def for_loader(self) -> dict[str, str]:
        """Return the loader's environment, without the tap's secrets."""
        return _without(self.environment, TAPS_OWN)


def load(
    programs: Programs,
    group: Group,
    catalog: Mapping[str, Any],
    start: datetime,
    end: datetime,
    part: Share,
) -> State:
    """Load the records that started in `[start, end)`; return the loader's last STATE.

    For an empty range, no record is loaded, but the loader creates the tables: do that once and
    alone, since concurrent loaders would all create them.

    Args:
        programs: The tap and the loader.
        group: The group of streams.
        catalog: The catalog of the group (`catalog_of`).
        start: The start of the range, inclusive.
        end: The end of the range, exclusive.
        part: The worker's share of the org's limits.

    Raises:
        SetupError: A program does not start.
        NotYetError: The vendor's data of the range is incomplete yet.
        LoadError: A program failed.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="orchestrate-"))
        file = Path(folder, "catalog.json")
        file.write_text(json.dumps(catalog), "utf-8")
        loader = programs.loader
        if programs.files:
            # A folder for each group; a file in its place is one that is loaded.
            messages = file_of(programs.files / group.bookmarked[0], start, end)
            loader = command(stack.enter_context(messages))
        try:
            outcome = pipe(
                [*programs.tap, "--catalog", str(file)],
                loader,
                tap_environment=programs.for_tap(settings_of(start, end, part)),
                loader_environment=programs.for_loader(),
            )
        except OSError as error:
            msg = f"{error.filename} does not start: {error.strerror}. Correct its command."
            raise SetupError(msg) from error
        # Their logs are in this process's stderr. They are no part of the message, since a loader
        # may log a row, and a scheduler keeps messages for ever.
        if outcome.loader or outcome.tap:
            msg = (
                f"The tap ended with code {outcome.tap}, the loader with code {outcome.loader}; "
                "see the log of this run (stderr)."
            )
            raise LoadError(msg)
        if start < end and (late := behind(outcome.state, group.bookmarked, end)):
            reached = ", ".join(f"{name} up to {moment}" for name, moment in sorted(late.items()))
            msg = f"Data up to {end.isoformat()} is incomplete yet: {reached}. Run it again later."
            raise NotYetError(msg)
        return outcome.state


def settings_of(start: datetime, end: datetime, part: Share) -> dict[str, str]:
    """Return the tap's settings for a range as environment, which overrides its config files."""
    return {
        "TAP_GENESYS_START_DATE": start.isoformat(),
        "TAP_GENESYS_END_DATE": end.isoformat(),
        "TAP_GENESYS_REQUESTS_PER_MINUTE": f"{part.requests_per_minute:g}",
        "TAP_GENESYS_MAX_PARALLEL_JOBS": str(part.jobs),
        # Complete, with attributes, at a tenth of the requests; a backfill needs no fresh data.
        "TAP_GENESYS_CONVERSATION_DETAILS_SOURCE": "job",
        # A day with a skipped stream does not count as loaded.
        "TAP_GENESYS_FAIL_ON_SKIPPED_STREAMS": "true",
    }


def catalog_of(programs: Programs, group: Group) -> dict[str, Any]:
    """Run the tap's discovery; return a catalog with the group's streams, all of them selected.

    `ORCHESTRATE_LEAVE_OUT` has names of streams to leave out, `ORCHESTRATE_NESTED_COLUMNS` names of
    columns to load although tables hold their content; both are separated by commas.

    Raises:
        SetupError: The tap does not start, or lacks a stream of the group.
        LoadError: The tap failed.
    """
    command = [*programs.tap, "--discover"]
    try:
        process = subprocess.run(  # noqa: S603 - what the settings name, and no shell
            command,
            env=programs.for_tap({}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=False,
        )
    except OSError as error:
        msg = f"{command[0]} does not start: {error.strerror}. Correct ORCHESTRATE_TAP."
        raise SetupError(msg) from error
    if process.returncode:
        msg = f"The tap ended with code {process.returncode}; see the log of this run (stderr)."
        raise LoadError(msg)
    left_out, kept = (
        {name.strip() for name in programs.environment.get(variable, "").split(",")} - {""}
        for variable in (LEAVE_OUT, NESTED_COLUMNS)
    )
    return select(json.loads(process.stdout), group, left_out, kept)


def select(
    catalog: dict[str, Any],
    group: Group,
    left_out: set[str],
    kept: AbstractSet[str] = frozenset(),
) -> dict[str, Any]:
    """Return the catalog with the group's streams only, all of them selected.

    Args:
        catalog: The tap's catalog.
        group: The group of streams.
        left_out: Streams to leave out.
        kept: Columns to select although the group's tables hold their content.

    Raises:
        SetupError: The tap lacks a stream of the group, one must not be left out, or no group has
            such a column.
    """
    known = {entry["tap_stream_id"]: entry for entry in catalog["streams"]}
    if missing := [name for name in group.streams if name not in known]:
        msg = f"The tap has no stream {', '.join(missing)}: update it."
        raise SetupError(msg)
    if needed := sorted(left_out & set(group.bookmarked)):
        msg = f"{LEAVE_OUT} has {', '.join(needed)}, whose bookmark is needed: keep it."
        raise SetupError(msg)
    nested = {name for other in GROUPS.values() for name in other.nested}
    if unknown := sorted(kept - nested):
        msg = (
            f"{NESTED_COLUMNS} has {', '.join(unknown)}, which is no such column: "
            f"set it to some of {', '.join(sorted(nested))}."
        )
        raise SetupError(msg)
    chosen = [known[name] for name in group.streams if name not in left_out]
    deselected = [["properties", name] for name in group.nested if name not in kept]
    for entry in chosen:
        for part in entry["metadata"]:
            if not part["breadcrumb"]:
                part["metadata"]["selected"] = True
            elif entry["tap_stream_id"] in group.bookmarked and part["breadcrumb"] in deselected:
                part["metadata"]["selected"] = False
    return {"streams": chosen}


def _without(environment: Mapping[str, str], prefixes: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(prefixes)}
