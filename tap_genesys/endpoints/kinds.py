"""The kinds of stream, for code that treats all of them alike."""

from __future__ import annotations

from typing import TypeAlias

from tap_genesys.endpoints.derived_tables import TableStream
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.endpoints.windowed import WindowedStream

#: A stream that makes requests.
RequestStream: TypeAlias = FullTableStream | WindowedStream
#: Any stream of the tap: each has its `cost`, and `is_derived` if it is made from another one.
Kind: TypeAlias = RequestStream | TableStream
