"""The floor: `requests` and `orjson`, page after page, as Singer lines, and nothing else.

python floor.py URL FIRST_DAY DAYS [PAGE_SIZE]
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import requests

QUERY = "/api/v2/analytics/conversations/details/query"


def main(url: str, first: str, days: str, size: str = "100") -> None:
    """Print all conversations as Singer messages."""
    session = requests.Session()
    login = session.post(
        f"{url}/oauth/token", data={"grant_type": "client_credentials"}, timeout=60
    )
    session.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
    # Python's own buffer is so small that each record would cost a system call.
    out = open(sys.stdout.fileno(), "wb", buffering=1 << 18, closefd=False)  # noqa: SIM115
    for offset in range(int(days)):
        start = date.fromisoformat(first) + timedelta(days=offset)
        interval = f"{start}T00:00:00.000Z/{start + timedelta(days=1)}T00:00:00.000Z"
        number = 1
        while True:
            query: dict[str, Any] = {
                "interval": interval,
                "order": "asc",
                "orderBy": "conversationStart",
                "paging": {"pageSize": int(size), "pageNumber": number},
            }
            response = session.post(f"{url}{QUERY}", json=query, timeout=60)
            response.raise_for_status()
            rows = orjson.loads(response.content).get("conversations") or []
            now = datetime.now(UTC)
            for row in rows:
                message = {
                    "type": "RECORD",
                    "stream": "conversation_details",
                    "record": row,
                    "time_extracted": now,
                }
                out.write(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))
            if len(rows) < int(size):
                break
            number += 1
    out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
