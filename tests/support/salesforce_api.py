"""A Salesforce org on 127.0.0.1: the login, and the ingest jobs of Bulk API 2.0.

Its habits are those of the vendor's documents, which stand beside them; what none of them has is
"unverified". A client reaches it as a proxy (HTTPS_PROXY): it takes part in the TLS of the org's
host itself, with a certificate of its own, so that a program runs with the real addresses.
"""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
import re
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

GUIDE = "https://developer.salesforce.com/docs/platform/api-asynch/guide/"
HOST = "example.my.salesforce.com"
KEY, SECRET = "consumer-key-of-the-app", "consumer-secret-of-the-app"
#: "upload data that does not exceed 100 MB": GUIDE + upload-job-data.md
MOST_BYTES = 100_000_000
_JOB = re.compile(r"/services/data/v[\d.]+/jobs/ingest(?:/(\w+))?(?:/(\w+))?/?")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response in place of the next one: a limit, an error of the server, a page of a proxy.

    Args:
        status: The status; 0 closes the connection without a response.
        code: The vendor's code; without one, the body is HTML.
        message: The vendor's message.
        headers: Further headers.
    """

    status: int
    code: str = ""
    message: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class Job:
    """An ingest job."""

    body: dict[str, Any]
    state: str = "Open"
    file: str | None = None
    polls: int = 0
    error: str = ""
    successful: list[dict[str, str]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    unprocessed: list[dict[str, str]] = field(default_factory=list)


class SalesforceOrg:
    """An org with one custom object.

    Args:
        fields: The object's fields that can be written: API name -> type.
        external_id: The field that is an external id.
        certificate: A PEM file with the key and the certificate of `HOST`; without one, HTTP.
    """

    def __init__(
        self, fields: Mapping[str, str], external_id: str, certificate: Path | None = None
    ) -> None:
        self.fields, self.external_id = dict(fields), external_id
        #: External id -> the record's fields as they are stored.
        self.records: dict[str, dict[str, str | None]] = {}
        self.jobs: dict[str, Job] = {}
        #: Method and path of each request.
        self.requests: list[tuple[str, str]] = []
        #: Method and end of a path -> the responses to the next such requests.
        self.refusals: dict[tuple[str, str], list[Refusal]] = {}
        #: External id -> the error that its record gets.
        self.errors: dict[str, str] = {}
        #: A job fails after so many records; None if it does not.
        self.fails_after: int | None = None
        #: Records of which no result is kept.
        self.unrecorded: set[str] = set()
        #: Nobody has approved the app, which simple_salesforce warns about.
        self.approved = True
        #: A job ends at this poll.
        self.polls = 2
        #: Set while a job may end.
        self.ends = threading.Event()
        self.ends.set()
        self._tokens: set[str] = set()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.org = self  # type: ignore[attr-defined]
        self.context: ssl.SSLContext | None = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        serve = self._server.serve_forever
        # By default, the shutdown waits for up to half a second.
        self._thread = threading.Thread(target=serve, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """The address, which is that of the proxy as well."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def expire_tokens(self) -> None:
        """End all sessions."""
        self._tokens.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def respond(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Return the status, the headers and the body of a response."""
        with self._lock:
            self.requests.append((method, path))
            for (name, end), refusals in self.refusals.items():
                if name == method and path.endswith(end) and refusals:
                    return _refused(refusals.pop(0))
            if path == "/services/oauth2/token":
                return self._log_in(headers, body)
            # A response to an expired session: errorcodes.htm of the REST API guide.
            if headers.get("Authorization", "").removeprefix("Bearer ") not in self._tokens:
                return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
            match = _JOB.fullmatch(path)
            if match is None:
                return _error(404, "NOT_FOUND", "The requested resource does not exist")
            return self._respond_of_jobs(method, match[1], match[2], headers, body)

    def _log_in(self, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Return a token of the client credentials flow.

        The response: quickstart_connecting.htm of the Connect REST API guide.
        """
        basic = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if headers.get("Authorization") != f"Basic {basic}":
            return _json(400, {"error": "invalid_client", "error_description": "invalid client"})
        if not self.approved:
            text = "user hasn't approved this consumer"
            return _json(400, {"error": "invalid_grant", "error_description": text})
        assert parse_qs(body.decode()) == {"grant_type": ["client_credentials"]}
        token = f"token-of-the-session-{next(self._numbers)}"
        self._tokens.add(token)
        url = f"https://{HOST}" if self.context else self.url
        return _json(200, {"access_token": token, "instance_url": url, "token_type": "Bearer"})

    def _respond_of_jobs(  # noqa: PLR0911 - one of each operation
        self, method: str, number: str | None, part: str | None, headers: Any, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        if number is None:
            return self._create(json.loads(body)) if method == "POST" else _error(405, "", "")
        job = self.jobs.get(number)
        if job is None:
            return _error(404, "NOT_FOUND", "The requested resource does not exist")
        # GUIDE + upload-job-data.md: 201 without a body.
        if (method, part) == ("PUT", "batches"):
            return self._upload(job, headers, body)
        # GUIDE + upload-complete.md: the state UploadComplete ends the upload.
        if (method, part) == ("PATCH", None):
            state = json.loads(body)["state"]
            if job.state != "Open" or state not in {"UploadComplete", "Aborted"}:
                return _error(400, "INVALIDJOBSTATE", f"The job is {job.state}")
            job.state = state
            return _json(200, self._info(number))
        if (method, part) == ("GET", None):
            self._poll(job)
            return _json(200, self._info(number))
        # GUIDE + get-job-successful-results.html, get-job-failed-results.html and
        # get-job-unprocessed-results.html. The case of the last is unverified: the vendor writes
        # `unprocessedrecords`, simple_salesforce `unprocessedRecords`.
        results = {
            "successfulresults": (["sf__Id", "sf__Created"], job.successful),
            "failedresults": (["sf__Id", "sf__Error"], job.failed),
            "unprocessedrecords": ([], job.unprocessed),
        }
        if method == "GET" and part and part.lower() in results and job.state in _ENDED:
            columns, rows = results[part.lower()]
            return _csv([*columns, *_header(job.file or "")], rows)
        return _error(404, "NOT_FOUND", "The requested resource does not exist")

    def _create(self, body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        """Create a job: GUIDE + create-job.md."""
        if body.get("externalIdFieldName") != self.external_id:
            return _error(400, "INVALIDJOB", "The field is no external id")
        assert body["operation"] == "upsert"
        assert body["contentType"] == "CSV"
        assert body["lineEnding"] == "LF"
        number = f"7500{next(self._numbers):011}AAA"
        self.jobs[number] = Job(body)
        return _json(200, self._info(number))

    def _upload(
        self, job: Job, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        if job.state != "Open" or job.file is not None:
            return _error(400, "INVALIDJOBSTATE", "The job has its data")
        if not headers.get("Content-Type", "").startswith("text/csv"):
            return _error(415, "UNSUPPORTED_MEDIA_TYPE", "Only text/csv")
        if len(body) > MOST_BYTES:
            return _error(400, "FILE_TOO_LARGE", "More than 100 MB")
        job.file = body.decode()
        return 201, {}, b""

    def _info(self, number: str) -> dict[str, Any]:
        """Return a job as JSON: GUIDE + get-job-info.html."""
        job = self.jobs[number]
        info = {"id": number, "state": job.state, "apiVersion": 59.0, **job.body}
        if job.state in _ENDED:
            info["numberRecordsProcessed"] = len(job.successful) + len(job.failed)
            info["numberRecordsFailed"] = len(job.failed)
        return info | ({"errorMessage": job.error} if job.error else {})

    def _poll(self, job: Job) -> None:
        """Move a job on: UploadComplete, InProgress, JobComplete or Failed."""
        if job.state not in {"UploadComplete", "InProgress"}:
            return
        job.polls += 1
        job.state = "InProgress"
        if job.polls >= self.polls and self.ends.is_set():
            self._process(job)

    def _process(self, job: Job) -> None:
        """Upsert the rows of a job, and note the result of each."""
        job.state = "JobComplete"
        rows = list(csv.DictReader(io.StringIO(job.file or "", newline="")))
        # Message of msrivastav13/node-sf-bulk2, issue 17.
        if unknown := [name for name in _header(job.file or "") if name not in self.fields]:
            job.state = "Failed"
            job.error = f"InvalidBatch : Field name not found : {unknown[0]}"
            job.unprocessed = rows
            return
        for count, row in enumerate(rows):
            if self.fails_after is not None and count >= self.fails_after:
                # "A job that is interrupted or otherwise fails to complete can result in rows that
                # aren't processed": GUIDE + get-job-unprocessed-results.html
                job.state, job.unprocessed = "Failed", rows[count:]
                job.error = "InternalServerError : retried 20 times"
                return
            self._upsert(job, row)

    def _upsert(self, job: Job, row: dict[str, str]) -> None:
        key = row[self.external_id]
        error = self.errors.get(key) or self._error_of(row)
        if error:
            # "Results are not recorded for batches that exceed the daily batch allocation."
            if key not in self.unrecorded:
                job.failed.append({"sf__Id": "", "sf__Error": error, **row})
            return
        created = key not in self.records
        stored = self.records.setdefault(key, dict.fromkeys(self.fields))
        for name, value in row.items():
            # "Empty field values are ignored when you update records. To set a field value to
            # null, use a field value of #N/A": datafiles_csv_valid_record_rows.htm
            if value:
                stored[name] = None if value == "#N/A" else value
        if key not in self.unrecorded:
            number = f"a00{len(self.records):012}AAA"
            job.successful.append({"sf__Id": number, "sf__Created": str(created).lower(), **row})

    def _error_of(self, row: dict[str, str]) -> str:
        """Return the error of a value that its field does not take; the texts are unverified."""
        for name, value in row.items():
            kind = self.fields[name]
            pattern = {"Number": r"-?\d+(\.\d+)?", "Date": r"\d{4}-\d\d-\d\d"}.get(kind)
            if pattern and value not in {"", "#N/A"} and not re.fullmatch(pattern, value):
                return (
                    f"INVALID_TYPE_ON_FIELD_IN_RECORD:{name}: value not of required type:{name} --"
                )
        return ""


_ENDED = {"JobComplete", "Failed", "Aborted"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        """Take part in the TLS of a host, as the host."""
        context = self._org.context
        assert context is not None
        self.send_response(200, "Connection established")
        self.end_headers()
        try:
            self.connection = context.wrap_socket(self.connection, server_side=True)
        except OSError:
            # A client that does not trust the certificate leaves.
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        self.close_connection = False

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, content = self._org.respond(
            self.command, self.path, dict(self.headers), body
        )
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = _respond  # noqa: N815

    def finish(self) -> None:
        """Close the connection, which may be one of TLS."""
        super().finish()
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    @property
    def _org(self) -> SalesforceOrg:
        org: SalesforceOrg = self.server.org  # type: ignore[attr-defined]
        return org


def _refused(refusal: Refusal) -> tuple[int, dict[str, str], bytes]:
    status, headers, content = _error(refusal.status, refusal.code, refusal.message)
    if not refusal.code:
        headers, content = {"Content-Type": "text/html"}, b"<html>Down for maintenance</html>"
    return status, headers | dict(refusal.headers), content


def _error(status: int, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    """Return an error: a list with a code and a message, as errorcodes.htm has it."""
    return _json(status, [{"errorCode": code, "message": message}])


def _json(status: int, body: object) -> tuple[int, dict[str, str], bytes]:
    # https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm
    usage = {"Sforce-Limit-Info": "api-usage=18/15000"}
    return status, usage | {"Content-Type": "application/json"}, json.dumps(body).encode()


def _csv(columns: list[str], rows: list[dict[str, str]]) -> tuple[int, dict[str, str], bytes]:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    # "The order of records in the response is not guaranteed": get-job-failed-results.html
    writer.writerows(reversed(rows))
    return 200, {"Content-Type": "text/csv"}, text.getvalue().encode()


def _header(file: str) -> list[str]:
    return next(csv.reader(io.StringIO(file, newline="")), [])
