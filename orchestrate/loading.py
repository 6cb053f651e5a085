"""One group of streams, one span of time: run the tap into the loader, and check."""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrate.errors import LoadError, NotYetError, SetupError
from orchestrate.pipe import pipe
from orchestrate.states import State, behind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from orchestrate.groups import Group
    from orchestrate.shares import Share

TAP = "tap-genesys --config=ENV"
LOADER = "target-postgres --config=ENV"
#: What only the tap may see, and what only the loader.
TAPS_OWN = ("GENESYS_", "TAP_GENESYS_")
LOADERS_OWN = ("TARGET_",)
LEAVE_OUT = "ORCHESTRATE_LEAVE_OUT"


@dataclass(frozen=True, slots=True)
class Programs:
    """The two programs with their arguments, and the environment that holds their settings."""

    tap: list[str]
    loader: list[str]
    environment: Mapping[str, str]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Programs:
        """Read which programs there are from `ORCHESTRATE_TAP` and `ORCHESTRATE_LOADER`."""
        return cls(
            shlex.split(environment.get("ORCHESTRATE_TAP") or TAP),
            shlex.split(environment.get("ORCHESTRATE_LOADER") or LOADER),
            environment,
        )

    def for_tap(self, overrides: Mapping[str, str]) -> dict[str, str]:
        """Return the tap's environment: the loader's secrets are none of its business."""
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
    """Load what started in `[start, end)`; return the STATE with which the loader confirmed it.

    Nothing is loaded of an empty span, but the loader makes the tables: that is to be done alone,
    once, since loaders that start together would all create them.

    Args:
        programs: The tap and the loader.
        group: What to read.
        catalog: What the group looks like (`catalog_of`).
        start: The first conversation start.
        end: The conversation start to stop before.
        part: What this worker may take.

    Raises:
        SetupError: A program does not start.
        NotYetError: The vendor does not know all of the span yet.
        LoadError: A program failed.
    """
    settings = settings_of(start, end, part)
    with tempfile.TemporaryDirectory(prefix="orchestrate-") as folder:
        file = Path(folder, "catalog.json")
        file.write_text(json.dumps(catalog), "utf-8")
        try:
            outcome = pipe(
                [*programs.tap, "--catalog", str(file)],
                programs.loader,
                tap_environment=programs.for_tap(settings),
                loader_environment=programs.for_loader(),
            )
        except OSError as error:
            msg = f"{error.filename} does not start: {error.strerror}. Correct its command."
            raise SetupError(msg) from error
    # What they said is in this process's stderr. It stays out of the message, since a loader's
    # words may hold a row, and a scheduler keeps messages for ever.
    if outcome.loader or outcome.tap:
        msg = (
            f"The tap ended with code {outcome.tap}, the loader with code {outcome.loader}; "
            "why is in the log of this run (stderr)."
        )
        raise LoadError(msg)
    if start < end and (late := behind(outcome.state, group.bookmarked, end)):
        told = ", ".join(f"{name} up to {reached}" for name, reached in sorted(late.items()))
        msg = f"Not all up to {end.isoformat()} is known yet: {told}. Run it again later."
        raise NotYetError(msg)
    return outcome.state


def settings_of(start: datetime, end: datetime, part: Share) -> dict[str, str]:
    """Return the tap's settings for a span, as its environment; they win over its config files."""
    return {
        "TAP_GENESYS_START_DATE": start.isoformat(),
        "TAP_GENESYS_END_DATE": end.isoformat(),
        "TAP_GENESYS_REQUESTS_PER_MINUTE": f"{part.requests_per_minute:g}",
        "TAP_GENESYS_MAX_PARALLEL_JOBS": str(part.jobs),
        # Whole, with attributes, at a tenth of the requests; what is fresh is not history.
        "TAP_GENESYS_CONVERSATION_DETAILS_SOURCE": "job",
        # A stream that may not be read is no reason to call the day loaded.
        "TAP_GENESYS_FAIL_ON_SKIPPED_STREAMS": "true",
    }


def catalog_of(programs: Programs, group: Group) -> dict[str, Any]:
    """Ask the tap for its catalog; return the group's streams, all of them selected.

    `ORCHESTRATE_LEAVE_OUT` names streams, with commas between, that are not wanted.

    Raises:
        SetupError: The tap does not start, or does not have one of them.
        LoadError: The tap failed.
    """
    command = [*programs.tap, "--discover"]
    try:
        told = subprocess.run(  # noqa: S603 - what the settings name, and no shell
            command,
            env=programs.for_tap({}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=False,
        )
    except OSError as error:
        msg = f"{command[0]} does not start: {error.strerror}. Correct ORCHESTRATE_TAP."
        raise SetupError(msg) from error
    if told.returncode:
        msg = f"The tap ended with code {told.returncode}; why is in the log of this run (stderr)."
        raise LoadError(msg)
    left_out = {name.strip() for name in programs.environment.get(LEAVE_OUT, "").split(",")}
    return select(json.loads(told.stdout), group, left_out)


def select(catalog: dict[str, Any], group: Group, left_out: set[str]) -> dict[str, Any]:
    """Return the catalog with the group's streams only, all of them selected.

    Raises:
        SetupError: The tap does not have one of them, or one may not be left out.
    """
    known = {entry["tap_stream_id"]: entry for entry in catalog["streams"]}
    if missing := [name for name in group.streams if name not in known]:
        msg = f"The tap has no stream {', '.join(missing)}: update it."
        raise SetupError(msg)
    if needed := sorted(left_out & set(group.bookmarked)):
        msg = f"{LEAVE_OUT} has {', '.join(needed)}, which says how far a day was read: keep it."
        raise SetupError(msg)
    chosen = [known[name] for name in group.streams if name not in left_out]
    for entry in chosen:
        for part in entry["metadata"]:
            if not part["breadcrumb"]:
                part["metadata"]["selected"] = True
    return {"streams": chosen}


def _without(environment: Mapping[str, str], prefixes: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(prefixes)}
