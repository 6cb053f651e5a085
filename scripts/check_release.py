"""Check that a tag can be released: its version, its changelog, and that no placeholder is left.

    python scripts/check_release.py v1.2.3

The exit code is 1 if something is missing, with one line for each. It needs only Python.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
#: A name that a person fills in: docs/releasing.md lists where.
PLACEHOLDER = re.compile(r"\b[A-Z]+-TO-FILL\b")
#: Of these, every file may hold placeholders; docs/releasing.md only names them.
FOLDERS = ("tap_genesys", "scripts", "tests", "orchestrate", "bench", ".github")
PAGE = Path("docs", "releasing.md")


def placeholders(root: Path) -> set[tuple[str, str]]:
    """Return (path, placeholder) of each that is not filled in.

    Args:
        root: The project's folder.
    """
    files = [path for path in root.iterdir() if path.is_file()]
    files += [path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file()]
    files += [path for path in (root / "docs").glob("*.md") if path.relative_to(root) != PAGE]
    # Compiled files repeat the literals of their sources.
    sources = [path for path in files if path.suffix != ".pyc"]
    texts = ((path, path.read_text("utf-8", errors="ignore")) for path in sources)
    return {
        (path.relative_to(root).as_posix(), name)
        for path, text in texts
        for name in PLACEHOLDER.findall(text)
    }


def problems(root: Path, tag: str) -> Iterator[str]:
    """Yield a line for each reason why a tag cannot be released.

    Args:
        root: The project's folder.
        tag: The tag's name, such as `v1.2.3`.
    """
    version = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    if tag != f"v{version}":
        yield f"The tag is {tag}, but pyproject.toml has version {version}: tag v{version}."
    headings = re.findall(r"^## (\S+)", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    if version not in headings:
        yield f"CHANGELOG.md has no heading {version}: give Unreleased its number and date."
    for path, name in sorted(placeholders(root)):
        yield f"{path} has the placeholder {name}: fill it in (docs/releasing.md)."


def main(arguments: list[str]) -> int:
    """Print the problems of the tag that is named."""
    lines = list(problems(ROOT, *arguments))
    print("\n".join(lines), file=sys.stderr, end="\n" if lines else "")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
