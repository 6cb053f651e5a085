"""The layers of the project, and measures of its structure: imports, cycles, inheritance."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tap_genesys"
#: From the top down: a package imports from layers below its own, and from itself. Two packages of
#: one layer do not import each other.
LAYERS = (
    ("cli", "file_first"),
    ("tap",),
    ("preflight", "run_report"),
    ("streams",),
    ("endpoints",),
    ("run",),
    ("output", "records", "privacy"),
    ("api",),
    ("config",),
    ("replication",),
    ("errors", "interruption", "schemas"),
)

#: Module -> its file.
Modules: TypeAlias = "dict[str, Path]"


def modules(folder: Path, prefix: str = "") -> Modules:
    """Return dotted name -> file of the modules below a folder.

    Args:
        folder: The package's folder, or one that is on the search path.
        prefix: The package's name; empty for a folder on the search path.
    """
    found = {}
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        name = ".".join((prefix, *parts) if prefix else parts).removesuffix(".__init__")
        found[name] = path
    return found


def imports(name: str, known: Modules) -> set[str]:
    """Return the modules that a module imports, also for types and in functions.

    Args:
        name: The importing module.
        known: The modules to consider.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(known[name].read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = _absolute(node, name, known)
            inner = {f"{base}.{alias.name}" for alias in node.names}
            found |= (inner & known.keys()) or ({base} & known.keys())
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & known.keys()
    return found - {name}


def _absolute(node: ast.ImportFrom, name: str, known: Modules) -> str:
    if not node.level:
        return node.module or ""
    package = name.split(".") if known[name].stem == "__init__" else name.split(".")[:-1]
    parts = package[: len(package) - node.level + 1]
    return ".".join([*parts, *([node.module] if node.module else [])])


def cycles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the groups of nodes that are in a cycle with each other.

    Args:
        graph: Node -> its successors.
    """
    reached = {node: _reached(node, graph) for node in graph}
    groups = {
        tuple(sorted(other for other in reached[node] if node in reached[other]))
        for node in graph
        if node in reached[node]
    }
    return [list(group) for group in sorted(groups)]


def _reached(start: str, graph: Mapping[str, Iterable[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [*graph[start]]
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting += graph[node]
    return reached


def own_classes(stream: type) -> list[type]:
    """Return a class and its bases from this project, without the SDK's."""
    return [base for base in stream.__mro__ if base.__module__.startswith("tap_genesys.")]


def children(streams: Iterable[type]) -> dict[type, set[type]]:
    """Return base class from this project -> the classes that derive from it."""
    by_base: dict[type, set[type]] = {}
    for stream in streams:
        for derived in own_classes(stream):
            for base in derived.__bases__:
                if base in own_classes(stream):
                    by_base.setdefault(base, set()).add(derived)
    return by_base


def calls_by_class(path: Path) -> list[str]:
    """Return the calls in a module that skip a method by naming its base class.

    `Base.method(self)` is such a call, `super().method()` is not.
    """
    return [
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.args
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id == "self"
        and ast.unparse(node.func.value)[:1].isupper()
    ]


def class_names(folder: Path) -> set[str]:
    """Return the names of the classes that the modules below a folder define."""
    return {
        node.name
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    }


def tests_of_kind(path: Path, kinds: Collection[str]) -> dict[str, int]:
    """Return function -> number of its tests for the class of an object, in a module.

    `isinstance(stream, A | B)` is one test, `case A():` is another one. A nested function belongs
    to the outer one; a statement outside of functions counts under its line.

    Args:
        path: The module.
        kinds: The names of the classes.
    """
    tests = {}
    for name, part in _parts_of(ast.parse(path.read_text("utf-8"))):
        number = sum(_is_test_of_kind(node, kinds) for node in ast.walk(part))
        if number:
            tests[name] = number
    return tests


def _parts_of(tree: ast.Module | ast.ClassDef) -> Iterator[tuple[str, ast.stmt]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{name}", part) for name, part in _parts_of(node))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        else:
            yield f"line {node.lineno}", node


def _is_test_of_kind(node: ast.AST, kinds: Collection[str]) -> bool:
    if isinstance(node, ast.MatchClass):
        tested: ast.AST = node.cls
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
        tested = node.args[1]
    else:
        return False
    names = {ast.unparse(part).rpartition(".")[2] for part in ast.walk(tested)}
    return not names.isdisjoint(kinds)


def layers_table() -> str:
    """Return the layers as a Markdown table: each package with its modules."""
    lines = ["| layer | package | holds | modules |", "| --- | --- | --- | --- |"]
    for number, layer in enumerate(LAYERS, 1):
        for name in layer:
            held = sorted(path.stem for path in (PACKAGE / name).glob("[!_]*") if _is_module(path))
            named = ", ".join(f"`{module}`" for module in held)
            lines.append(f"| {number} | `{name}` | {_purpose(name)} | {named} |")
    return "\n".join(lines)


def _is_module(path: Path) -> bool:
    return path.suffix == ".py" or (path / "__init__.py").exists()


def _purpose(name: str) -> str:
    """Return the first line of a package's, or a module's, docstring."""
    folder = PACKAGE / name
    path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return text.partition("\n")[0]
