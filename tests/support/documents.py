"""The documents of the project, and parts of their Markdown."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

from support.scripts import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / ".github").glob("*.md"))]
DOCUMENTS += [ROOT / "bench" / "RESULTS.md", *sorted((ROOT / "docs").glob("*.md"))]

#: The parts of a log line that differ from run to run, with dots in their place: addresses and
#: paths, names of settings, limits and states, numbers and moments.
_VARIABLE = re.compile(
    r"\.\.\.|https?://\S*|/api/[\w/{}-]*|[\w/.]*\w\.\w+|[a-z]+(?:_[a-z]+)+|[A-Z_]{3,}"
    r"|\d[\d,.:TZ-]*"
)
#: The ends of a phrase, at which the code joins texts.
_JOINTS = re.compile(r"[:;,()\[\]\"'`]+ ?|\. ")
#: Fewer letters than these stand in nearly any text.
_FEWEST_LETTERS = 4


def name(path: Path) -> str:
    """Return a document's path from the project's folder."""
    return str(path.relative_to(ROOT))


def blocks(path: Path, *languages: str) -> list[str]:
    """Return the fenced code blocks of a document in some languages; `""` is none."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", path.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [block for language, block in fences if language in languages]


def prose(path: Path) -> str:
    """Return a document without its fenced code blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the links of a document to others of the project: the file, and the anchor."""
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if "://" not in link:
            target, _, anchor = link.partition("#")
            yield target, anchor


def rows(path: Path, heading: str) -> list[list[str]]:
    """Return the cells of the tables below a heading, up to the next heading."""
    section = path.read_text("utf-8").partition(f"# {heading}\n")[2].partition("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


#: The marks around a phrase of the code, which are in no text.
_BEGIN, _END = "\x02", "\x03"


def missing_phrases(line: str, folder: Path) -> list[str]:
    """Return the phrases of a quoted log line that no text of a folder's modules has.

    A phrase may be of several texts, which the code joins: the end of one and the begin of another.
    """
    texts = _texts_of(folder)
    return [phrase for phrase in _phrases(line) if not _has(texts, phrase)]


def _has(texts: str, phrase: str) -> bool:
    words = phrase.split(" ")
    return f" {phrase} " in texts or any(
        f" {' '.join(words[:cut])} {_END}" in texts and _begins_one(texts, words[cut:])
        for cut in range(1, len(words))
    )


def _begins_one(texts: str, words: list[str]) -> bool:
    """Return whether words begin a text, or are a whole one and the begin of the next."""
    return f"{_BEGIN} {' '.join(words)} " in texts or any(
        f"{_BEGIN} {' '.join(words[:cut])} {_END}" in texts and _begins_one(texts, words[cut:])
        for cut in range(1, len(words))
    )


def _phrases(line: str) -> list[str]:
    parts = [part.strip(" .") for text in _VARIABLE.split(line) for part in _JOINTS.split(text)]
    return [part for part in parts if sum(map(str.isalpha, part)) >= _FEWEST_LETTERS]


def figures(text: str) -> set[float]:
    """Return the numbers of a text."""
    return {float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}


@cache
def _texts_of(folder: Path) -> str:
    """Return the phrases of all texts in the modules of a folder, a line with marks each."""
    texts = (text for path in sorted(folder.rglob("*.py")) for text in _texts(path))
    phrases = (part for text in texts for part in _JOINTS.split(_VARIABLE.sub(" ... ", text)))
    lines = (" ".join(phrase.split()).strip(" .") for phrase in phrases)
    return "\n".join(f"{_BEGIN} {line} {_END}" for line in lines)


def _texts(path: Path) -> Iterator[str]:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    # A docstring is no text that a user reads.
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if id(node) in docstrings:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"%[\w.]+", "...", node.value)
