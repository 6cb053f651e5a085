"""Imports go down only, the simulator is an island, and inheritance stays shallow."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

import pytest

from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.streams import STREAMS

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

architecture: Any = importlib.import_module("architecture")

PACKAGE = ROOT / "tap_genesys"
TESTS = ROOT / "tests"
MODULES: dict[str, Path] = architecture.modules(PACKAGE, "tap_genesys")
ISLAND = sorted(name for name in MODULES if name.startswith("tap_genesys.simulator"))
OURS = sorted(MODULES.keys() - set(ISLAND) - {"tap_genesys", "tap_genesys.__main__"})
PROGRAMS = ("bench", "orchestrate", "reporting", "salesforce", "scripts")


def package(module: str) -> str:
    """Return the layer of a module."""
    return module.split(".")[1]


def layer(module: str) -> int:
    return next(
        number for number, names in enumerate(architecture.LAYERS) if package(module) in names
    )


def test_the_top_of_the_package_has_nothing_but_its_layers() -> None:
    """Every package and module at the top is in a layer."""
    named = {name for names in architecture.LAYERS for name in names}
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert there - {"__pycache__"} == named | {"__init__", "__main__", "simulator"}
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    own = {"cli", "tap", "run", "run_report", "errors", "interruption"}
    assert modules == own | {"__init__", "__main__"}


@pytest.mark.parametrize("module", OURS)
def test_imports_go_down_only(module: str) -> None:
    """A module imports from its own package, and from packages of lower layers."""
    wrong = {
        name
        for name in architecture.imports(module, MODULES)
        if package(name) != package(module) and layer(name) <= layer(module)
    }
    assert not wrong


@pytest.mark.parametrize("folder", ["tap_genesys", *PROGRAMS])
def test_no_imports_form_a_cycle(folder: str) -> None:
    """Imports for types count, and imports in functions."""
    is_package = folder in ("tap_genesys", "orchestrate", "reporting", "salesforce")
    modules = architecture.modules(ROOT / folder, folder if is_package else "")
    graph = {name: architecture.imports(name, modules) for name in modules}
    assert sum(map(len, graph.values())) > 0
    assert architecture.cycles(graph) == []


def test_a_cycle_is_found() -> None:
    """A cycle of three and a self-import, but no module that only leads to a cycle."""
    graph = {"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"], "e": ["e"], "f": []}
    assert architecture.cycles(graph) == [["a", "b", "c"], ["e"]]


@pytest.mark.parametrize("module", ISLAND)
def test_the_simulator_imports_nothing_of_the_tap(module: str) -> None:
    """It is written from the vendor's documents, so an error of the tap cannot hide in both."""
    assert architecture.imports(module, MODULES) <= set(ISLAND)


@pytest.mark.parametrize("module", ISLAND)
def test_the_simulator_needs_the_standard_library_alone(module: str) -> None:
    """So it runs anywhere, without the tap's dependencies."""
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots = {name.partition(".")[0] for name in names} - {"tap_genesys"}
    assert roots <= sys.stdlib_module_names


def test_the_tap_does_not_import_the_simulator() -> None:
    """The simulator is for tests and demonstrations only."""
    assert not any(
        name in ISLAND for module in OURS for name in architecture.imports(module, MODULES)
    )


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: path.stem)
def test_no_test_module_is_imported(path: Path) -> None:
    """Shared fixtures and doubles are in `tests/support`, each module named by a noun."""
    tree = ast.parse(path.read_text("utf-8"))
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not [name for name in names if name.rpartition(".")[2].startswith("test_")]


@pytest.mark.parametrize("path", sorted(TESTS.glob("test_*.py")), ids=lambda path: path.stem)
def test_each_test_states_its_claim(path: Path) -> None:
    """The docstring of a test is the claim that it holds."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert functions
    assert [node.name for node in functions if not ast.get_docstring(node)] == []


def test_no_module_has_a_name_without_meaning() -> None:
    """Such a name does not limit the content of a module."""
    words = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
    assert not words & {part for name in MODULES for part in name.split(".")}


@pytest.mark.parametrize("folder", ["tap_genesys", *PROGRAMS])
def test_files_fit_a_few_screens(folder: str) -> None:
    """A file has at most 400 lines."""
    for path in (ROOT / folder).rglob("*.py"):
        assert len(path.read_text("utf-8").splitlines()) <= 400, path


@pytest.mark.parametrize("name", [name for name in OURS if package(name) == "streams"])
def test_a_stream_is_a_declaration_or_has_a_reason_for_more(name: str) -> None:
    """At most 25 lines without the docstring, or a reason in the list."""
    for node in ast.parse(MODULES[name].read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            text = ast.get_docstring(node) or ""
            lines = (node.end_lineno or 0) - node.lineno + 1 - len(text.splitlines())
            assert lines <= 27 or "More than a declaration: " in text, node.name


def test_inheritance_is_shallow() -> None:
    """A plain listing has at most three of the tap's classes, itself included; others five."""
    depths = {stream: len(architecture.own_classes(stream)) for stream in STREAMS}
    plain = [stream for stream in STREAMS if stream.__bases__ == (FullTableStream,)]
    assert len(plain) > 90
    assert max(depths[stream] for stream in plain) <= 3
    assert max(depths.values()) <= 5


def test_no_stream_inherits_from_two_of_the_taps_classes() -> None:
    """Streams that combine two kinds compose them."""
    for stream in STREAMS:
        for derived in architecture.own_classes(stream):
            bases = [
                base for base in derived.__bases__ if base.__module__.startswith("tap_genesys")
            ]
            assert len(bases) <= 1, derived


def test_no_abstract_base_has_exactly_one_child() -> None:
    """Four kinds with one declaration are complete except for its names."""
    children = architecture.children(STREAMS)
    assert {base.__name__ for base in children} >= {"GenesysStream", "WindowedStream"}
    single = {base for base, derived in children.items() if len(derived) == 1}
    assert not [base for base in single if inspect.isabstract(base)]
    assert {base.__name__ for base in single} == {
        "ConversationDetailsStream",
        "RunStream",
        "UserAggregateStream",
        "UserDetailsStream",
    }


@pytest.mark.parametrize("module", OURS)
def test_no_method_skips_its_parent_by_name(module: str) -> None:
    """A call of a grandparent's method by its class breaks the method resolution order."""
    assert architecture.calls_by_class(MODULES[module]) == []


def test_a_call_by_a_classs_name_is_found(tmp_path: Path) -> None:
    """The check above finds such a call, and no call of `super()`, a module or `self`."""
    path = tmp_path / "module.py"
    path.write_text("Base.read(self, 1)\nsuper().read(self)\nmodule.read(self)\nself.read(self)\n")
    assert architecture.calls_by_class(path) == ["Base.read"]


@pytest.mark.parametrize("folder", ["tap_genesys", *PROGRAMS])
def test_no_function_branches_on_the_kind_of_stream(folder: str) -> None:
    """A kind has an attribute or a method for it; a single test is allowed, a chain is not."""
    kinds = architecture.class_names(PACKAGE / "endpoints")
    kinds |= architecture.class_names(PACKAGE / "streams")
    assert {"FullTableStream", "Users"} <= kinds
    for path in (ROOT / folder).rglob("*.py"):
        tests = architecture.tests_of_kind(path, kinds)
        assert not {name: number for name, number in tests.items() if number > 1}, path


def test_a_chain_over_kinds_is_found(tmp_path: Path) -> None:
    """In methods, nested functions, unions and patterns; classes that are no kinds do not count."""
    path = tmp_path / "module.py"
    path.write_text(
        "names = [one for one in all if issubclass(one, kinds.A) or issubclass(one, B)]\n"
        "class C:\n"
        "    def method(self, one):\n"
        "        def inner(): return isinstance(one, int | A)\n"
        "        return isinstance(one, (B, str)) or isinstance(one, dict)\n"
        "def function(one):\n"
        "    match one:\n"
        "        case A(): return 1\n"
        "        case kinds.B(): return isinstance(one, A | B)\n"
        "def other(one): return isinstance(one, dict), one.isinstance(A)\n"
    )
    tests = architecture.tests_of_kind(path, {"A", "B"})
    assert tests == {"line 1": 2, "C.method": 2, "function": 3}
