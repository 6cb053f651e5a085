"""The emitted messages equal the recorded ones; `golden.renames` lists each intended change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from golden.comparison import first_difference, renamed
from golden.files import FOLDER, load, path_of
from golden.renames import PRESENT, Difference, Renames
from golden.runs import canonical, lines_of
from golden.worlds import GOLDENS, PERSONAL, SETTINGS, Golden

from tap_genesys.config.settings import SCHEMA
from tap_genesys.simulator.interactions import STORAGE

if TYPE_CHECKING:
    from pathlib import Path

RUNS = [(golden, parallel) for golden in GOLDENS for parallel in golden.parallel]


@pytest.mark.parametrize(
    ("golden", "parallel"), RUNS, ids=[f"{golden.name}-{parallel}" for golden, parallel in RUNS]
)
def test_a_run_writes_what_was_recorded(golden: Golden, parallel: int) -> None:
    """A run, sequential or parallel, emits exactly the recorded messages."""
    difference = first_difference(golden.name, load(golden.name), lines_of(golden, parallel))
    assert not difference, difference


@pytest.mark.parametrize("golden", GOLDENS, ids=[golden.name for golden in GOLDENS])
def test_a_recording_holds_all_message_types_and_both_runs(golden: Golden) -> None:
    """A recording has every message type and both runs, so that none is compared in vain."""
    types = {orjson.loads(line)["type"] for line in load(golden.name)}
    versions = (
        {"ACTIVATE_VERSION"} if "emit_activate_version_messages" in golden.settings else set()
    )
    assert types == {"RUN", "SCHEMA", "RECORD", "STATE"} | versions


#: The names of the secret settings; the client's id is an ordinary word here.
SECRETS = {name for name, schema in SCHEMA["properties"].items() if schema.get("secret")} - {
    "client_id"
}
#: A header with credentials, or the address of a file that needs none.
CREDENTIALS = re.compile(rf"(?<![\w-])(?:Bearer|Basic) [\w+/=-]{{8,}}|{re.escape(STORAGE)}")


def secrets_in(text: str) -> list[str]:
    """Return the secrets in a recorded text: settings, tokens and signed URLs."""
    settings = [SETTINGS, *(golden.settings for golden in GOLDENS)]
    values = {str(options[name]) for options in settings for name in SECRETS & options.keys()}
    return [*(value for value in values if value in text), *CREDENTIALS.findall(text)]


@pytest.mark.parametrize(
    "path",
    [*(path_of(golden.name) for golden in GOLDENS), *sorted(FOLDER.glob("states/*.json"))],
    ids=lambda path: path.name,
)
def test_no_recording_holds_a_secret(path: Path) -> None:
    """No recording and no recorded state contains a secret."""
    text = "\n".join(load(path.name.split(".")[0])) if path.parent == FOLDER else path.read_text()
    assert text
    assert not secrets_in(text)


@pytest.mark.parametrize(
    "text",
    [
        SETTINGS["client_secret"],
        PERSONAL["pii_hash_key"],
        "Bearer Zm9vYmFyYmF6",
        "Basic ZGVtbzpkZW1v",
        f"http://localhost{STORAGE}a",
    ],
)
def test_a_secret_is_detected(text: str) -> None:
    """Secret settings, tokens and signed URLs are detected; ordinary text is not."""
    assert secrets_in(f'{{"type":"RECORD","record":{{"a":"x {text}"}}}}')
    assert not secrets_in('{"type":"SCHEMA","description":"SAML2-Bearer extension grant type"}')


# Comparison

OLD = [
    '{"type":"SCHEMA","stream":"old","schema":{"properties":{"done":{}}},"key_properties":["id"]}',
    '{"type":"RECORD","stream":"old","record":{"done":1,"stream":"old"}}',
    '{"type":"RECORD","stream":"other","record":{"id":1}}',
    '{"type":"STATE","value":{"bookmarks":{"old":{"done":"x"},"other":{"partitions":[{"done":1}]}}}}',
    '{"type":"ACTIVATE_VERSION","stream":"old","version":1}',
]
NEW = [
    '{"type":"SCHEMA","stream":"young","schema":{"properties":{"done":{}}},"key_properties":["id"]}',
    '{"type":"RECORD","stream":"young","record":{"done":1,"stream":"old"}}',
    '{"type":"RECORD","stream":"other","record":{"id":1}}',
    '{"type":"STATE","value":{"bookmarks":{"other":{"partitions":[{"new":1}]},"young":{"new":"x"}}}}',
    '{"type":"ACTIVATE_VERSION","stream":"young","version":1}',
]
RENAMES = Renames({"done": "new"}, {"old": "young"}, {})
NONE = Renames({}, {}, {})


def test_renames_apply_to_streams_and_state_keys_only() -> None:
    """Renames apply to stream names and state keys, not to a record's fields or values."""
    assert renamed("a", OLD, RENAMES) == NEW
    assert renamed("a", OLD, NONE) == OLD


def test_a_renamed_stream_may_come_in_another_place() -> None:
    """A renamed stream may come earlier or later.

    The order of one stream's messages, and of STATEs, still counts.
    """
    moved = [NEW[2], *NEW[:2], *NEW[3:]]
    assert not first_difference("a", OLD, moved, RENAMES)
    for wrong in (
        [NEW[1], NEW[0], *NEW[2:]],
        [*NEW[:2], NEW[3], NEW[2], NEW[4]],
        [*NEW[:4], NEW[4].replace("1", "2")],
    ):
        assert first_difference("a", OLD, wrong, RENAMES)


def test_without_a_rename_the_order_of_streams_counts() -> None:
    """Streams that are not renamed keep their order."""
    assert first_difference("a", OLD, [OLD[2], *OLD[:2], *OLD[3:]], NONE)


@pytest.mark.parametrize(
    "line",
    [
        OLD[0].replace('"done"', '"new"'),
        OLD[1].replace('"done"', '"new"'),
        OLD[3].replace("done", "new"),
        OLD[4].replace("old", "young"),
    ],
)
def test_a_difference_that_is_no_rename_is_reported(line: str) -> None:
    """Each other difference, in a message of any type, is reported."""
    kind = orjson.loads(line)["type"]
    present = [line if orjson.loads(old)["type"] == kind else old for old in OLD]
    assert first_difference("a", OLD, present, NONE).startswith("a, line ")


def test_a_difference_is_described_by_run_line_and_place() -> None:
    """The report of a difference gives run, line, character and both texts."""
    assert first_difference("a", OLD, [*OLD[:1], OLD[1].replace("1", "2"), *OLD[2:]], NONE) == (
        "a, line 2 (5 lines, 5 now), character 50:\n"
        f"  message:  {OLD[1][:60]}\n"
        f"  recorded: {OLD[1]}\n"
        f"  present:  {OLD[1].replace('1', '2')}"
    )
    assert first_difference("a", OLD, OLD[:-1], NONE).startswith(
        "a, line 5 is missing (5 lines, 4 now)"
    )
    assert first_difference("a", OLD[:-1], OLD, NONE).startswith(
        "a, line 5 is new (4 lines, 5 now)"
    )
    swapped = OLD[1].replace('"done":1,"stream":"old"', '"stream":"old","done":1')
    assert "order of its fields" in first_difference("a", [OLD[1]], [swapped], NONE)


def test_an_explained_difference_is_of_one_run_type_and_stream() -> None:
    """An explained difference applies to its run, message type and stream, and to nothing else."""

    def without_id(message: dict[str, Any]) -> list[dict[str, Any]]:
        del message["record"]["id"]
        return [message]

    explained = Difference("a", "RECORD", "other", "Because.", without_id)
    renames = Renames({}, {}, {}, (explained,))
    present = [*OLD[:2], OLD[2].replace('"id":1', ""), *OLD[3:]]
    assert not first_difference("a", OLD, present, renames)
    assert first_difference("b", OLD, present, renames)
    assert first_difference("a", OLD, OLD, renames)
    dropped = Renames({}, {}, {}, (Difference("a", "STATE", "", "Because.", lambda _: []),))
    assert not first_difference("a", OLD, [*OLD[:3], OLD[4]], dropped)


def test_only_the_real_clock_and_the_order_of_a_states_keys_are_left_out() -> None:
    """The comparison ignores real timestamps and the order of a STATE's keys, and nothing else."""
    written = (
        b'{"type":"RECORD","time_extracted":"2026-11-27T03:31:02.123456+00:00","record":{"b":1}}'
    )
    other = written.replace(b"2026-11-27T03", b"2027-01-01T09")
    assert canonical(written) == canonical(other)
    assert canonical(written) != canonical(written.replace(b"2026-11-27T03:31:02.123456", b"now"))
    assert canonical(written) != canonical(written.replace(b'"b":1', b'"b":2'))
    first, second = (
        b'{"type":"STATE","value":{"a":1,"b":2}}',
        b'{"type":"STATE","value":{"b":2,"a":1}}',
    )
    assert canonical(first) == canonical(second)
    assert canonical(b'{"type":"RECORD","record":{"b":1,"a":2}}').endswith('{"b":1,"a":2}}')


def test_each_entry_of_the_renames_applies() -> None:
    """Each rename applies to a recording; one that does not is a mistake, or obsolete."""
    texts = {golden.name: load(golden.name) for golden in GOLDENS}
    words = [f'"{word}"' for word in (*PRESENT.state_keys, *PRESENT.streams)]
    for word in words:
        assert any(word in line for lines in texts.values() for line in lines)
    for setting, values in PRESENT.values.items():
        sources = {golden.source for golden in GOLDENS}
        assert setting.endswith("_source")
        assert values.keys() <= sources
    for change in PRESENT.explained:
        others = Renames(
            PRESENT.state_keys,
            PRESENT.streams,
            PRESENT.values,
            tuple(other for other in PRESENT.explained if other is not change),
        )
        lines = texts[change.run]
        assert renamed(change.run, lines, PRESENT) != renamed(change.run, lines, others)
        assert change.reason
