"""The settings: secrets from the environment, the rest from the command line."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from salesforce.errors import CorrectSettingError

if TYPE_CHECKING:
    from collections.abc import Mapping

DESCRIPTION = "Upsert what has changed of the daily metrics into Salesforce."
#: The vendor converts a file to base64, and takes 150 MB of that:
#: https://developer.salesforce.com/docs/platform/api-asynch/guide/upload-job-data.md
MOST_BYTES = 100_000_000
#: The end of each address of an org.
ORG = ".salesforce.com"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The address of an org, and the consumer key and secret of an app with client credentials.

    Args:
        domain: The address without its end: `example.my`, `example--test.sandbox.my`.
        key: The consumer key.
        secret: The consumer secret.
    """

    domain: str
    key: str = field(repr=False)
    secret: str = field(repr=False)

    @property
    def host(self) -> str:
        """The host of the org."""
        return self.domain + ORG

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Credentials:
        """Read the credentials."""
        key, secret = (
            _required(environment, name)
            for name in ("SALESFORCE_CONSUMER_KEY", "SALESFORCE_CONSUMER_SECRET")
        )
        return cls(domain_of(_required(environment, "SALESFORCE_DOMAIN")), key, secret)


def domain_of(text: str) -> str:
    """Return the domain of an org, from its address or a part of it."""
    domain = re.sub(r"^https?://", "", text.strip().lower()).rstrip("/").removesuffix(ORG)
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", domain):
        msg = (
            f"SALESFORCE_DOMAIN is {text!r}: set the org's My Domain, as example.my.salesforce.com "
            "(login and test have no client credentials flow)"
        )
        raise CorrectSettingError(msg)
    return domain


def warehouse_of(environment: Mapping[str, str]) -> str:
    """Return the path of a DuckDB file, or the URL of a PostgreSQL database."""
    url = _required(environment, "WAREHOUSE_URL")
    url = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", url)
    if "://" in url and not url.startswith("postgresql://"):
        msg = (
            "WAREHOUSE_URL: set the path of a DuckDB file, or a URL that begins with postgresql://"
        )
        raise CorrectSettingError(msg)
    try:
        urlsplit(url)
    except ValueError:
        msg = "WAREHOUSE_URL is no URL: escape the characters of user and password"
        raise CorrectSettingError(msg) from None
    return url


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        msg = f"{name} is not set in the environment"
        raise CorrectSettingError(msg)
    return value


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    options = argparse.ArgumentParser(prog="python -m salesforce", description=DESCRIPTION)
    options.add_argument("--schema", default="marts", help="schema of the marts (marts)")
    options.add_argument(
        "--since", type=date.fromisoformat, help="first day, as 2026-11-01; all days without it"
    )
    options.add_argument(
        "--dry-run", action="store_true", help="print the records as JSON lines, and send nothing"
    )
    options.add_argument(
        "--full-refresh", action="store_true", help="send all records, changed or not"
    )
    options.add_argument(
        "--job-bytes",
        type=_positive,
        default=MOST_BYTES,
        help="size of a job's file at most (100 MB)",
    )
    options.add_argument(
        "--job-timeout", type=_seconds, default=3600.0, help="seconds that a job may take (3600)"
    )
    options.add_argument(
        "--poll-seconds", type=_seconds, default=5.0, help="wait before a job's first poll (5)"
    )
    options.add_argument(
        "--retry-seconds", type=_seconds, default=2.0, help="wait before the first retry (2)"
    )
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        msg = "it has to be 1 or more"
        raise argparse.ArgumentTypeError(msg)
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        msg = "it has to be 0 or more"
        raise argparse.ArgumentTypeError(msg)
    return number
