"""Mutates modules of time, state, paging, privacy and output; prints mutants that no test kills.

Run it: `make mutants`, or `.venv-mutants/bin/python scripts/mutants.py replication/windows` for one
module. mutmut makes the mutants, one at a time, in a copy of the project, and runs the tests of the
module. A survivor needs a test that fails with it, unless it is equivalent.

mutmut does not mutate properties, other decorated functions, and code outside of functions; so the
decorator `override`, which does nothing, is removed in the copy. A mutant with which the tests do
not end counts as killed.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: Module -> its test files, which take seconds.
MODULES: dict[str, tuple[str, ...]] = {
    "replication/cells": ("cells",),
    "replication/conversation_plan": ("conversation_plan", "emitted_plan"),
    "replication/earlier_states": ("earlier_states",),
    "replication/emitted": ("emitted", "emitted_plan"),
    "replication/emitted_days": ("emitted_days",),
    "replication/emitted_spans": ("emitted_spans_plan",),
    "replication/fingerprint": ("fingerprint",),
    "replication/history": ("history", "history_law"),
    "replication/fresh_reads": ("fresh_reads", "emitted_plan"),
    "replication/old_data": ("old_data",),
    "replication/plan": ("conversation_plan", "user_details_plan"),
    "replication/query_passes": ("query_passes",),
    "replication/read_range": ("read_range",),
    "replication/rechecks": ("rechecks", "conversation_plan"),
    "replication/user_details_plan": ("user_details_plan", "emitted_spans_plan"),
    "replication/windows": ("windows",),
    "api/completeness": ("completeness", "pagination"),
    "api/entries": ("entries",),
    "api/pacing": ("pacing",),
    "api/page_steps": ("page_steps", "pagination"),
    "api/pagination": ("pagination", "page_steps", "paging"),
    "api/paging": ("paging", "listings"),
    "api/polling": ("polling",),
    "api/prefetch": ("prefetcher",),
    "api/retry": ("retry",),
    "api/shape": ("shape",),
    "endpoints/activate_version": ("activate_version",),
    "endpoints/holes": ("hole_policies",),
    "output/writer": ("writer",),
    "privacy/redaction": ("privacy",),
    "privacy/rules": ("privacy",),
    "privacy/schema_check": ("privacy",),
    "records/held_rows": ("held_rows", "unchanged_days"),
    "records/moments": ("moments",),
    "records/row_lines": ("conversation_rows",),
    "records/usable": ("usable",),
}
#: Files that the tests need, other than the package.
_BESIDE = (
    "tests",
    "scripts",
    "docs",
    "bench",
    "orchestrate",
    "salesforce",
    "README.md",
    "CHANGELOG.md",
)
#: Lines that only build the text of a message, which are not mutated.
_MESSAGES = (r"\bmsg = ", r"\b_?log(ger)?(\.\w+)?\(", r"\bwarn(ing)?\(")
#: The exit codes of mutmut for mutants that were not killed.
_SURVIVED, _UNTESTED = (0,), (5, 33)
#: And for mutants with which the tests did not end in time, which a busy machine may feign.
_TIMED_OUT = (-24, 24, 36, 152, 255)
#: Examples are the same in each run, and failing ones are not shrunk.
_PROFILE = """
from hypothesis import Phase

settings.register_profile(
    "mutants", deadline=None, derandomize=True, database=None,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("mutants")
"""


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test kills.

    Args:
        place: The file and the line.
        diff: The mutation.
    """

    place: str
    diff: str


def main(arguments: list[str] | None = None) -> int:
    """Mutate each module; print the survivors and a score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="default: all of them", metavar="MODULE")
    chosen = parser.parse_args(arguments).modules or [*MODULES]
    if unknown := sorted({*chosen} - MODULES.keys()):
        parser.error(f"no such module: {', '.join(unknown)}; there are {', '.join(MODULES)}")
    seen = total = 0
    for module in chosen:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            codes, survivors = _changed(module, Path(folder))
        for survivor in survivors:
            print(f"\n{survivor.place}\n{survivor.diff}")
        kept = len(codes) - len(survivors)
        seen, total = seen + kept, total + len(codes)
        late = sum(code in _TIMED_OUT for code in codes.values())
        minutes = (time.monotonic() - begun) / 60
        score = f"{_score(kept, len(codes))}, {late} of them by a timeout"
        print(f"{module}: {score}; {minutes:.1f} minutes", flush=True)
    print(f"\nAll: {_score(seen, total)}.")
    return 0


def _changed(module: str, folder: Path) -> tuple[dict[str, int], list[Survivor]]:
    """Mutate a module in a copy of the project; return mutmut's exit codes, and the survivors."""
    path = f"tap_genesys/{module}.py"
    _copy(folder)
    source = folder / path
    text = source.read_text("utf-8")
    source.write_text(re.sub(r"^ *@override\n", "", text, flags=re.MULTILINE), "utf-8")
    settings = {
        "source_paths": ["tap_genesys"],
        "only_mutate": [path],
        "pytest_add_cli_args_test_selection": [f"tests/test_{name}.py" for name in MODULES[module]],
        "also_copy": [*_BESIDE],
        "do_not_mutate_patterns": [*_MESSAGES],
        "timeout_multiplier": 4,  # of seconds of CPU; a loop without end costs that each time
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n".join(["", "[tool.mutmut]", *lines, ""]))
    with (folder / "tests/conftest.py").open("a", encoding="utf-8") as file:
        file.write(_PROFILE)
    output = _mutmut(folder, "run")
    notes = folder / f"mutants/{path}.meta"
    codes: dict[str, int] = {}
    if notes.exists():
        codes = json.loads(notes.read_text("utf-8"))["exit_code_by_key"]
    if not codes or None in codes.values():
        sys.exit(f"{module}: mutmut did not finish.\n{output[-3000:]}")
    return codes, [
        _survivor(name, ROOT / path, _mutmut(folder, "show", name))
        for name, code in codes.items()
        if code in (*_SURVIVED, *_UNTESTED)
    ]


def _copy(folder: Path) -> None:
    """Copy the files that git tracks, with uncommitted changes."""
    known = subprocess.run(
        ["git", "ls-files"],  # noqa: S607 - git, wherever it is
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in known.stdout.splitlines():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)


def _mutmut(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    process = subprocess.run(  # noqa: S603 - no shell
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    output = process.stdout.replace("\r", "\n") + process.stderr
    # A program that a signal ends prints nothing.
    return output if process.returncode >= 0 else f"{output}\nSignal {-process.returncode}."


def _survivor(name: str, path: Path, shown: str) -> Survivor:
    """Return a mutant with its line in the file, from mutmut's diff of the function."""
    lines = [line for line in shown.splitlines() if not line.startswith(("# ", "--- ", "+++ "))]
    begin = next((place for place, line in enumerate(lines) if line.startswith("@@")), 0)
    first = re.match(r"@@ -(\d+)", lines[begin])
    changed = next(place for place, line in enumerate(lines[begin:]) if line[:1] in ("-", "+"))
    within = int(first[1]) + changed - 2 if first else 0
    number = _definition(name, path) + within
    diff = "\n".join(line for line in lines[begin + 1 :] if line[:1] in ("-", "+"))
    return Survivor(f"{path.relative_to(ROOT)}:{number}", diff)


def _definition(name: str, path: Path) -> int:
    """Return the line of the definition of the mutated function."""
    *_, owner, function = ["", *re.sub(r"__mutmut_\d+$", "", name).rpartition(".")[2].split("ǁ")][
        -2:
    ]
    function = function.removeprefix("x_") if not owner else function
    tree: ast.AST = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        is_owner = isinstance(node, ast.ClassDef) and node.name == owner
        if isinstance(body, list) and (is_owner or (not owner and isinstance(node, ast.Module))):
            for child in body:
                if isinstance(child, ast.FunctionDef) and child.name == function:
                    return child.lineno
    return 1


def _score(seen: int, total: int) -> str:
    return f"{seen} of {total} changes seen ({100 * seen / max(total, 1):.1f} %)"


if __name__ == "__main__":
    sys.exit(main())
