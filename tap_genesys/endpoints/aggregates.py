"""Aggregates over the cells of a time grid."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk.pagination import BaseAPIPaginator, SinglePagePaginator
from typing_extensions import override

from tap_genesys.api.response import body
from tap_genesys.api.status import ResponseAction
from tap_genesys.config import aggregate_options
from tap_genesys.endpoints.costs import PerWindow, PerWindowAndBatch
from tap_genesys.endpoints.probes import Probes, parent_name
from tap_genesys.endpoints.reading import Reading, no_rest
from tap_genesys.endpoints.unchanged_days import UnchangedDays
from tap_genesys.endpoints.windowed import WindowedStream
from tap_genesys.errors import TooManyRows
from tap_genesys.records import aggregate_rows
from tap_genesys.replication import cells
from tap_genesys.replication.lanes import MAIN, RECHECK, Lane, rechecked_up_to
from tap_genesys.replication.rechecks import RecheckSchedule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import requests
    from singer_sdk.helpers.types import Context
    from singer_sdk.streams.rest import HTTPRequest, PageContext
    from singer_sdk.tap_base import Tap

    from tap_genesys.api.page_steps import Page
    from tap_genesys.api.response import Record
    from tap_genesys.endpoints.costs import Cost
    from tap_genesys.endpoints.request_loop import PlannedRequest
    from tap_genesys.endpoints.volume import Sample
    from tap_genesys.replication.read_range import ReadRange
    from tap_genesys.replication.windows import Window


class AggregateStream(WindowedStream):
    """Metrics over the cells of a fixed time grid, with one request per day of a time zone.

    Each run reads from the day of the bookmark. The vendor counts a metric at its event, not at its
    conversation's start, so a cell is final soon; but each night it reprocesses data that is 48
    hours old or older (help page "Why can my data change?"). So a day is read again once at each
    age of `recheck_days`; the state has a mark per age (`recheckedUpTo`). The rows of a day are
    emitted together, or, if an earlier run emitted the same, not at all; the state has a digest per
    day (`emittedThrough`).

    There is no paging: a day whose response would be too large is requested in halves, down to one
    cell. All rows of a day's reading have one `_readAt`.
    """

    primary_keys = ("_id",)
    replication_key = "intervalStart"
    selected_by_default = False
    #: The default metrics; empty for all metrics of the endpoint.
    metrics: ClassVar[tuple[str, ...]] = ()
    #: The default dimensions to group by.
    group_by: ClassVar[tuple[str, ...]] = ()
    #: The default size of a cell, as ISO 8601.
    granularity: ClassVar[str] = "PT30M"
    #: Ages of a day, in days after its end, at which it is read again for late data.
    recheck_days: ClassVar[tuple[int, ...]] = (1, 3, 5)

    _schedule: RecheckSchedule
    _unchanged: UnchangedDays
    #: The present day, and the number of its present query.
    _day: Window
    _place = 0
    #: The start of the reading of the present day.
    _reading_began: datetime

    def option(self, name: str, default: Any) -> Any:  # noqa: ANN401 - JSON is anything
        """Return an option of this stream from the setting `aggregates`."""
        value = (self.config.get("aggregates") or {}).get(self.name, {}).get(name)
        return default if value is None else value

    def day_of(self, moment: datetime) -> Window:
        """Return the day of a moment in the configured time zone."""
        return cells.day_of(moment, self.option("time_zone", "UTC"))

    @property
    @override
    def cost(self) -> Cost:
        return self._cost_of_days

    @property
    def _cost_of_days(self) -> PerWindow:
        return PerWindow(
            self.windows,
            self.lookback,
            rechecks=len(self.recheck_days),
            text="1 per day that is read: see [aggregates.md](aggregates.md)",
            is_sampled=True,
        )

    @override
    def probes(self, parent: Sample | None, day: Window) -> Probes:
        return replace(super().probes(parent, day), extract=self.extract)

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        return cells.days(start, end, self.option("time_zone", "UTC"))

    @override
    def read_range(self, span: ReadRange) -> Iterator[Record]:
        bookmark = self.bookmark()
        self._unchanged = UnchangedDays(self, span)
        self.counts.enter(MAIN)
        self._schedule = RecheckSchedule(
            self.recheck_days,
            marks=self.own_state.get("recheckedUpTo") or {},
            bookmark=bookmark,
            since=self.day_of(self.oldest_wanted(bookmark, span)).start,
            day_of=self.day_of,
        )
        yield from super().read_range(span)
        reached = self.bookmark() or span.start
        self.counts.enter(RECHECK)
        yield from self.read_windows(self._schedule.due(self.run.started, reached))
        self._unchanged.log()

    @override
    def read_window(self, window: Window) -> Iterator[Record]:
        self._reading_began, self._day = self.run.now(), window
        yield from self._unchanged.rows(window, self._rows_of_day(), self._has_all_rows)
        self.window = window
        is_whole = self.holes.are_accepted(self.label)
        self.finish_window(whole=is_whole and self.requests_all)

    @property
    @override
    def lanes(self) -> dict[str, Lane]:
        return {**super().lanes, RECHECK: Lane(rechecked_up_to(self.tap_state, self.name))}

    def _has_all_rows(self) -> bool:
        return self.has_all_groups and not self.holes.has_unusable

    def _rows_of_day(self) -> Iterator[Record]:
        reading = Reading(lambda: self.request_records(None), no_rest, self.read_too_large)
        for place in range(self.queries):
            self._place = place
            yield from self.read_parts(self._day, reading)

    @override
    def read_too_large(self, error: TooManyRows) -> Iterator[Record]:
        advice = f"Set fewer groups (group_by) or metrics for {self.name} in aggregates."
        msg = f"{self.label}: {error} {advice}"
        raise TooManyRows(msg) from error

    @override
    def finish_window(self, *, whole: bool) -> None:
        if whole:
            # Of days that earlier runs have read, the marks are not after them.
            self._schedule.lower(self.window, self.run.started)
            self._schedule.read(self.window, self.run.started)
            self.own_state["recheckedUpTo"] = self._schedule.marks
        super().finish_window(whole=whole)

    @override
    def read_at(self) -> datetime:
        return self._reading_began

    @override
    def parts_of(self, window: Window) -> tuple[Window, Window] | None:
        return cells.halves(window, self.option("granularity", self.granularity))

    @override
    def get_new_paginator(self) -> BaseAPIPaginator[Any]:
        return SinglePagePaginator()

    @property
    def queries(self) -> int:
        """The number of queries per day."""
        return 1

    @property
    def requests_all(self) -> bool:
        """Whether the queries of a day cover all records of the parent."""
        return True

    @property
    def has_all_groups(self) -> bool:
        """Whether no group of a day can be missing."""
        return self.requests_all

    def filter_at(self, place: int) -> Record | None:  # noqa: ARG002 - of one query, all
        """Return the filter of a day's query with this number, from 0; None without one."""
        return self.own_filter

    @property
    def own_filter(self) -> Record | None:
        """The stream's configured filter, else that of the simple filters; None without one."""
        own: Record | None = self.option("filter", self.run.org_filters.filter_of(self.name))
        return own

    @override
    def get_http_request(self, *, page: PageContext[Page]) -> HTTPRequest:
        return self.request_for(((self.window, self._place), None))

    @override
    def request_for(self, planned: PlannedRequest) -> HTTPRequest:
        window, place = planned[0]
        request = super().request_for((window, None))
        if narrowed := self.filter_at(place):
            request.data = {**cast("Record", request.data), "filter": narrowed}
        return request

    @override
    def label_of(self, planned: PlannedRequest) -> str:
        return f"{self.name}, window {planned[0][0]}"

    @override
    def upcoming(self, context: Context | None) -> Iterator[PlannedRequest]:
        for place in range(self._place + 1, self.queries):
            yield (self._day, place), None
        for day in self._later:
            for place in range(self.queries):
                yield (day, place), None

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        family = aggregate_options.families()[self.name]
        body = {
            "interval": str(window),
            "granularity": self.option("granularity", self.granularity),
            "timeZone": self.option("time_zone", "UTC"),
            "groupBy": list(self.option("group_by", self.group_by)),
            "metrics": list(self.option("metrics", self.metrics or family["metrics"])),
        }
        return {name: value for name, value in body.items() if value}

    @override
    def extract(self, response: requests.Response) -> list[Any]:
        granularity = self.option("granularity", self.granularity)
        return list(aggregate_rows.rows(body(response), granularity, self.redacted))

    @property
    @override
    def key_columns(self) -> tuple[str, ...]:
        return tuple(map(aggregate_rows.column, self.option("group_by", self.group_by)))

    @override
    def action_for(self, response: requests.Response) -> ResponseAction | None:
        is_too_large = response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return ResponseAction.SPLIT if is_too_large else None

    @property
    @override
    def default_lookback(self) -> timedelta:
        # Re-checks read late changes.
        return timedelta(0)


class UserAggregateStream(AggregateStream):
    """Aggregates of users, whose queries must name the users: those of the parent, in batches.

    Source: the vendor's page "User Status Aggregate query": `userId` is the only dimension, and "a
    single query may contain no more than 100 userId predicates". The bookmark passes a day after
    all of its queries, and never if the listing of users had a hole.
    """

    state_partitioning_keys = ()

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap=tap)
        #: The ids of the users.
        self.parents: list[str] = []
        self._doubt = ""

    def mark_incomplete(self, reason: str) -> None:
        """Note that users may be missing."""
        self._doubt = self._doubt or reason

    @override
    def read(self, context: Context | None) -> Iterator[Record]:
        self.parents = list(dict.fromkeys(self.parents))
        if not self.requests_all:
            self.logger.warning(
                "%s: the list of users is incomplete; the bookmark does not move.", self.name
            )
        elif self._doubt:
            self.logger.info("%s: %s; users may be missing.", self.name, self._doubt)
        yield from super().read(context)

    @property
    @override
    def cost(self) -> Cost:
        return PerWindowAndBatch(self._cost_of_days, lambda: self.at_once)

    @override
    def probes(self, parent: Sample | None, day: Window) -> Probes:
        self.parents = parent.ids if parent else []
        probes = super().probes(parent, day) if self.parents else Probes([])
        self.parents = []
        return probes

    @property
    @override
    def queries(self) -> int:
        return ceil(len(self.parents) / self.at_once)

    @property
    def at_once(self) -> int:
        """Users per query, at most."""
        return aggregate_options.users_at_once(self.own_filter)

    @property
    @override
    def requests_all(self) -> bool:
        return bool(self.parents) and not self.run.progress.of(parent_name(self)).holes

    @property
    @override
    def has_all_groups(self) -> bool:
        return super().has_all_groups and not self._doubt

    @override
    def filter_at(self, place: int) -> Record | None:
        first = place * self.at_once
        users = self.parents[first : first + self.at_once]
        return aggregate_options.filter_of_users(users, self.own_filter)
