"""Execute runs with damaged responses, and check the laws that hold for any run."""

from __future__ import annotations

import contextlib
import io
import random
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from singer_sdk.exceptions import SingerSDKError

from support.damage import Damager
from support.direct import without_sockets
from support.harness import tap
from tap_genesys.output.writer import SingerWriter
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World
from tap_genesys.streams import STREAMS

if TYPE_CHECKING:
    from support.damage import Damage
    from tap_genesys.tap import TapGenesys

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(
    seed=8, per_day=12, since=SINCE, now=SINCE + 3 * DAY, lag=timedelta(hours=4), step=timedelta(0)
)
#: Streams of every kind of endpoint, in groups that one run reads.
GROUPS: tuple[tuple[str, ...], ...] = (
    (
        "conversation_details",
        "conversation_segments",
        "conversation_participant_attributes",
        "conversation_surveys",
        "conversation_speech_analytics",
        "conversation_ai_summaries",
        "conversation_transcripts",
        "recordings",
        "surveys",
    ),
    ("user_presences", "user_routing_statuses"),
    ("conversation_aggregates", "user_aggregates", "queue_observations"),
    ("conversation_summaries", "conversation_reconciliation"),
    ("audits", "api_usage", "adherence_historical", "workitems", "evaluations"),
    ("schedules_published", "time_off_requests", "management_unit_users"),
    ("users", "routing_queues", "groups", "group_members", "datatable_rows", "evaluator_activity"),
    ("teams", "team_members", "external_contacts", "external_contact_notes", "programs"),
    ("workbins", "worktypes", "organization", "routing_utilization", "wrapup_code_mappings"),
    (
        *("license_definitions", "system_presences", "campaign_schedules", "organization_limits"),
        *("calibrations", "outbound_campaigns", "outbound_campaign_stats"),
    ),
)
SETTINGS: dict[str, Any] = {
    "start_date": iso(SINCE),
    "page_size": 10,
    "empty_page_max_tries": 1,
    "conversation_details_source": "auto",
    "recheck_days": [1],
    "emit_activate_version_messages": True,
    "pii_hash_key": "some salt of enough characters",
    "pii": [{"field": "ani", "action": "hash"}],
}
#: Streams whose keys are hashes of parts of a record.
HASHED = ("conversation_summaries",)
#: With flattening, records take the SDK's path to the writer, not the faster one.
FLATTENED = {"flattening_enabled": True, "flattening_max_depth": 3}
Key = tuple[str, ...]


class Run(NamedTuple):
    """The messages of a run, and the error that ended it, if any."""

    messages: list[dict[str, Any]]
    error: BaseException | None

    @property
    def state(self) -> dict[str, Any]:
        """The last STATE."""
        states = [message["value"] for message in self.messages if message["type"] == "STATE"]
        return states[-1] if states else {}

    @property
    def keys(self) -> set[tuple[str, Key]]:
        """The stream and the key of each row."""
        columns = {
            message["stream"]: message["key_properties"]
            for message in self.messages
            if message["type"] == "SCHEMA"
        }
        return {
            (
                message["stream"],
                tuple(str(message["record"][key]) for key in columns[message["stream"]]),
            )
            for message in self.messages
            if message["type"] == "RECORD"
        }


def execute(sim: Simulator, streams: tuple[str, ...], settings: dict[str, Any], state: Any) -> Run:
    """Run the tap with its own writer, and return the messages on stdout."""
    stdout, error = io.TextIOWrapper(io.BytesIO()), None
    with contextlib.redirect_stdout(stdout):
        reader: TapGenesys = tap(sim, *streams, state=state, **settings)
        reader.message_writer = SingerWriter()
        try:
            reader.sync_or_leave()
        except SingerSDKError as problem:
            error = problem
        stdout.flush()
    content = stdout.buffer.getvalue()
    assert not content or content.endswith(b"\n")
    return Run([orjson.loads(line) for line in content.splitlines()], error)


def judge(run: Run) -> None:
    """Check the laws of any run: SCHEMA first, rows with keys, errors with a message."""
    schemas: set[str] = set()
    for message in run.messages:
        if message["type"] == "SCHEMA":
            schemas.add(message["stream"])
        elif message["type"] in ("RECORD", "ACTIVATE_VERSION"):
            assert message["stream"] in schemas
    for _stream, key in run.keys:
        assert all(part not in ("", "None") for part in key)
    if run.error is not None:
        assert str(run.error).strip()
        assert "Traceback" not in str(run.error)


def may_be_missing(stream: str, key: Key, damages: list[Damage], parents: set[str]) -> bool:
    """Return whether a row may be lost by damage that no reader can detect."""
    # A summary without one of its groupings is a row with another key.
    if stream in HASHED and any(damage.stream == stream and damage.texts for damage in damages):
        return True
    related = [damage for damage in damages if damage.stream in ("", stream, *parents)]
    words = "/".join(key).replace(";", "/").replace("=", "/").split("/")
    parts = {*key, *(word for word in words if len(word) > len("P1D"))}
    return any(
        damage.is_paging or any(part in text for text in damage.texts for part in parts)
        for damage in related
    )


def with_parents(streams: tuple[str, ...]) -> set[str]:
    """Return streams with their parents, which are read even if they are not selected."""
    classes = [stream for stream in STREAMS if vars(stream)["name"] in streams]
    parents = [stream.parent_stream_type for stream in classes if stream.parent_stream_type]
    return {*streams, *(str(vars(parent)["name"]) for parent in parents)}


@cache
def truth(streams: tuple[str, ...]) -> set[tuple[str, Key]]:
    """Return the keys of all rows that a run without damage emits."""
    with Simulator(WORLD) as sim, without_sockets(sim):
        run = execute(sim, streams, SETTINGS, None)
    assert run.error is None
    return run.keys


class Outcome(NamedTuple):
    """The outcome of a seed.

    Args:
        streams: The streams of the run.
        damages: The damages to responses.
        error: The error that ended the damaged run; None if it succeeded.
    """

    streams: tuple[str, ...]
    damages: list[Damage]
    error: BaseException | None


def hold(seed: int) -> Outcome:
    """Execute a run with the damages of a seed, and one without damage; check the laws of both.

    The only errors are the tap's own, each with a message. Lines are complete, SCHEMA comes before
    RECORD, and rows have their keys. No other host gets the token. After the second run, all rows
    that were not damaged are there.
    """
    dice = random.Random(seed)  # noqa: S311 - no secret
    streams = GROUPS[seed % len(GROUPS)]
    settings = {
        **SETTINGS,
        "max_parallel_requests": dice.choice([1, 4]),
        "incomplete_windows": dice.choice(["fail", "fail", "accept_records", "accept"]),
        "retry_max_tries": dice.choice([1, 2, 4]),
        **dice.choice([{}, {}, FLATTENED]),
    }
    damager = Damager(seed, dice.choice([1 / 30, 1 / 10, 1 / 3]))
    expected = truth(streams)
    with Simulator(WORLD) as sim:
        with damager.between(sim):
            first = execute(sim, streams, settings, None)
        judge(first)
        assert not damager.hosts  # other hosts that got the token
        with without_sockets(sim):
            second = execute(sim, streams, SETTINGS, first.state)
    judge(second)
    assert second.error is None, second.error
    lost = [
        (stream, key)
        for stream, key in expected - first.keys - second.keys
        if not may_be_missing(stream, key, damager.damages, with_parents(streams))
    ]
    assert not lost, (lost[:5], damager.damages)
    return Outcome(streams, damager.damages, first.error)


def hold_check(seed: int) -> None:
    """Execute `--check` with the damages of a seed: it ends with a report or an error message."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    damager = Damager(seed, dice.choice([1 / 10, 1 / 3, 1 / 2]))
    stdout = io.StringIO()
    with Simulator(WORLD) as sim, damager.between(sim), contextlib.redirect_stdout(stdout):
        settings = {**SETTINGS, "retry_max_tries": 2}
        with contextlib.suppress(SingerSDKError, SystemExit):
            tap(sim, *GROUPS[seed % len(GROUPS)], **settings).check(as_json=True)
    report = stdout.getvalue()
    assert not report or orjson.loads(report)["streams"]
