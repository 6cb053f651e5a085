"""The base URLs of API and login host for an AWS region or a domain."""

from __future__ import annotations

import re
from typing import NamedTuple

#: AWS region -> domain; all 18 of the vendor's Python SDK 269.0.0 (`PureCloudRegionHosts`).
DOMAINS = {
    "us-east-1": "mypurecloud.com",
    "us-east-2": "use2.us-gov-pure.cloud",
    "us-west-2": "usw2.pure.cloud",
    "ca-central-1": "cac1.pure.cloud",
    "mx-central-1": "mxc1.pure.cloud",
    "sa-east-1": "sae1.pure.cloud",
    "eu-west-1": "mypurecloud.ie",
    "eu-west-2": "euw2.pure.cloud",
    "eu-central-1": "mypurecloud.de",
    "eu-central-2": "euc2.pure.cloud",
    "eusc-de-east-1": "edee1.eusc-pure.cloud",
    "me-central-1": "mec1.pure.cloud",
    "ap-south-1": "aps1.pure.cloud",
    "ap-southeast-1": "apse1.pure.cloud",
    "ap-southeast-2": "mypurecloud.com.au",
    "ap-northeast-1": "mypurecloud.jp",
    "ap-northeast-2": "apne2.pure.cloud",
    "ap-northeast-3": "apne3.pure.cloud",
}
_DOMAIN = re.compile(r"(?:(?:api|login|apps)\.)?((?:[a-z0-9-]+\.)+[a-z]{2,})")


class Hosts(NamedTuple):
    """Base URLs, without a trailing slash."""

    api: str
    login: str


def hosts(region: str) -> Hosts:
    """Return the base URLs of a region's API and login host.

    Args:
        region: An AWS region, written with `-` or `_`, or a domain such as `mypurecloud.de`. New
            regions appear yearly, so domains that are not in `DOMAINS` are accepted.

    Raises:
        ValueError: The text is neither; the message is the remedy.
    """
    text = region.strip().lower()
    domain = DOMAINS.get(text.replace("_", "-"))
    if domain is None:
        match = _DOMAIN.fullmatch(text)
        if match is None:
            regions = ", ".join(sorted(DOMAINS))
            msg = f"use an AWS region ({regions}) or your org's domain, for example mypurecloud.de"
            raise ValueError(msg)
        domain = match[1]
    return Hosts(f"https://api.{domain}", f"https://login.{domain}")
