"""tap-purecloud of 2019, its conversations alone. Runs in an environment of its own, of Python 3.9.

python purecloud.py URL FIRST_DAY DAYS. It reads day by day up to today, so today is set to the
last day.
"""

import datetime as dt
import sys
from types import SimpleNamespace

import PureCloudPlatformApiSdk
import tap_purecloud


def main(url, first, days):  # noqa: ANN001, ANN201 - it is run by an old Python
    """Print what there is."""
    start = dt.datetime.strptime(first, "%Y-%m-%d").date()  # noqa: DTZ007

    class Day(dt.date):
        @classmethod
        def today(cls):  # noqa: ANN206
            return start + dt.timedelta(days=int(days) - 1)

    tap_purecloud.datetime = SimpleNamespace(date=Day, datetime=dt.datetime, timedelta=dt.timedelta)
    tap_purecloud.BASE_PURECLOUD_AUTH_HOST = url
    config = {
        "client_id": "demo",
        "client_secret": "demo-secret",
        "domain": "",
        "start_date": start,
    }
    PureCloudPlatformApiSdk.configuration.access_token = tap_purecloud.get_access_token(config)
    PureCloudPlatformApiSdk.configuration.host = url
    tap_purecloud.sync_conversations(config)


if __name__ == "__main__":
    main(*sys.argv[1:])
