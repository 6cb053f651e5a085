"""Validation: each wrong setting is one line with setting, value and remedy."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_genesys.config.settings import SCHEMA
from tap_genesys.config.validation import (
    completed,
    environment_problems,
    notes,
    renamed_settings,
)
from tap_genesys.errors import SettingError
from tap_genesys.tap import TapGenesys, setting_problems

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
CREDENTIALS = {"client_id": "the-id", "client_secret": "the-secret"}


def lines_for(environment: dict[str, str] | None = None, **config: Any) -> list[str]:
    """Return the problems of a configuration."""
    completed_config = completed({**CREDENTIALS, **config}, environment or {})
    return setting_problems(completed_config, NOW, SCHEMA["properties"])


def test_credentials_alone_are_enough() -> None:
    """Credentials are the only required settings."""
    assert lines_for() == []


def test_defaults_are_filled_in() -> None:
    """Absent settings get their defaults, if they have any."""
    config = completed(CREDENTIALS, {})
    assert config["region"] == "us-east-1"
    assert config["window_days"] == 1.0
    assert "start_date" not in config
    assert "page_size" not in config


def test_missing_credentials_name_the_environment() -> None:
    """A missing credential is a line that names its environment variable."""
    assert lines_for(client_id=None, client_secret="") == [
        "client_id is missing; set it, or GENESYS_CLIENT_ID in the environment.",
        "client_secret is missing; set it, or GENESYS_CLIENT_SECRET in the environment.",
    ]


def test_the_environment_is_read_where_a_setting_is_absent() -> None:
    """An environment variable applies where its setting is absent, and only there."""
    environment = {
        "GENESYS_CLIENT_ID": "from-env",
        "GENESYS_CLIENT_SECRET": "secret-from-env",
        "GENESYS_REGION": "eu-central-1",
    }
    config = completed({"client_id": "set"}, environment)
    assert config["client_id"] == "set"
    assert config["client_secret"] == "secret-from-env"
    assert config["region"] == "eu-central-1"


def test_numbers_may_be_spelled_as_text() -> None:
    """Numbers may be texts, as from the environment and from Meltano."""
    assert lines_for(window_days="0.25", page_size="50", retry_wait_seconds="0") == []
    config = completed({"window_days": "0.25", "page_size": "50"}, {})
    assert (config["window_days"], config["page_size"]) == (0.25, 50)


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("region", "mars-1", ["mars-1", "us-east-1", "mypurecloud.de"]),
        ("region", 7, ["7", "a text"]),
        ("api_url", "api.mypurecloud.de", ["use a base URL such as https://"]),
        ("api_url", "https://host:port", ["host:port", "base URL"]),
        ("login_url", "ftp://login.example.test", ["base URL"]),
        ("api_url", "https://user:password@host.example.test", ["base URL"]),
        ("login_url", "https://user@host.example.test", ["base URL"]),
        ("api_url", "https://host.example.test?a=b", ["base URL"]),
        ("api_url", "https://host.example.test#a", ["base URL"]),
        ("start_date", "yesterday", ["yesterday", "2026-01-31"]),
        ("start_date", 20260101, ["20260101", "a text"]),
        ("end_date", "2026-13-01", ["2026-13-01", "2026-01-31"]),
        ("window_days", 0, ["0", "0.001 or more"]),
        ("window_days", -1, ["-1", "0.001 or more"]),
        ("window_days", "a week", ["a week", "a number"]),
        ("window_days", float("nan"), ["NaN", "a number"]),
        ("window_days", True, ["true", "a number"]),
        ("lookback_days", -0.5, ["-0.5", "from 0"]),
        ("page_size", 0, ["0", "1 or more"]),
        ("page_size", 2.5, ["2.5", "a whole number"]),
        ("page_size", "many", ["many", "a whole number"]),
        ("media_types", ["phone"], ["phone", "voice"]),
        ("queue_ids", "a", ["a", "a list of texts"]),
        ("conversation_filters", "inbound", ["inbound", "a list of objects"]),
        ("summary_groupings", [1], ["[1]", "a list of texts"]),
        ("summary_cell_hours", 5, ["5", "one of 1, 2, 3, 4, 6, 8, 12, 24"]),
        ("requests_per_minute", 0, ["0", "1 or more"]),
        ("max_parallel_requests", 0, ["0", "from 1 to 64"]),
        ("conversation_details_source", "lake", ["lake", "one of auto, job, query"]),
        ("recheck_days", [1, -3], ["[1, -3]", "a list of numbers"]),
        ("recheck_days", ["soon"], ["soon", "a list of numbers"]),
        ("job_timeout_seconds", 0, ["0", "from 1"]),
        ("job_poll_seconds", -1, ["-1", "from 0"]),
        ("retry_wait_seconds", -1, ["-1", "from 0"]),
        ("retry_max_tries", 0, ["0", "from 1"]),
        ("retry_max_wait_seconds", "long", ["long", "a number"]),
        ("empty_page_wait_seconds", -5, ["-5", "from 0"]),
        ("empty_page_max_tries", -1, ["-1", "from 0"]),
        ("incomplete_windows", "ignore", ["ignore", "fail, accept"]),
        ("request_timeout_seconds", 0, ["0", "from 1"]),
        ("user_agent", "a\nb", ["a\\nb", "printable"]),
    ],
)
def test_a_wrong_value_is_named_with_its_remedy(setting: str, value: Any, words: list[str]) -> None:
    """A wrong value is one line with setting, value and remedy."""
    lines = lines_for(**{setting: value})
    assert len(lines) == 1
    assert lines[0].startswith(setting)
    assert "\n" not in lines[0]
    assert all(word in lines[0] for word in words), lines[0]


@pytest.mark.parametrize("setting", ["conversation_details_source", "user_details_source"])
def test_an_earlier_value_is_refused_with_its_present_name(setting: str) -> None:
    """An earlier name of a value is an error that gives the present one."""
    values: dict[str, Any] = {setting: "jobs"}
    assert lines_for(**values) == [
        f'{setting} is "jobs"; it is called "job" now: use one of auto, job, query.'
    ]
    for values[setting] in ("auto", "job", "query"):
        assert lines_for(**values) == []


def test_every_setting_is_checked() -> None:
    """Every setting is checked: none accepts an object of another type."""
    for setting in SCHEMA["properties"]:
        lines = lines_for(**{setting: {"wrong": "type"}})
        assert len(lines) == 1, setting
        assert setting in lines[0]


def test_a_secret_of_the_wrong_kind_is_not_shown() -> None:
    """The value of a secret is in no line."""
    assert lines_for(client_secret=12345678) == ["client_secret is of the wrong kind; use a text."]


def test_a_start_after_the_end_names_both_dates() -> None:
    """A start after the end is a line with both dates, in UTC."""
    assert lines_for(start_date="2026-03-02", end_date="2026-03-01T06:00:00+06:00") == [
        (
            "start_date 2026-03-02T00:00:00.000Z is after end_date 2026-03-01T00:00:00.000Z; set "
            "start_date to an earlier date, or end_date to a later one."
        )
    ]


def test_a_start_in_the_future_is_after_now() -> None:
    """A start in the future is a line with the present as the end."""
    (line,) = lines_for(start_date="2027-01-01")
    assert "2027-01-01T00:00:00.000Z is after end_date 2026-03-10T12:00:00.000Z (now)" in line


def test_an_empty_span_is_no_error() -> None:
    """A range of no length is no error."""
    assert lines_for(start_date="2026-03-01", end_date="2026-03-01") == []


@given(
    st.dictionaries(
        st.sampled_from(sorted(SCHEMA["properties"])),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text(),
            st.lists(
                st.one_of(st.text(max_size=3), st.dictionaries(st.text(max_size=3), st.text()))
            ),
        ),
    )
)
def test_no_value_whatever_breaks_the_check(config: dict[str, Any]) -> None:
    """Any configuration gives lines, and no exception."""
    assert all(isinstance(line, str) for line in lines_for(**config))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PAGE_SIZE", "abc"),
        ("PAGE_SIZE", "1.5"),
        ("SUMMARY_METRICS", "a,b"),
        ("SEGMENT_FILTERS", "{"),
    ],
)
def test_an_unreadable_variable_is_named(variable: str, value: str) -> None:
    """An environment variable that cannot be parsed is a line that names it."""
    (line,) = environment_problems("TAP_GENESYS_", {f"TAP_GENESYS_{variable}": value})
    assert line.startswith(f"TAP_GENESYS_{variable} is {value!r}; use ")


def predicate(**fields: str) -> list[dict[str, Any]]:
    """Return a filter with one predicate."""
    return [{"type": "and", "predicates": [{"type": "dimension", **fields}]}]


def test_a_filter_on_known_dimensions_is_accepted() -> None:
    """Filters with dimensions of their list are valid, in clauses too."""
    assert (
        lines_for(
            conversation_filters=predicate(dimension="originatingDirection", value="inbound"),
            segment_filters=[
                {
                    "type": "or",
                    "clauses": [
                        {"type": "and", "predicates": [{"dimension": "queueId", "value": "q"}]}
                    ],
                }
            ],
        )
        == []
    )


@pytest.mark.parametrize(
    ("setting", "dimension", "other"),
    [
        ("conversation_filters", "mediaType", "segment_filters"),
        ("conversation_filters", "queueId", "segment_filters"),
        ("segment_filters", "originatingDirection", "conversation_filters"),
        ("segment_filters", "divisionId", "conversation_filters"),
    ],
)
def test_a_dimension_of_the_other_list_is_refused(setting: str, dimension: str, other: str) -> None:
    """A dimension of the other list is an error.

    The vendor ignores it, and returns the whole org.
    """
    config: dict[str, Any] = {setting: predicate(dimension=dimension, value="x")}
    (line,) = lines_for(**config)
    assert setting in line
    assert repr(dimension) in line
    assert f"belongs in {other}" in line


@pytest.mark.parametrize("place", range(2))
def test_a_predicate_within_a_clause_is_refused_too(place: int) -> None:
    """Predicates in each clause are checked, beside valid ones."""
    right, wrong = ({"dimension": name, "value": "x"} for name in ("queueId", "divisionId"))
    clauses = [{"type": "and", "predicates": [right]} for _ in range(2)]
    clauses[place]["predicates"] = [right, wrong]
    (line,) = lines_for(segment_filters=[{"type": "or", "predicates": [right], "clauses": clauses}])
    assert "dimension 'divisionId' belongs in conversation_filters" in line


def test_a_metric_of_the_other_list_is_refused() -> None:
    """A metric of the other list is an error."""
    (line,) = lines_for(conversation_filters=predicate(metric="tSegmentDuration"))
    assert "belongs in segment_filters" in line


def test_an_unknown_dimension_is_sent_with_a_warning() -> None:
    """An unknown dimension is sent, with a warning: it may be new."""
    config = completed({**CREDENTIALS, "segment_filters": predicate(dimension="brandNew")}, {})
    assert setting_problems(config, NOW, SCHEMA["properties"]) == []
    (line,) = notes(config)
    assert "'brandNew' is not known for segment_filters; it is sent as it is" in line


@pytest.mark.parametrize(
    "filters",
    [
        [{"predicates": [{"dimension": "queueId"}]}],
        [{"type": "both", "predicates": [{"dimension": "queueId"}]}],
        [{"type": "and"}],
        [{"type": "and", "predicates": "queueId"}],
        [{"type": "and", "predicates": ["queueId"]}],
        [{"type": "and", "clauses": [{"type": "and"}]}],
    ],
)
def test_a_filter_of_the_wrong_shape_is_refused(filters: list[Any]) -> None:
    """A filter that is not of the vendor's form is an error."""
    (line,) = lines_for(segment_filters=filters)
    assert line.startswith("segment_filters[0]: ")


def test_values_are_shown_as_they_would_be_written() -> None:
    """A line shows a value as JSON, as it is in the configuration."""
    (line,) = lines_for(page_size=["a"])
    assert json.dumps(["a"]) in line


@pytest.mark.parametrize(("text", "truth"), [("true", True), ("false", False), (True, True)])
def test_a_boolean_may_be_a_text(text: object, truth: bool) -> None:  # noqa: FBT001 - parametrized
    """A boolean may be a text, as from the environment and from Meltano."""
    name = "fail_on_skipped_streams"
    assert completed({name: text}, {})[name] is truth


@pytest.mark.parametrize("value", [True, False])
def test_an_earlier_name_is_refused_with_the_present_one(value: bool) -> None:  # noqa: FBT001 - parametrized
    """An earlier name of a setting is an error.

    The SDK ignores unknown settings, so the run would succeed.
    """
    config = completed({"strict": value}, {})
    (line,) = renamed_settings(config, "TAP_GENESYS_", {})
    assert line == (
        f"strict is {json.dumps(value)}; it is called fail_on_skipped_streams now: "
        "set that instead."
    )


@pytest.mark.parametrize("value", [None, ""])
def test_an_earlier_name_without_a_value_is_no_error(value: str | None) -> None:
    """An earlier name without a value is no error."""
    config = completed({"strict": value}, {})
    assert not [*renamed_settings(config, "TAP_GENESYS_", {"TAP_GENESYS_STRICT": ""})]


def test_no_file_replaces_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A `.env` that the SDK would find sets nothing: neither a setting nor a variable."""
    file = tmp_path / ".env"
    file.write_text("TAP_GENESYS_WINDOW_DAYS=2\nTAP_GENESYS_PAGE_SIZE=7\n", "utf-8")
    monkeypatch.setattr("singer_sdk.configuration._dict_config.find_dotenv", lambda: str(file))
    monkeypatch.setenv("TAP_GENESYS_WINDOW_DAYS", "3")
    tap = TapGenesys(config=CREDENTIALS, parse_env_config=True, setup_mapper=False)
    assert tap.config["window_days"] == 3
    assert "page_size" not in tap.config
    assert os.environ["TAP_GENESYS_WINDOW_DAYS"] == "3"
    assert "TAP_GENESYS_PAGE_SIZE" not in os.environ


def test_an_earlier_name_in_the_environment_is_refused_where_that_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An earlier name in the environment is an error only if the environment is read."""
    monkeypatch.setenv("TAP_GENESYS_STRICT", "true")
    with pytest.raises(SettingError) as error:
        TapGenesys(config=CREDENTIALS, parse_env_config=True, setup_mapper=False)
    (line,) = error.value.lines
    assert line == (
        "TAP_GENESYS_STRICT is 'true'; it is called TAP_GENESYS_FAIL_ON_SKIPPED_STREAMS now: "
        "set that instead."
    )
    TapGenesys(config=CREDENTIALS, setup_mapper=False)


@pytest.mark.parametrize("target", ["report.json", "nowhere.json", "/dev/null", "."])
def test_a_report_takes_the_place_of_no_link(tmp_path: Path, target: str) -> None:
    """`run_report_path` must be no link, as the file is replaced as a whole."""
    (tmp_path / "report.json").touch()
    link = tmp_path / "link.json"
    link.symlink_to(target)
    assert lines_for(run_report_path=str(tmp_path / "report.json")) == []
    (line,) = lines_for(run_report_path=str(link))
    assert line.endswith("use a plain file.")
