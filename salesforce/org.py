"""A Salesforce org: the login, and an upsert by a job of Bulk API 2.0, with its results.

`simple_salesforce` has an upsert of its own. It raises if the job fails, without the job's id, so
that nobody can read which of its records were stored. Here the job is one request after the other,
by the public parts of `simple_salesforce`.
"""

from __future__ import annotations

import csv
import time
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from requests import RequestException
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceError

from salesforce.definition import EXTERNAL_ID, OBJECT
from salesforce.errors import CorrectSettingError, RunAgainError, short
from salesforce.records import rows_of
from salesforce.retrying import poll_waits

if TYPE_CHECKING:
    from collections.abc import Collection

    from salesforce.retrying import RetryingSession
    from salesforce.settings import Credentials

CSV_FILE = {"Content-Type": "text/csv; charset=UTF-8"}
INGEST = "jobs/ingest"
ENDED = ("JobComplete", "Failed", "Aborted")
NOT_PROCESSED = "not processed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a job.

    Args:
        upserted: The external ids of the records that Salesforce has confirmed.
        failed: External id -> error of each other record.
        error: The error of the job; empty if it was completed.
    """

    upserted: frozenset[str]
    failed: dict[str, str] = field(default_factory=dict)
    error: str = ""


class Org:
    """An org, logged in to with the client credentials of an app."""

    def __init__(
        self,
        credentials: Credentials,
        session: RetryingSession,
        *,
        poll_seconds: float,
        job_timeout_seconds: float,
    ) -> None:
        self._session = session
        self._poll_seconds, self._job_timeout = poll_seconds, job_timeout_seconds
        self._client = _log_in(credentials, session)

    def upsert(self, file: str, external_ids: Collection[str]) -> Outcome:
        """Upsert the records of a CSV file by one job, and return its outcome.

        Args:
            file: The CSV file.
            external_ids: Those of its records.

        Raises:
            RunAgainError: If the outcome is unknown, or the org refuses the job.
        """
        try:
            job = self._completed(self._uploaded(file))
            return self._outcome(job, external_ids)
        except SalesforceError as error:
            raise RunAgainError(_reason(error)) from error
        except (RequestException, LookupError, TypeError, ValueError, csv.Error) as error:
            # simple_salesforce and csv raise any of these for a response of another shape.
            msg = f"Salesforce cannot be reached, or its response cannot be read: {_class(error)}"
            raise RunAgainError(msg) from error

    @property
    def usage(self) -> str:
        """The org's API requests of the last 24 hours, and its limit; empty if it is unknown."""
        usage = self._client.api_usage.get("api-usage")
        return f"{usage.used:,} of {usage.total:,}" if usage else ""

    def _uploaded(self, file: str) -> str:
        """Create a job, upload its file, close it, and return its id."""
        body = {
            "object": OBJECT,
            "operation": "upsert",
            "externalIdFieldName": EXTERNAL_ID,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        job = str(self._job(INGEST, method="POST", json=body)["id"])
        upload = self._session.put(
            f"{self._client.bulk2_url}ingest/{job}/batches",
            data=file.encode(),
            headers={**self._client.headers, **CSV_FILE},
        )
        if not upload.ok:
            msg = f"job {job}: the upload was refused: {upload.status_code} {short(upload.text)}"
            raise RunAgainError(msg)
        self._job(f"{INGEST}/{job}", method="PATCH", json={"state": "UploadComplete"})
        return job

    def _completed(self, job: str) -> dict[str, Any]:
        """Poll a job until it has ended, and return its state."""
        end = time.monotonic() + self._job_timeout
        for wait in poll_waits(self._poll_seconds):
            time.sleep(wait)
            status = self._job(f"{INGEST}/{job}")
            if status["state"] in ENDED:
                return status
            if time.monotonic() >= end:
                msg = (
                    f"job {job} is {status['state']} after {self._job_timeout:g} s (--job-timeout)"
                )
                raise RunAgainError(msg)
        raise AssertionError  # the waits do not end

    def _outcome(self, job: dict[str, Any], external_ids: Collection[str]) -> Outcome:
        """Read the results of a job.

        A record is upserted if it is in the successful results, and in no other case: a job that
        failed may have stored some, and results are missing for what a daily limit cut off.
        """
        results = getattr(self._client.bulk2, OBJECT)
        confirmed = {
            row.get(EXTERNAL_ID) for row in rows_of(results.get_successful_records(job["id"]))
        }
        upserted = frozenset(key for key in external_ids if key in confirmed)
        failed = dict.fromkeys(sorted(set(external_ids) - upserted), NOT_PROCESSED)
        if failed:
            for row in rows_of(results.get_failed_records(job["id"])):
                if row.get(EXTERNAL_ID) in failed:
                    failed[row[EXTERNAL_ID]] = row["sf__Error"]
        error = ""
        if job["state"] != "JobComplete":
            error = f"job {job['id']} is {job['state']}: {job.get('errorMessage') or 'no reason'}"
        return Outcome(upserted, failed, error)

    def _job(self, path: str, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - those of requests
        """Send a request whose response is a job."""
        job = self._client.restful(path, **kwargs)
        if not (isinstance(job, dict) and isinstance(job.get("id"), str) and job.get("state")):
            msg = f"Salesforce returned no job to {path}: {short(repr(job))}"
            raise RunAgainError(msg)
        return dict(job)


def _log_in(credentials: Credentials, session: RetryingSession) -> Salesforce:
    """Log in.

    Raises:
        CorrectSettingError: If the org refuses the credentials.
        RunAgainError: If it cannot be reached.
    """
    try:
        # Its warning about an app that nobody has approved has the consumer key.
        with warnings.catch_warnings(action="ignore"):
            return Salesforce(
                domain=credentials.domain,
                consumer_key=credentials.key,
                consumer_secret=credentials.secret,
                session=session,
            )
    except SalesforceAuthenticationFailed as error:
        # A status in place of OAuth's code: the response is no JSON, so it is none of the login.
        if isinstance(error.code, int):
            msg = f"{credentials.host} returned no token: {error.code}"
            raise RunAgainError(msg) from error
        msg = (
            f"{credentials.host} refuses the login: {short(str(error))}; check SALESFORCE_DOMAIN, "
            "SALESFORCE_CONSUMER_KEY and SALESFORCE_CONSUMER_SECRET"
        )
        raise CorrectSettingError(msg) from error
    except RequestException as error:
        msg = f"{credentials.host} cannot be reached: {_class(error)}"
        raise RunAgainError(msg) from error
    except (AttributeError, TypeError) as error:
        msg = f"{credentials.host} returned no token"
        raise RunAgainError(msg) from error


def _reason(error: SalesforceError) -> str:
    """Return the line of a refused request: its status and body, without its URL."""
    return f"Salesforce refuses a request: {error.status} {short(str(error.content))}"


def _class(error: Exception) -> str:
    """Return the name of an error, whose message may have an address with a password."""
    return type(error).__name__
