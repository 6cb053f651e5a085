"""`python -m salesforce`: upsert what has changed of the daily metrics into Salesforce."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from salesforce.definition import EXTERNAL_ID, OBJECT
from salesforce.errors import CorrectSettingError, RunAgainError
from salesforce.org import Org
from salesforce.records import changes, digest, parts
from salesforce.retrying import RetryingSession
from salesforce.settings import Credentials, domain_of, parser, warehouse_of
from salesforce.warehouse import QUERIES, Warehouse

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from salesforce.org import Outcome
    from salesforce.records import Record

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once, and return the exit code: 1 if a record was not upserted."""
    options = parser().parse_args(arguments)
    try:
        return _load(options, os.environ)
    except (CorrectSettingError, RunAgainError) as error:
        _log(str(error))
        return 1
    except KeyboardInterrupt:
        _log("interrupted: the next run sends what is not confirmed")
        return INTERRUPTED


def _load(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    warehouse = Warehouse(warehouse_of(environment), options.schema)
    if options.dry_run:
        name = environment.get("SALESFORCE_DOMAIN")
        domain = domain_of(name) if name else ""
    else:
        credentials = Credentials.of(environment)
        domain = credentials.domain
    records = _records(warehouse, options)
    delivered = {} if options.full_refresh else warehouse.delivered(domain)
    changed = changes(records, delivered)
    _log(f"{OBJECT}: {len(records):,} records in the marts, {len(changed):,} to send")
    if options.dry_run:
        for sent in changed:
            sys.stdout.write(json.dumps(sent, ensure_ascii=False) + "\n")
        return 0
    if not changed:
        return 0
    session = RetryingSession(options.retry_seconds)
    org = Org(
        credentials,
        session,
        poll_seconds=options.poll_seconds,
        job_timeout_seconds=options.job_timeout,
    )
    upserted = sum(
        _send(org, warehouse, domain, part, file)
        for part, file in parts(changed, options.job_bytes)
    )
    _log(f"{upserted:,} upserted, {len(changed) - upserted:,} not, by {session.sent} requests")
    if org.usage:
        _log(f"API requests of the org in the last 24 hours: {org.usage}")
    return 0 if upserted == len(changed) else 1


def _records(warehouse: Warehouse, options: argparse.Namespace) -> list[Record]:
    """Return the records of the marts that exist, and log which do not."""
    marts = warehouse.marts()
    for mart in QUERIES:
        if mart not in marts:
            _log(f"the warehouse has no {options.schema}.{mart}: its metrics are left out")
    if not marts:
        msg = "there is nothing to send: run dbt build first, or set --schema"
        raise CorrectSettingError(msg)
    return [sent for mart in marts for sent in warehouse.records(mart, options.since)]


def _send(org: Org, warehouse: Warehouse, domain: str, part: list[Record], file: str) -> int:
    """Send the records of a job, log each that was not upserted, and return how many were."""
    digests = {str(sent[EXTERNAL_ID]): digest(sent) for sent in part}
    outcome: Outcome = org.upsert(file, digests.keys())
    if outcome.error:
        _log(outcome.error)
    for external_id, error in outcome.failed.items():
        _log(f"{external_id}: {error}")
    warehouse.remember(domain, {key: digests[key] for key in digests if key in outcome.upserted})
    return len(outcome.upserted)


def _log(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
