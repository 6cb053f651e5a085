"""Holes: pages and records of a stream that could not be read, and their consequences."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tap_genesys.api.completeness import log_missing
from tap_genesys.records.usable import usable

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Iterable, Sequence

    from tap_genesys.api.pagination import NumberedPaginator
    from tap_genesys.api.response import Record
    from tap_genesys.output.progress import StreamProgress
    from tap_genesys.run import Run

#: The values of `incomplete_windows` that accept unusable records, and missing pages.
ACCEPTS_RECORDS, ACCEPTS_PAGES = ("accept_records", "accept"), ("accept",)


class Holes:
    """The holes of one stream: promised pages that stayed empty, and unusable records.

    Args:
        run: Has the setting `incomplete_windows`, and collects a line per hole that is not
            accepted.
        counts: The stream's counts for the report.
        logger: The stream's logger.
    """

    def __init__(self, run: Run, counts: StreamProgress, logger: logging.Logger) -> None:
        self._run = run
        self._counts = counts
        self._logger = logger
        self._policy = str(run.config["incomplete_windows"])
        #: Reason -> number of unusable records of the present part.
        self._unusable = Counter[str]()
        self._keys = ""
        #: Whether this run had an unusable record, accepted or not.
        self.has_unusable = False
        self._is_incomplete = False

    def usable(self, extracted: Iterable[Any], keys: Sequence[str]) -> list[Record]:
        """Return the records that can become rows; the others are holes of the present part."""
        records, reasons = usable(extracted, keys)
        if reasons:
            self._unusable += reasons
            self._counts.unusable += reasons.total()
            self._keys = " and ".join(f"`{key}`" for key in keys)
            self.has_unusable = True
        return records

    def missing_pages(
        self, paginator: NumberedPaginator, label: str, comes_again: Callable[[], bool]
    ) -> list[str]:
        """Log wrong counts; return one line per missing page.

        Args:
            paginator: The paginator of the part, after its last page.
            label: The stream and the part.
            comes_again: Returns whether a later run reads the same part again.
        """
        completeness = paginator.completeness
        self._counts.short += completeness.was_short
        return log_missing(
            completeness,
            label,
            promised=paginator.promised,
            comes_again=comes_again,
            logger=self._logger,
        )

    def are_accepted(self, label: str, pages: Iterable[str] = ()) -> bool:
        """Log the holes of a part; return whether it counts as complete.

        Args:
            label: The stream and the part.
            pages: One line per missing page.
        """
        holes: list[tuple[str, Collection[str]]] = [(line, ACCEPTS_PAGES) for line in pages]
        if self._unusable:
            kinds = ", ".join(f"{kind} ({times})" for kind, times in self._unusable.items())
            number = self._unusable.total()
            records = "1 record is" if number == 1 else f"{number:,} records are"
            # The key of a single record may be in the request's path alone.
            expected = f"expected objects with {self._keys}" if self._keys else "expected objects"
            line = f"{label}: {records} left out: {expected}, got {kinds}."
            holes.append((line, ACCEPTS_RECORDS))
            self._unusable.clear()
        is_whole = True
        for line, policies in holes:
            if self._policy in policies:
                self._logger.warning("%s Accepted (incomplete_windows).", line)
                self._counts.accepted += 1
                continue
            self._logger.warning("%s The bookmark, if there is one, stays before it.", line)
            self._run.incomplete.append(line)
            self._counts.holes += 1
            is_whole = False
        self._is_incomplete = self._is_incomplete or not is_whole
        return is_whole

    def take_incomplete(self) -> bool:
        """Return whether there was a hole that is not accepted since the last call."""
        is_incomplete, self._is_incomplete = self._is_incomplete, False
        return is_incomplete
