"""The tap: command line options, settings, and the parts that all its streams share."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import uuid
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

import click
from singer_sdk import Tap
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import (
    CapabilitiesEnum,
    PluginCapabilities,
    TapCapabilities,
)
from singer_sdk.singerlib import StateMessage
from typing_extensions import override

from tap_genesys.config.environment import from_environment
from tap_genesys.config.settings import SCHEMA
from tap_genesys.config.validation import (
    combined_problems,
    completed,
    environment_problems,
    json_object,
    notes,
    problems,
    renamed_settings,
)
from tap_genesys.endpoints.missing_history import setting_problems as history_problems
from tap_genesys.errors import Incomplete, SettingError, StopRun
from tap_genesys.interruption import Clock, Interrupted, Interruption
from tap_genesys.output.console import drop_idle_lines, terminal
from tap_genesys.output.writer import SingerWriter
from tap_genesys.preflight.assumptions.report import check as check_assumptions
from tap_genesys.preflight.check import check
from tap_genesys.preflight.fair_use import ALLOWANCES, users_by_licence
from tap_genesys.privacy.rules import problems as rule_problems
from tap_genesys.privacy.schema_check import misfits, unknown
from tap_genesys.replication import earlier_states
from tap_genesys.replication.windows import utc_now
from tap_genesys.run import Run
from tap_genesys.run_report import RunReport
from tap_genesys.streams import STREAMS
from tap_genesys.streams.runs import TapRuns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from types import FrameType
    from typing import IO

    from singer_sdk.plugin_base import _ConfigInput
    from singer_sdk.streams import Stream

    from tap_genesys.endpoints.kinds import Kind

#: The runs a day for which `--check` estimates a month: an hourly schedule, and the most.
RUNS_PER_DAY = 24
MOST_RUNS_PER_DAY = 288


class TapGenesys(Tap):
    """Singer tap for Genesys Cloud CX."""

    name = "tap-genesys"
    # A copy, since the SDK adds its own settings to it.
    config_jsonschema: ClassVar[dict[str, Any]] = {
        **SCHEMA,
        "properties": dict(SCHEMA["properties"]),
    }
    message_writer_class = SingerWriter
    # BATCH is left out: its files would be claimed by a STATE before they are complete.
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        # Sent after a listing, and not before it: see `endpoints.activate_version`.
        PluginCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the SDK's own
        self.interruption = Interruption()
        self.clock = Clock(self.interruption)
        self.now = utc_now
        self.started = self.now()
        self.run_id = str(uuid.uuid4())
        self._environment = os.environ if options.get("parse_env_config") else {}
        drop_idle_lines(self.logger)
        try:
            super().__init__(**options)
        except ValueError as error:
            lines = list(environment_problems(self._env_var_prefix, os.environ))
            if not lines:
                raise
            raise SettingError(lines) from error

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805
        return from_environment(cls)  # type: ignore[arg-type] # mypy takes it for an instance

    @cached_property
    def run(self) -> Run:
        """The parts that all streams of this run share."""
        return Run(
            self.config,
            interruption=self.interruption,
            clock=self.clock,
            started=self.started,
            user_agent=self.config.get("user_agent") or f"{self.name}/{self.plugin_version}",
            logger=self.logger,
            now=self.now,
        )

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(earlier_states.renamed(state))

    @override
    def discover_streams(self) -> list[Stream]:
        return [stream(self) for stream in STREAMS]

    @classmethod
    @override
    def invoke(  # type: ignore[override] # as the SDK's own tap does
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
        check: str = "off",
        check_runs_per_day: int = RUNS_PER_DAY,
        check_users: Iterable[str] = (),
    ) -> None:
        super(Tap, cls).invoke(about=about, about_format=about_format)
        cls.print_version(print_fn=cls.logger.info)
        tap = cls(
            config={} if config is None else config.config,
            state=None if state is None else json_object("--state", state),
            catalog=None if catalog is None else json_object("--catalog", catalog),
            parse_env_config=config is not None and config.parse_env,
        )
        if check.startswith("assumptions"):
            report = check_assumptions(tap.run, tap.plugin_version)
            click.echo(report.as_json() if check.endswith("json") else report.as_table())
            return
        if check != "off":
            tap.check(
                as_json=check == "json",
                runs_per_day=check_runs_per_day,
                users=users_by_licence("--check-users", check_users),
            )
            return
        tap.sync_or_leave()

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        command.params.append(
            click.Option(
                ["--check"],
                is_flag=False,
                flag_value="table",
                default="off",
                type=click.Choice(["off", "table", "json", "assumptions", "assumptions-json"]),
                help="Check the settings, and the access to each selected stream with a small "
                "request, and estimate the API requests. --check prints a table, --check=json "
                "prints JSON. --check=assumptions (or assumptions-json): test against the org what "
                "the tap assumes about the vendor's API. Writes no Singer messages.",
            )
        )
        command.params.append(
            click.Option(
                ["--check-runs-per-day"],
                default=RUNS_PER_DAY,
                show_default=True,
                type=click.IntRange(1, MOST_RUNS_PER_DAY),
                help="With --check: runs per day, for the estimate of API requests per month.",
            )
        )
        command.params.append(
            click.Option(
                ["--check-users"],
                multiple=True,
                metavar="LICENCE=USERS",
                help="With --check: number of named users of a licence, such as CX2=120. The "
                "estimate is compared with the API requests per month that these licences include. "
                f"Licences: {', '.join(ALLOWANCES)}. May be repeated.",
            )
        )
        return command

    @override
    def setup_mapper(self) -> None:
        super().setup_mapper()
        # A catalog may leave out the parent of a stream that it has.
        for name in self.streams.keys() - self.mapper.stream_maps.keys():
            stream = self.streams[name]
            self.mapper.register_raw_stream_schema(name, stream.schema, stream.primary_keys)

    def check(
        self,
        *,
        as_json: bool = False,
        runs_per_day: int = RUNS_PER_DAY,
        users: Mapping[str, int] | None = None,
    ) -> None:
        """Print for each selected stream whether it can be read, and how many requests it costs.

        Args:
            as_json: Whether to print JSON instead of a table.
            runs_per_day: Runs per day, for the estimate of requests per month.
            users: Licence -> number of users, whose included requests per month are compared.

        Raises:
            SystemExit: With code 1, where a selected stream cannot be read.
        """
        self._check_personal_data()
        report = check(self.run, self._read_streams, runs_per_day=runs_per_day, users=users)
        click.echo(report.as_json() if as_json else report.as_table())
        if not report.ok:
            sys.exit(1)

    @property
    def _kinds(self) -> list[Kind]:
        """All streams of the vendor's data."""
        streams = [one for one in self.streams.values() if one.name != TapRuns.name]
        return cast("list[Kind]", streams)

    @property
    def _run_stream(self) -> TapRuns | None:
        """The stream of the tap's own runs; None where it is not selected."""
        stream = self.streams.get(TapRuns.name)
        return cast("TapRuns", stream) if stream and stream.selected else None

    @property
    def _read_streams(self) -> list[Kind]:
        """The streams that are read: the selected ones, and the parents of these."""
        return [
            stream for stream in self._kinds if stream.selected or stream.has_selected_descendents
        ]

    def sync_or_leave(self) -> None:
        """Sync all streams, report the run, and raise the error with which it ends.

        Raises:
            Interrupted: A signal ended the run; the last true STATE has been written.
            Incomplete: A window could not be read completely.
            StopRun: Every selected stream was skipped, or one was and that is an error
                (`fail_on_skipped_streams`).
        """
        report = RunReport(
            self.run,
            version=self.plugin_version,
            streams=[stream.name for stream in self._read_streams],
            bookmark=self._bookmark,
            lanes=lambda name: cast("Kind", self.streams[name]).lanes,
            run_id=self.run_id,
        )
        with report.recorded():
            self._check_personal_data()
            selected = {stream.name for stream in self._kinds if stream.selected}
            for name in sorted({*self.config["load_history"]} - selected):
                self.logger.warning(
                    "load_history: %s is not selected, so nothing is loaded of it.", name
                )
            with (
                report.emitted(self._run_stream),
                self.run.progress_logger.active(terminal()),
            ):
                self._sync_or_leave()

    def _sync_or_leave(self) -> None:
        try:
            self.sync_all()
        except Interrupted as leaving:
            self.write_message(StateMessage(value=self.state))
            self.logger.warning(
                "Interrupted by a signal: the run ends with exit code %s.", leaving.code
            )
            raise
        finally:
            self._log_skipped()
        if self.run.incomplete:
            windows = "\n".join(self.run.incomplete)
            msg = f"Incomplete (incomplete_windows is fail); run again later. {windows}"
            raise Incomplete(msg)
        selected = [stream.name for stream in self._kinds if stream.selected]
        if selected and self.run.skipped.keys() >= set(selected):
            msg = f"Every selected stream was skipped: {', '.join(sorted(self.run.skipped))}."
            raise StopRun(msg)
        if self.config["fail_on_skipped_streams"] and self.run.skipped:
            # Only now, so that all other streams have been read.
            names = ", ".join(sorted(self.run.skipped))
            msg = f"Skipped streams are an error (fail_on_skipped_streams): {names}."
            raise StopRun(msg)

    def _bookmark(self, stream: str) -> str | None:
        """Return the bookmark of a stream in the state."""
        value = self.state.get("bookmarks", {}).get(stream, {}).get("replication_key_value")
        return None if value is None else str(value)

    def _log_skipped(self) -> None:
        """Log the skipped streams once more, together, after the sync."""
        # Streams that follow one that was skipped have the same reason.
        reasons: dict[str, list[str]] = {}
        for name, reason in self.run.skipped.items():
            reasons.setdefault(reason, []).append(name)
        if reasons:
            lines = "; ".join(f"{', '.join(names)} ({reason})" for reason, names in reasons.items())
            self.logger.warning("Skipped: %s", lines)

    def _check_personal_data(self) -> None:
        """Check the `pii` rules against the schemas of the streams that they apply to.

        Raises:
            SettingError: A rule would redact a key, or leave a column with the wrong type.
        """
        rules = self.config.get("pii") or []
        schemas = {stream.name: stream.schema for stream in self._kinds}
        # The rules apply to the records that tables are made of.
        read_streams = [stream for stream in self._read_streams if not stream.is_derived]
        read = {stream.name: stream.schema for stream in read_streams}
        keys = {
            stream.name: {*stream.primary_keys, stream.replication_key or "", *stream.key_columns}
            for stream in read_streams
        }
        if lines := misfits(rules, read, keys):
            raise SettingError(lines)
        for field in unknown(rules, schemas):
            self.logger.warning(
                "pii: no schema has the field %s; the rule applies all the same, if the vendor "
                "sends this field.",
                json.dumps(field),
            )

    @override
    def _setup_signal_handlers(self) -> None:
        """Only note a signal: the SDK's own handler writes STATE in the middle of a line.

        It also exits with code 0, which a scheduler takes for success.
        """
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._handle_termination)
            signal.signal(signal.SIGTERM, self._handle_termination)

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        self.interruption.handle(signum, frame)

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings with messages of our own: the SDK's name neither setting nor remedy.

        Raises:
            SettingError: A setting is wrong.
        """
        self.append_builtin_config(self.config_jsonschema)
        schemas = self.config_jsonschema["properties"]
        self._config = completed(self._config, os.environ, schemas)
        lines = [
            *renamed_settings(self._config, self._env_var_prefix, self._environment),
            *setting_problems(self._config, self.started, schemas),
        ]
        if lines and raise_errors:
            raise SettingError(lines)
        if not lines:
            for note in notes(self._config):
                self.logger.warning(note)
        return lines


def setting_problems(
    config: Mapping[str, Any], now: datetime, schemas: Mapping[str, dict[str, Any]]
) -> list[str]:
    """Return one line per wrong setting; if there is none, one per wrong combination.

    Args:
        config: Completed settings.
        now: When the run started.
        schemas: Setting -> its JSON schema.
    """
    return list(problems(config, schemas)) or [
        *rule_problems(config.get("pii"), config.get("pii_hash_key")),
        *combined_problems(config, now),
        *history_problems(config, STREAMS),
    ]
