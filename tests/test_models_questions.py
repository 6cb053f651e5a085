"""The dbt package: the documented questions have the figures of the simulated org as results."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from support.built_models import ZONE
from support.contact_centre import DAY, ORG, SINCE, measures, names, seconds, sessions, truth
from support.loaders import ROOT

from tap_genesys.simulator.service_levels import targets_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.built_models import Built

pytestmark = [pytest.mark.integration, pytest.mark.dbt]

PAGE = (ROOT / "docs/warehouse.md").read_text("utf-8")
SQL = dict(re.findall(r"```sql\n-- marts: ([^\n]+)\n(.*?)```", PAGE, re.DOTALL))
TRUTH = truth()
MEASURES = [measure for row in TRUTH for measure in measures(row)]
QUEUES, AGENTS, CODES = names(ORG.queues()), names(ORG.users()), names(ORG.wrapup_codes())


def counts(metric: str, *, medium: str = "") -> Counter[str]:
    """Count the metrics of a name by queue."""
    return Counter(
        QUEUES[measure.queue]
        for measure in MEASURES
        if measure.queue and measure.metric == metric
        if not medium or measure.medium == medium
    )


def means(values: Mapping[Any, list[float]]) -> Any:
    """Return the mean of each list, approximately."""
    return pytest.approx({key: sum(numbers) / len(numbers) for key, numbers in values.items()})


def figures(built: Built, question: str) -> dict[Any, float]:
    """Return the result of a documented query with two columns, a name and a number."""
    return {name: float(value) for name, value in built.models.query(SQL[question])}


def by_agent(metric: str) -> dict[str, float]:
    """Return the sum of a metric by agent, in seconds."""
    sums: Counter[str] = Counter()
    for measure in MEASURES:
        if measure.metric == metric:
            sums[AGENTS[measure.agent]] += measure.value
    return {agent: value / 1000 for agent, value in sums.items()}


def test_service_level(built: Built) -> None:
    """The service level of calls is the share that was answered within the queue's target."""
    targets = targets_of(ORG.queues())
    in_time: Counter[str] = Counter()
    for measure in MEASURES:
        if measure.metric == "tAnswered" and measure.medium == "voice" and measure.queue:
            in_time[QUEUES[measure.queue]] += measure.value <= targets[measure.queue, "voice"]
    counted = counts("tAnswered", medium="voice") + counts("tAbandon", medium="voice")
    offered = counts("nOffered", medium="voice")
    rows = built.models.query(SQL["service level"])
    assert {queue: number for queue, number, _ in rows} == {
        queue: offered[queue] for queue in counted
    }
    assert {queue: float(share) for queue, _, share in rows} == pytest.approx(
        {queue: in_time[queue] / number for queue, number in counted.items()}
    )


def test_abandon_rate(built: Built) -> None:
    """The abandon rate is the share of offered calls that are abandoned."""
    offered, abandoned = counts("nOffered", medium="voice"), counts("tAbandon", medium="voice")
    expected = {queue: abandoned[queue] / number for queue, number in offered.items()}
    assert figures(built, "abandon rate") == pytest.approx(expected)
    assert abandoned.total() > 3


def test_average_handle_time(built: Built) -> None:
    """The average handle time has a mean per queue and agent."""
    times = defaultdict(list)
    for measure in MEASURES:
        if measure.metric == "tHandle" and measure.queue:
            times[QUEUES[measure.queue], AGENTS[measure.agent]].append(measure.value / 1000)
    rows = built.models.query(SQL["average handle time"])
    assert {(queue, agent): number for queue, agent, number, _ in rows} == {
        key: len(values) for key, values in times.items()
    }
    assert {(queue, agent): float(mean) for queue, agent, _, mean in rows} == means(times)


def test_transfers(built: Built) -> None:
    """Transfers are counted per queue, beside handled interactions."""
    transferred, handled = counts("nTransferred"), counts("tHandle")
    rows = {queue: (moved, all_) for queue, moved, all_ in built.models.query(SQL["transfers"])}
    assert rows == {queue: (transferred[queue], handled[queue]) for queue in handled}
    assert transferred.total() > 3


def test_wrap_up_distribution(built: Built) -> None:
    """A conversation counts once for each of its wrap-up codes."""
    expected: Counter[str] = Counter()
    for row in TRUTH:
        segments = [segment for _, session in sessions(row) for segment in session["segments"]]
        codes = {CODES[s["wrapUpCode"]] for s in segments if "wrapUpCode" in s}
        expected.update(codes or {"None"})
    assert figures(built, "wrap-up distribution") == dict(expected)
    assert expected["None"]


def test_after_call_work(built: Built) -> None:
    """After-call work is summed up per agent, in seconds."""
    assert figures(built, "after-call work") == pytest.approx(by_agent("tAcw"))


def test_first_response(built: Built) -> None:
    """The first response is the mean time to an agent's first segment, per medium."""
    waits = defaultdict(list)
    for row in TRUTH:
        firsts: defaultdict[str, list[str]] = defaultdict(list)
        for participant, session in sessions(row):
            if participant["purpose"] == "agent" and session["mediaType"] in (
                "chat",
                "message",
                "email",
            ):
                firsts[session["mediaType"]] += [
                    segment["segmentStart"]
                    for segment in session["segments"]
                    if segment["segmentType"] == "interact"
                ]
        started = datetime.fromisoformat(row["conversationStart"])
        for medium, starts in firsts.items():
            if starts:
                waits[medium].append(seconds(started, min(starts)))
    rows = built.models.query(SQL["first response"])
    assert {medium: number for medium, number, _ in rows} == {
        medium: len(values) for medium, values in waits.items()
    }
    assert {medium: float(mean) for medium, _, mean in rows} == means(waits)


def test_survey_score(built: Built) -> None:
    """The survey score is the mean of all scores per agent."""
    scores = defaultdict(list)
    for row in TRUTH:
        for survey in row.get("surveys", ()):
            scores[AGENTS[survey["userId"]]].append(survey["oSurveyTotalScore"])
    rows = built.models.query(SQL["survey score"])
    assert {agent: number for agent, number, _ in rows} == {
        agent: len(values) for agent, values in scores.items()
    }
    assert {agent: float(score) for agent, _, score in rows} == means(scores)


def test_arrivals_by_hour(built: Built) -> None:
    """Arrivals are counted per hour of the org's clock."""
    starts = (datetime.fromisoformat(row["conversationStart"]) for row in TRUTH)
    expected = Counter(start.astimezone(ZONE).hour for start in starts)
    assert figures(built, "arrivals by hour") == dict(expected)


def calls_by_number() -> dict[str, list[datetime]]:
    """Return number -> the starts of its inbound calls, in their order."""
    calls = defaultdict(list)
    for row in TRUTH:
        (session,) = row["participants"][0]["sessions"]
        if session["mediaType"] == "voice" and row["originatingDirection"] == "inbound":
            calls[session["ani"]].append(datetime.fromisoformat(row["conversationStart"]))
    return {ani: sorted(starts) for ani, starts in calls.items()}


def test_repeat_callers(built: Built) -> None:
    """Repeat calls are those of a number within seven days of the one before."""
    repeats = Counter(
        ani
        for ani, starts in calls_by_number().items()
        for before, after in pairwise(starts)
        if after - before <= 7 * DAY
    )
    assert built.models.query(SQL["repeat callers"]) == [[repeats.total(), len(repeats)]]
    assert repeats


def test_first_contact_resolution(built: Built) -> None:
    """Of the calls whose seven following days are loaded, the share that none followed."""
    newest = max(datetime.fromisoformat(row["conversationStart"]) for row in TRUTH)
    followed = [
        (start, following)
        for starts in calls_by_number().values()
        for start, following in pairwise([*starts, datetime.max.replace(tzinfo=newest.tzinfo)])
        if start <= newest - 7 * DAY
    ]
    (shares,) = (
        row[1:4] for row in built.models.query(SQL["first contact resolution"]) if row[0] == "voice"
    )
    for days, share in zip((1, 3, 7), shares, strict=True):
        resolved = sum(following - start > days * DAY for start, following in followed)
        assert float(share) == pytest.approx(resolved / len(followed), abs=1e-3)
        assert days < 7 or resolved < len(followed)


def test_the_other_documented_queries_run(built: Built) -> None:
    """First contact resolution has its coverage, and old names are found by their time."""
    coverage = {
        scope: float(share)
        for scope, *_, share in built.models.query(SQL["first contact resolution"])
    }
    assert coverage["voice"] == 1
    assert 0 < coverage["together"] < 1
    legs = {name: number for name, number in built.models.query(SQL["names as they were"])}  # noqa: C416
    old, new = ORG.at(SINCE).queues()[0]["name"], ORG.queues()[0]["name"]
    assert old in legs
    assert new not in legs, "no conversation began after the renaming was read"
