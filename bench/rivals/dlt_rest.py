"""dlt's generic REST source, set up for the details query as its documentation shows.

python dlt_rest.py URL FIRST_DAY DAYS [files]. Runs in an environment of its own. By default its
rows are printed as Singer lines, without all that dlt does with them afterwards; with `files`, a
pipeline breaks them up into tables and writes those as JSON lines, which is what its users run.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dlt
import orjson
from dlt.sources.rest_api import rest_api_source


def source(url: str, day: date) -> Any:  # noqa: ANN401 - dlt's
    """Return a source of one day's conversations."""
    interval = f"{day}T00:00:00.000Z/{day + timedelta(days=1)}T00:00:00.000Z"
    query = {"interval": interval, "order": "asc", "orderBy": "conversationStart"}
    return rest_api_source(
        {
            "client": {
                "base_url": url,
                "auth": {
                    "type": "oauth2_client_credentials",
                    "access_token_url": f"{url}/oauth/token",
                    "client_id": "demo",
                    "client_secret": "demo-secret",
                },
            },
            "resources": [
                {
                    "name": "conversations",
                    "primary_key": "conversationId",
                    "endpoint": {
                        "path": "api/v2/analytics/conversations/details/query",
                        "method": "POST",
                        "json": {**query, "paging": {"pageSize": 100, "pageNumber": 1}},
                        "data_selector": "conversations",
                        "paginator": {
                            "type": "page_number",
                            "base_page": 1,
                            "page_body_path": "paging.pageNumber",
                            "total_path": None,
                            "stop_after_empty_page": True,
                        },
                    },
                }
            ],
        }
    )


def main(url: str, first: str, days: str, into: str = "") -> None:
    """Print, or load, what there is."""
    wanted = [date.fromisoformat(first) + timedelta(days=offset) for offset in range(int(days))]
    if into == "files":
        with tempfile.TemporaryDirectory() as folder:
            pipeline = dlt.pipeline(
                "bench",
                pipelines_dir=f"{folder}/pipelines",
                destination=dlt.destinations.filesystem(f"file://{folder}/out"),
                dataset_name="genesys",
            )
            for day in wanted:
                pipeline.run(source(url, day), loader_file_format="jsonl")
                counts = pipeline.last_trace.last_normalize_info.row_counts
                sys.stdout.write("loaded\n" * counts.get("conversations", 0))
        return
    out = open(sys.stdout.fileno(), "wb", buffering=1 << 18, closefd=False)  # noqa: SIM115
    for day in wanted:
        for row in source(url, day).resources["conversations"]:
            message = {"type": "RECORD", "stream": "conversation_details", "record": row}
            line = {**message, "time_extracted": datetime.now(UTC)}
            out.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
