"""Type aliases for the kinds of stream, for code that handles all of them."""

from __future__ import annotations

from typing import TypeAlias

from tap_genesys.endpoints.derived_tables import TableStream
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.endpoints.windowed import WindowedStream

#: A stream that sends requests.
RequestStream: TypeAlias = FullTableStream | WindowedStream
#: Any stream of the vendor's data: each has `cost`, `lanes` and `is_derived`.
Kind: TypeAlias = RequestStream | TableStream
