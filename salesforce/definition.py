"""The custom object, as the metadata in `force-app/` defines it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

OBJECT = "Genesys_Daily_Metric__c"
EXTERNAL_ID, DAY = "External_Id__c", "Day__c"
FOLDER = Path(__file__).parent / "force-app" / "main" / "default"
_METADATA = {"": "http://soap.sforce.com/2006/04/metadata"}


@cache
def fields() -> Mapping[str, str]:
    """Return API name -> type of the fields that can be sent: those without a formula."""
    types = {}
    for path in sorted((FOLDER / "objects" / OBJECT / "fields").glob("*.field-meta.xml")):
        field = ET.parse(path).getroot()  # noqa: S314 - a file of this project
        if field.find("formula", _METADATA) is None:
            name = field.findtext("fullName", "", _METADATA)
            types[name] = field.findtext("type", "", _METADATA)
    return types


@cache
def figures() -> frozenset[str]:
    """Return the API names of the numeric fields, which are the figures of a day."""
    return frozenset(name for name, kind in fields().items() if kind == "Number")
