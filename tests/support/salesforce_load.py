"""The marts of two queues and an agent, in either warehouse, and runs of `python -m salesforce`."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Protocol

from support.loaders import ROOT
from support.salesforce_api import HOST, KEY, SECRET

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from support.salesforce_api import SalesforceOrg

PYTHON = ROOT / ".venv-salesforce/bin/python"
PATIENCE = 60
#: The columns of the marts that the queries read, with the types that dbt gives them.
CREATE = """\
create schema marts;
create table marts.genesys__queue_intervals (
  queue_id text, queue_name text, media_type text, interval_start_local timestamp,
  offered bigint, answered bigint, abandoned bigint, short_abandoned bigint, handled bigint,
  transferred bigint,
  service_level_numerator decimal(38, 9), service_level_denominator decimal(38, 9),
  answer_seconds decimal(38, 3), abandon_seconds decimal(38, 3),
  longest_wait_seconds decimal(38, 3), talk_seconds decimal(38, 3), hold_seconds decimal(38, 3),
  after_call_work_seconds decimal(38, 3), handle_seconds decimal(38, 3));
create table marts.genesys__agent_intervals (
  user_id text, agent_name text, interval_start_local timestamp, answered bigint, handled bigint,
  transferred bigint, talk_seconds decimal(38, 3), hold_seconds decimal(38, 3),
  after_call_work_seconds decimal(38, 3), handle_seconds decimal(38, 3),
  logged_in_seconds decimal(38, 3), on_queue_seconds decimal(38, 3), idle_seconds decimal(38, 3),
  interacting_seconds decimal(38, 3), communicating_seconds decimal(38, 3),
  not_responding_seconds decimal(38, 3));
create table marts.dim_agent (user_id text, email text, is_current boolean);
insert into marts.genesys__queue_intervals values
  ('q1', 'Billing, "first"', 'voice', '2026-11-26 23:30:00',
    4, 3, 1, 0, 3, 1, 2, 4, 30.5, 12, 20.25, 300, 20, 60, 380),
  ('q1', 'Billing, "first"', 'voice', '2026-11-27 00:00:00',
    2, 2, 0, 0, 2, 0, 2, 2, 9.125, 0, 5, 100, 0, 20, 120),
  ('q1', 'Billing, "first"', 'voice', '2026-11-27 00:30:00',
    3, 2, 1, 1, 2, 0, 1, 2, 10, 3, 9, 50, 0, 10, 60),
  ('q2', 'Complaints', 'email', '2026-11-27 09:00:00',
    1, 1, 0, 0, 1, 0, null, null, 400, 0, null, 0, 0, 0, 0);
insert into marts.genesys__agent_intervals values
  ('u1', 'Ana Müller', '2026-11-27 00:00:00',
    2, 2, 0, 100, 0, 20, 120, 1800, 1700, 1500, 200, 0, 0),
  ('u1', 'Ana Müller', '2026-11-27 00:30:00',
    2, 2, 0, 50, 0, 10, 60, 1800, 1800, 1700, 60, 0, 40);
insert into marts.dim_agent values
  ('u1', 'old@example.com', false), ('u1', 'ana@example.com', true);
"""
BILLING, EARLIER = "queue/q1/voice/2026-11-27", "queue/q1/voice/2026-11-26"
COMPLAINTS, AGENT = "queue/q2/email/2026-11-27", "agent/u1/2026-11-27"
ALL = {BILLING, EARLIER, COMPLAINTS, AGENT}
CERTIFICATE = """\
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
host, path = sys.argv[1:]
key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
now = datetime.datetime.now(datetime.UTC)
certificate = (
    x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    .serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
    .not_valid_after(now + datetime.timedelta(days=1))
    .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False)
    .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    .sign(key, hashes.SHA256())
)
with open(path, "wb") as file:
    file.write(key.private_bytes(serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    file.write(certificate.public_bytes(serialization.Encoding.PEM))
"""
RUN_SQL = """\
import duckdb, json, sys
with duckdb.connect(sys.argv[1]) as database:
    result = database.execute(sys.stdin.read())
    json.dump(result.fetchall() if result.description else [], sys.stdout, default=str)
"""


class Warehouse(Protocol):
    """A warehouse with marts."""

    @property
    def url(self) -> str:
        """The address, as WAREHOUSE_URL."""

    def run(self, sql: str) -> None:
        """Run statements."""


class DuckDB:
    """A DuckDB file, which the command's own environment writes."""

    def __init__(self, folder: Path) -> None:
        self.url = str(folder / "genesys.duckdb")

    def run(self, sql: str) -> None:
        subprocess.run(  # noqa: S603 - our own program
            [PYTHON, "-c", RUN_SQL, self.url], input=sql, text=True, check=True, capture_output=True
        )


class Load:
    """A run of the command against an org."""

    def __init__(
        self,
        org: SalesforceOrg,
        certificate: Path,
        warehouse: Warehouse,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "HTTPS_PROXY": org.url,
            "REQUESTS_CA_BUNDLE": str(certificate),
            "SALESFORCE_DOMAIN": HOST,
            "SALESFORCE_CONSUMER_KEY": KEY,
            "SALESFORCE_CONSUMER_SECRET": SECRET,
            "WAREHOUSE_URL": warehouse.url,
            **(variables or {}),
        }
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [PYTHON, "-m", "salesforce", "--poll-seconds=0", "--retry-seconds=0", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self) -> tuple[int, str, str]:
        """Wait for its end; return the exit code, stdout and stderr, which have no secret."""
        out, log = self.process.communicate(timeout=PATIENCE)
        assert not [secret for secret in (KEY, SECRET, "token-of") if secret in out + log]
        assert "Traceback" not in log
        return self.process.returncode, out, log
