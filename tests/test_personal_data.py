"""Personal data is in no record, table or log line, and joins still work."""

from __future__ import annotations

import hmac
import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from support.conversation_tables import NAMES
from support.harness import Output, run, tap

from tap_genesys.errors import SettingError
from tap_genesys.replication.windows import DAY, iso
from tap_genesys.simulator import Simulator, World

DETAILS = "conversation_details"
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WORLD = World(seed=8, per_day=40, since=SINCE, now=SINCE + 3 * DAY)
KEY = "a secret of the tests, long enough"
LANES: dict[str, Any] = {"start_date": iso(SINCE), "conversation_details_source": "auto"}


def read(*rules: tuple[str, str], streams: tuple[str, ...] = (), **options: Any) -> Output:
    """Run the tap with these rules."""
    pii = [{"field": field, "action": action} for field, action in rules]
    with Simulator(WORLD) as sim:
        return run(sim, *streams, **{**LANES, "pii": pii, "pii_hash_key": KEY, **options})


def callers() -> set[str]:
    """Return the phone numbers of callers."""
    return {
        session["ani"]
        for number in WORLD.numbers(SINCE, WORLD.now)
        for participant in WORLD.conversation(number)["participants"]
        for session in participant["sessions"]
        if "ani" in session
    }


@pytest.mark.parametrize("action", ["drop", "hash", "mask"])
def test_no_personal_data_is_emitted_or_logged(
    action: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Redacted values are in no message and in no log line, at debug level too."""
    caplog.set_level(logging.DEBUG)
    root_fields = ((f'["{name}"]', action) for name in ("email", "username", "name"))
    of_people = ("participants[*].participantName", action)
    output = read(("ani", action), of_people, *root_fields)
    people = {
        participant["participantName"]
        for number in WORLD.numbers(SINCE, WORLD.now)
        for participant in WORLD.conversation(number)["participants"]
        if "participantName" in participant
    }
    emails = {user["email"] for user in WORLD.users()}
    text = json.dumps(output.messages, default=str) + caplog.text
    assert callers()
    assert people
    assert not [secret for secret in callers() | people | emails | {KEY} if secret in text]
    assert output.records("conversation_sessions")


def test_a_hash_is_the_same_everywhere_and_needs_the_key() -> None:
    """A hash depends on value and key alone, so that repeat callers can be counted."""
    output = read(("ani", "hash"))
    expected = {hmac.new(KEY.encode(), ani.encode(), "sha256").hexdigest() for ani in callers()}
    nested = {
        session["ani"]
        for row in output.records(DETAILS)
        for participant in row["participants"]
        for session in participant["sessions"]
        if "ani" in session
    }
    flat = {row["ani"] for row in output.records("conversation_sessions") if "ani" in row}
    assert nested == flat == expected


def test_a_key_may_be_hashed_and_the_tables_still_join() -> None:
    """A hashed key joins the details to their tables, and no plain key is left."""
    output = read(("conversationId", "hash"))
    whole = {row["conversationId"] for row in output.records(DETAILS)}
    assert len(whole) == WORLD.count(SINCE, WORLD.now)
    for name in NAMES:
        assert {row["conversationId"] for row in output.records(name)} <= whole
    assert not whole & {WORLD.conversation_id(n) for n in WORLD.numbers(SINCE, WORLD.now)}


def test_attributes_are_kept_and_left_out_by_pattern() -> None:
    """Patterns include and exclude attributes, in records and in their table."""
    everything = read()
    all_names = {row["key"] for row in everything.records("conversation_participant_attributes")}
    assert all_names == {"language", "tier"}
    for options, names in (
        ({"attributes_include": ["lang*"]}, {"language"}),
        ({"attributes_exclude": ["t??r"]}, {"language"}),
        ({"attributes_include": ["*"], "attributes_exclude": ["*"]}, set()),
    ):
        output = read(**options)  # type: ignore[arg-type]
        rows = output.records("conversation_participant_attributes")
        assert {row["key"] for row in rows} == names
        nested = [
            participant.get("attributes", {})
            for row in output.records(DETAILS)
            for participant in row["participants"]
        ]
        assert {key for attributes in nested for key in attributes} == names


class NewField(World):
    """Org that returns a field that is in no schema."""

    def conversation(self, number: int) -> dict[str, Any]:
        return super().conversation(number) | {"passport": "P-4711"}

    def in_lake(self, number: int, moment: datetime | None = None) -> dict[str, Any]:
        return super().in_lake(number, moment) | {"passport": "P-4711"}


def test_a_field_that_no_schema_has_is_warned_about_and_taken_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A rule for a field that is in no schema logs a warning, and still applies."""
    org = NewField(seed=8, per_day=5, since=SINCE, now=SINCE + DAY)
    with Simulator(org) as sim:
        output = run(sim, DETAILS, **LANES, pii=[{"field": "passport", "action": "mask"}])
    assert 'no schema has the field "passport"' in caplog.text
    assert {row["_extra"]["passport"] for row in output.records(DETAILS)} == {"***"}


def test_a_rule_that_would_take_a_key_stops_before_the_first_request() -> None:
    """A rule that drops a key is an error before the first request."""
    with Simulator(WORLD) as sim:
        genesys_tap = tap(sim, **LANES, pii=[{"field": "conversationId", "action": "drop"}])
        with pytest.raises(SettingError, match="a key can only be hashed"):
            genesys_tap.sync_or_leave()
        assert not sim.requests


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"pii": [{"field": "ani", "action": "erase"}]}, r'pii\[0\]: action "erase" is not one of'),
        ({"pii": [{"field": "ani", "action": "hash"}]}, "pii_hash_key is missing"),
        ({"pii": "ani"}, "pii is not a list"),
    ],
)
def test_a_wrong_rule_is_one_line(options: dict[str, Any], line: str) -> None:
    """An invalid rule is an error of one line."""
    with Simulator(WORLD) as sim, pytest.raises(SettingError, match=line):
        tap(sim, **options)


@pytest.mark.parametrize(
    "stream",
    [
        "conversation_aggregates",
        "user_observations",
        "user_presences",
        "user_routing_statuses",
        "user_skills",
    ],
)
def test_a_key_that_is_made_of_a_column_has_it_hashed_too(stream: str) -> None:
    """A key that is built from a hashed column has the hash, too, and joins with other streams."""
    output = read(("userId", "hash"), streams=(stream,))
    agents = {user["id"] for user in WORLD.users()}
    text = json.dumps(output.records(stream))
    assert not [agent for agent in agents if agent in text]
    expected = {hmac.new(KEY.encode(), agent.encode(), "sha256").hexdigest() for agent in agents}
    hashes = {row["userId"] for row in output.records(stream) if row.get("userId")}
    assert hashes
    assert hashes <= expected
    plain = read(streams=(stream,))
    assert len(keys(output, stream)) == len(keys(plain, stream))


def keys(output: Output, stream: str) -> set[tuple[str | None, ...]]:
    """Return the keys of a stream's rows."""
    names = ("_id", "userId", "id")
    return {tuple(row.get(name) for name in names) for row in output.records(stream)}


@pytest.mark.parametrize("stream", ["conversation_aggregates", "user_presences", "user_skills"])
@pytest.mark.parametrize("action", ["drop", "mask"])
def test_a_column_that_a_key_is_made_of_can_only_be_hashed(stream: str, action: str) -> None:
    """A column of a key can only be hashed.

    Else several rows would share a key and overwrite each other.
    """
    with pytest.raises(SettingError, match=f"key of {stream}; a key can only be hashed"):
        read(("userId", action), streams=(stream,))


def test_a_stream_that_is_not_read_does_not_stop_a_rule() -> None:
    """A rule is checked against selected streams only: `userId` is a key of `user_skills`."""
    output = read(("userId", "drop"), streams=("users", "conversation_participants"))
    assert output.records("conversation_participants")
    assert not [row for row in output.records("conversation_participants") if "userId" in row]


def test_a_field_that_only_a_table_has_is_known(caplog: pytest.LogCaptureFixture) -> None:
    """A field of a derived table is known, and dropped without a warning."""
    output = read(("routingStatus", "drop"), streams=("user_routing_statuses",))
    assert output.records("user_routing_statuses")
    assert not [row for row in output.records("user_routing_statuses") if "routingStatus" in row]
    assert "no schema has the field" not in caplog.text
