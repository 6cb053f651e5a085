"""Regions: the API and login hosts of a region's name or of an org's domain."""

from __future__ import annotations

import pytest

from tap_genesys.config.regions import DOMAINS, hosts


def test_all_regions_of_the_vendor_are_known() -> None:
    """All 18 regions of the vendor have a domain."""
    assert len(DOMAINS) == 18


@pytest.mark.parametrize("region", sorted(DOMAINS))
def test_a_region_is_known_with_dashes_and_with_underscores(region: str) -> None:
    """A region is recognised with dashes or underscores, in any case, with spaces around it."""
    expected = (f"https://api.{DOMAINS[region]}", f"https://login.{DOMAINS[region]}")
    assert hosts(region) == hosts(region.replace("-", "_")) == expected
    assert hosts(f" {region.upper()} ") == expected


@pytest.mark.parametrize(
    ("domain", "api"),
    [
        ("mypurecloud.de", "https://api.mypurecloud.de"),
        ("usw2.pure.cloud", "https://api.usw2.pure.cloud"),
        ("api.mypurecloud.ie", "https://api.mypurecloud.ie"),
        ("newregion1.pure.cloud", "https://api.newregion1.pure.cloud"),
    ],
)
def test_a_domain_is_taken_as_it_is(domain: str, api: str) -> None:
    """A domain is accepted unchanged, as the vendor adds regions every year."""
    assert hosts(domain).api == api


@pytest.mark.parametrize("region", ["mars-1", "", "https://api.mypurecloud.de", "a b.com", "x/y.z"])
def test_any_other_text_is_refused_with_the_regions(region: str) -> None:
    """Any other text is an error that lists the regions and mentions domains."""
    with pytest.raises(ValueError, match=r"us-east-1.*your org's domain"):
        hosts(region)
