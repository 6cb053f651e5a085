"""The parts that all streams of a run share: one client, one rate limit, one list of holes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_genesys.api.auth import ClientCredentials
from tap_genesys.api.client import GenesysClient, Session
from tap_genesys.api.downloads import Downloads
from tap_genesys.api.pacing import PacedAdapter, Pacer
from tap_genesys.api.polling import PollTimes
from tap_genesys.api.proxies import apply_environment
from tap_genesys.api.retry import Retry
from tap_genesys.config.org_filters import OrgFilters
from tap_genesys.config.regions import Hosts, hosts
from tap_genesys.output.console import ProgressLogger
from tap_genesys.output.progress import Progress
from tap_genesys.privacy.redaction import Privacy
from tap_genesys.records.pipeline import RecordPipeline
from tap_genesys.replication.windows import utc_now

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    import requests

    from tap_genesys.interruption import Clock, Interruption


class Run:
    """One run of the tap.

    Args:
        config: Valid settings.
        interruption: Notes signals.
        clock: Counts seconds, and waits.
        started: The start of the run; no bookmark moves past it.
        user_agent: The `User-Agent` header.
        logger: The tap's logger.
        now: Returns the present time, UTC.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        interruption: Interruption,
        clock: Clock,
        started: datetime,
        user_agent: str,
        logger: logging.Logger,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.config = config
        self.logger = logger
        self.now = now
        self.interruption = interruption
        self.clock = clock
        self.started = started
        self.hosts = _hosts(config)
        timeout = float(config["request_timeout_seconds"])
        self.poll_times = PollTimes(
            float(config["job_poll_seconds"]), float(config["job_timeout_seconds"])
        )
        longest_wait = float(config["retry_max_wait_seconds"])
        pacer = Pacer(float(config["requests_per_minute"]), clock)
        self.progress = Progress(clock=clock, left=lambda: pacer.left)
        self.progress_logger = ProgressLogger(self.progress, logger)
        clock.on_check = self.progress_logger.tick
        adapter = PacedAdapter(
            pacer=pacer,
            note=self._note_request,
            interruption=interruption,
            connections=2 * int(config["max_parallel_requests"]) + 1,
            longest_hold=longest_wait,
        )
        session = Session()
        session.headers["User-Agent"] = user_agent
        apply_environment(session, (self.hosts.api, self.hosts.login))
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        retry = Retry(
            first_wait=float(config["retry_wait_seconds"]),
            tries=int(config["retry_max_tries"]),
            longest_wait=longest_wait,
            clock=clock,
            logger=logger,
            note=self.progress.count_retry,
        )
        authenticator = ClientCredentials(
            login_url=self.hosts.login,
            client_id=str(config["client_id"]),
            client_secret=str(config["client_secret"]),
            session=session,
            retry=retry,
            timeout=timeout,
            clock=clock,
        )
        self.client = GenesysClient(
            base_url=self.hosts.api,
            session=session,
            authenticator=authenticator,
            retry=retry,
            timeout=timeout,
        )
        self.downloads = Downloads(
            retry=retry,
            interruption=interruption,
            timeout=timeout,
            user_agent=user_agent,
        )
        self.privacy = Privacy(
            config.get("pii") or [],
            hash_key=config.get("pii_hash_key"),
            attributes_include=config.get("attributes_include"),
            attributes_exclude=config.get("attributes_exclude"),
        )
        self.org_filters = OrgFilters(config)
        #: Stream -> the reason for which it was skipped.
        self.skipped: dict[str, str] = {}
        #: One line per window that could not be read completely.
        self.incomplete: list[str] = []

    def pipeline(self, columns: Collection[str]) -> RecordPipeline:
        """Return the record pipeline for a schema's columns, with the run's redaction rules."""
        return RecordPipeline(columns, self.privacy.apply if self.privacy else None)

    def _note_request(self, request: requests.PreparedRequest, waited: float) -> None:
        self.progress.count_request(request, waited)
        self.progress_logger.tick()


def _hosts(config: Mapping[str, Any]) -> Hosts:
    of_region = hosts(config["region"])
    return Hosts(
        api=(config.get("api_url") or of_region.api).rstrip("/"),
        login=(config.get("login_url") or of_region.login).rstrip("/"),
    )
