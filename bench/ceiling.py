"""The maximum throughput of the server: responses are received and discarded.

python ceiling.py PORT CONNECTIONS REQUESTS prints the rows per second over all connections.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time

QUERY = "/api/v2/analytics/conversations/details/query"
PAGE = 100


def fetch(port: int, requests: int) -> None:
    """Send requests over one connection, and discard the responses."""
    paging = {"pageSize": PAGE, "pageNumber": 1}
    body = json.dumps({"interval": "2026-03-09T00:00:00Z/2026-03-10T00:00:00Z", "paging": paging})
    request = f"POST {QUERY} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    into = memoryview(bytearray(1 << 20))
    with socket.create_connection(("127.0.0.1", port)) as line:
        for _ in range(requests):
            line.sendall(request)
            got = line.recv(1 << 16)
            head, _, rest = got.partition(b"\r\n\r\n")
            left = int(head.rpartition(b"Content-Length: ")[2]) - len(rest)
            while left:
                left -= line.recv_into(into, min(left, len(into)))


def main(port: str, connections: str, requests: str) -> None:
    """Print the rows per second."""
    each = int(requests) // int(connections)
    threads = [
        threading.Thread(target=fetch, args=(int(port), each)) for _ in range(int(connections))
    ]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(each * len(threads) * PAGE / (time.monotonic() - begun))


if __name__ == "__main__":
    main(*sys.argv[1:])
