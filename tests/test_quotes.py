"""The documents quote what exists: error lines, commands, settings, files, measured figures."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from support.documents import DOCUMENTS, blocks, figures, missing_phrases, name, prose, rows
from support.scripts import ROOT

from tap_genesys.config.settings import SCHEMA
from tap_genesys.simulator import World
from tap_genesys.simulator.__main__ import _parser as simulator_parser
from tap_genesys.tap import TapGenesys

if TYPE_CHECKING:
    from pathlib import Path

README, DOCS, BENCH = ROOT / "README.md", ROOT / "docs", ROOT / "bench"
FRESHNESS, OPERATIONS = DOCS / "freshness.md", DOCS / "operations.md"
#: The quoted lines of docs/troubleshooting.md: the first cells of its tables.
ERRORS = re.findall(
    r"^\| `([^\n]+?)` \|", (DOCS / "troubleshooting.md").read_text("utf-8"), re.MULTILINE
)
#: The quoted log lines of docs/operations.md, those apart that `update_docs` writes.
LOGGED = [
    line
    for block in re.findall(
        r"(?<!-->\n)```text\n(.*?)```", OPERATIONS.read_text("utf-8"), re.DOTALL
    )
    for line in block.splitlines()
]
#: Settings of the SDK, and of targets, that documents name.
FOREIGN = {"stream_maps", "flattening_enabled"}
FILES = re.compile(r"`((?:tap_genesys|tests|scripts|bench|orchestrate|salesforce|docs)/[\w./]+)`")
#: Files that the changelog names because they are gone.
FORMER = {"docs/lanes.md"}
#: Figures below are counts of streams, days, hours and the like, which no file in bench/ has.
SMALLEST_FIGURE = 100


@pytest.mark.parametrize("line", [*ERRORS, *LOGGED])
def test_a_quoted_line_has_the_words_of_the_code(line: str) -> None:
    """Each phrase of an error or log line occurs in a text of the tap, numbers and names aside.

    Phrases of the vendor's are texts of the simulator, which is a part of the package.
    """
    assert not missing_phrases(line, ROOT / "tap_genesys")


def test_a_line_that_the_code_does_not_have_is_found() -> None:
    """A line that is quoted wrongly is one that a reader cannot search for."""
    line = "Gave in after 8 tries (retry_max_tries): 503"
    assert missing_phrases(line, ROOT / "tap_genesys") == ["Gave in after"]
    # Each half is in a text, but neither where the code joins texts.
    line = "begins at ..., and what is more than 558 days old"
    assert missing_phrases(line, ROOT / "tap_genesys") == ["and what is more than"]


def test_a_docstring_is_no_line_of_the_code(tmp_path: Path) -> None:
    """A phrase that only a docstring has is none that the tap logs."""
    (tmp_path / "client.py").write_text('"""The token has expired."""\nraise Error("No token")\n')
    assert missing_phrases("The token has expired.", tmp_path) == ["The token has expired"]
    assert missing_phrases("No token", tmp_path) == []


def test_lines_are_quoted() -> None:
    """The tables and blocks are where the tests look for them."""
    assert len(ERRORS) > 25
    assert len(LOGGED) > 4


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_a_quoted_file_exists(document: Path) -> None:
    """A path that a document names is a file or folder of the project."""
    for path in FILES.findall(document.read_text("utf-8")):
        assert (ROOT / path).exists() or path in FORMER, path


@pytest.mark.parametrize("document", [ROOT / "CONTRIBUTING.md", DOCS / "design.md"], ids=name)
def test_a_quoted_module_exists(document: Path) -> None:
    """A module of the package, or a test, may be named without the folder that it is in."""
    folders = (ROOT, ROOT / "tap_genesys", ROOT / "tests")
    for path in re.findall(r"`([\w/]+\.py)`", document.read_text("utf-8")):
        assert any((folder / path).exists() for folder in folders), path


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_a_quoted_command_has_the_options_that_it_names(document: Path) -> None:
    """Commands of the tap, of the simulator and of Meltano, with the options of each parser."""
    tap = {option for param in TapGenesys.cli.params for option in param.opts}
    simulator = {
        option for action in simulator_parser()._actions for option in action.option_strings
    }
    for words in _commands(document):
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        if words[0] == "tap-genesys":
            assert options <= tap, words
        if words[:3] == ["python", "-m", "tap_genesys.simulator"]:
            assert options <= simulator, words
        if words[0] == "meltano":
            assert words[1] in {"install", "run", "invoke", "state", "add"}, words


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_a_quoted_target_is_one_of_the_makefile(document: Path) -> None:
    """`make X` in a document is a target that a reader can run."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)", document.read_text("utf-8"))) <= set(targets)


def _commands(document: Path) -> list[list[str]]:
    """Return the words of each command in a document's console blocks and inline code."""
    lines = [line for block in blocks(document, "console") for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", prose(document))
    starts = ("tap-genesys ", "meltano ", "python -m ")
    commands = [line.removeprefix("$ ").partition("  #")[0] for line in lines]
    return [
        shlex.split(part)
        for command in commands
        for part in command.split(" | ")
        if part.startswith(starts) and not part.startswith("meltano --environment")
    ]


def test_the_simulator_page_has_every_option_and_its_first_value() -> None:
    """The tables of docs/simulator.md are the options of the command, with their defaults."""
    page = (DOCS / "simulator.md").read_text("utf-8")
    documented = dict(re.findall(r"^\| `(--[\w-]+)` \| ([^|]*) \|", page, re.MULTILINE))
    documented |= dict(
        re.findall(r"^\| `(--[\w-]+)`, `--[\w-]+` \| ([^|]*) \|", page, re.MULTILINE)
    )
    for action in simulator_parser()._actions:
        option = action.option_strings[-1]
        if isinstance(action, argparse._HelpAction):
            continue
        assert f"`{option}" in page, option
        if action.choices and documented[option] != "the same":
            assert documented[option].startswith(f"`{action.default}`"), option


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_a_quoted_config_is_one(document: Path) -> None:
    """JSON and YAML parse, and their settings are the tap's."""
    settings = set(SCHEMA["properties"]) | FOREIGN
    for block in blocks(document, "json"):
        assert set(json.loads(block)) <= settings
    for block in blocks(document, "yaml"):
        for extractor in yaml.safe_load(block)["plugins"]["extractors"]:
            assert set(extractor["config"]) <= settings


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_a_setting_with_a_value_exists(document: Path) -> None:
    """`setting: value` in a document is a setting of the tap, or of a loader in meltano.yml."""
    meltano = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))["plugins"]
    loaders = {setting["name"] for one in meltano["loaders"] for setting in one["settings"]}
    known = set(SCHEMA["properties"]) | FOREIGN | loaders
    # Keys of Meltano itself, of target-postgres, and of a response.
    known |= {"select", "hard_delete", "activate_version", "limit"}
    for setting in re.findall(r"`([a-z]+_?[a-z_]*): [^`]+`", prose(document)):
        assert setting in known, setting


def test_the_demo_s_output_is_that_of_its_scripts() -> None:
    """Each line is a text of scripts/demo, a row of its tables, or the command that it runs.

    Names of the simulated org stand for values.
    """
    (block,) = [block for block in blocks(README, "console") if "$ make demo" in block]
    org = World()
    names = "|".join(row["name"] for row in (*org.queues(), *org.wrapup_codes()))
    for quoted in block.splitlines()[1:]:
        line = re.sub(rf"\b({names})\b", "1", quoted)
        is_row = re.fullmatch(r"[\w ]+?(  +[\d,.%]+)+|(stream|queue)(  +[a-z ]+)+", line)
        if line not in {"", "..."} and not is_row and not line.startswith("meltano --environment"):
            for part in re.split(r" {2,}", line):
                assert not missing_phrases(part, ROOT / "scripts" / "demo")


#: Document, heading, and the files in bench/ that have the figures of the tables below it.
MEASURED = [
    (README, "How fresh, and how costly", ("rows_per_day.json", "requests_per_day.txt")),
    (FRESHNESS, "What it costs", ("rows_per_day.json", "requests_per_day.txt")),
    (FRESHNESS, "Presences and routing statuses", ("requests_of_presences.txt",)),
    (DOCS / "aggregates.md", "How it is read", ("rows_of_aggregates.txt",)),
    (DOCS / "file-first.md", "How fast", ("file_first.txt",)),
    (DOCS / "loaders.md", "Settings, and what they cost", ("loaders.txt",)),
]


@pytest.mark.parametrize(("document", "heading", "files"), MEASURED)
def test_figures_of_a_table_are_those_of_a_file(
    document: Path, heading: str, files: tuple[str, ...]
) -> None:
    """A measured figure is in the output of the script that measured it, kept in bench/."""
    measured: set[float] = set()
    for file in files:
        text = (BENCH / file).read_text("utf-8")
        measured |= _sums(json.loads(text)) if file.endswith(".json") else figures(text)
    measured |= {24 * figure for figure in measured}  # of one run, times 24
    quoted = {
        figure for row in rows(document, heading) for cell in row[1:] for figure in figures(cell)
    }
    assert len(quoted) > 5
    assert {figure for figure in quoted if figure >= SMALLEST_FIGURE} <= measured


def _sums(measured: dict[str, Any]) -> set[float]:
    """Return the figures of bench/rows_per_day.json, and the sums that documents have of them."""
    found: set[float] = set()
    for day in measured["days"]:
        found |= figures(json.dumps(day))
        found |= {float(sum(day["requests"].values())), float(sum(day["details"].values()))}
        found |= {round(day["stale"]), round(day["behind"])}
    return found


def test_delays_are_those_of_the_measured_days() -> None:
    """The hours by which `auto` is behind, for each lag of the data lake."""
    days = json.loads((BENCH / "rows_per_day.json").read_text("utf-8"))["days"]
    overlap = [day for day in days if day["reading"] == "overlap"]
    delays = [(round(day["stale"]), round(day["behind"])) for day in overlap]
    text = FRESHNESS.read_text("utf-8")
    for day, (stale, behind) in zip(overlap, delays, strict=True):
        assert f"| {day['lag']} h | {stale} h | {behind} h |" in text
    readme = README.read_text("utf-8")
    assert f"within {' · '.join(str(behind) for _, behind in delays)} hours" in readme
    assert f"of an earlier day, {max(stale for stale, _ in delays)} hours" in readme


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (README, r"take (\d+) MB of memory by query and (\d+) MB by job"),
        (README, r"10 kB takes (\d+) µs of CPU"),
        (FRESHNESS, r"take (\d+) MB by job, 20,000 take (\d+) MB"),
        (DOCS / "warehouse.md", r"takes (\d+) µs alone and (\d+) µs with its twelve tables"),
        (DOCS / "warehouse.md", r"10 kB (\d+) µs and (\d+) µs"),
    ],
)
def test_figures_of_a_sentence_are_those_of_the_results(document: Path, sentence: str) -> None:
    """Cost per conversation and memory are rows of bench/RESULTS.md, which `make bench` writes."""
    results = (BENCH / "RESULTS.md").read_text("utf-8")
    cells = [cell.strip() for line in results.splitlines() for cell in line.split("|")]
    match = re.search(sentence, " ".join(document.read_text("utf-8").split()))
    assert match, sentence
    assert set(match.groups()) <= set(cells)


def test_bytes_of_an_id_are_those_that_were_measured() -> None:
    """Each limit of memory in docs/operations.md is a line of bench/memory_of_ids.txt."""
    measured = figures((BENCH / "memory_of_ids.txt").read_text("utf-8"))
    quoted = re.findall(r"\| (\d+) bytes each", OPERATIONS.read_text("utf-8"))
    assert {float(number) for number in quoted} == measured


def test_estimates_beside_the_counts_are_those_that_were_measured() -> None:
    """The estimates of `--check`, beside the requests that hourly runs send."""
    text = " ".join(OPERATIONS.read_text("utf-8").split())
    sentence = re.search(r"beside the estimate: (.*?)\. Retries", text)
    assert sentence
    assert figures(sentence[1]) <= figures((BENCH / "requests_per_day.txt").read_text("utf-8"))
