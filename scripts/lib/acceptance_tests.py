"""Finds the tests of the acceptance matrix and says in a phrase each what they try, without importing them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re

_NAME = re.compile(r"test_(?P<rows>(?:[a-z]\d{2,3}_)+)(?P<phrase>\w+)")


@dataclass(frozen=True)
class Case:
    """One set of parameters of a test, in a few words; `code` if they are the values themselves."""

    text: str
    code: bool = False


@dataclass(frozen=True)
class AcceptanceTest:
    """A test that carries the id of one row or of several."""

    path: Path
    rows: tuple[str, ...]
    phrase: str
    cases: tuple[tuple[Case, ...], ...] = ()
    """What each decorator tries, one with the other."""

    @property
    def variants(self) -> int:
        """Return how many situations the test builds."""
        count = 1
        for cases in self.cases:
            count *= len(cases)
        return count


def tests_in(folder: Path) -> Iterator[AcceptanceTest]:
    """Return every test of every row, file by file, in the order in which they stand."""
    for path in sorted(folder.rglob("test_*.py")):
        yield from tests_of(path.read_text(encoding="utf-8"), path)


def tests_of(source: str, path: Path) -> Iterator[AcceptanceTest]:
    """Return the tests of rows in one file."""
    module = ast.parse(source)
    known = _names(module, path)
    for function in module.body:
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if (name := _NAME.fullmatch(function.name)) is None:
            continue
        said = (ast.get_docstring(function) or "").partition("\n")[0].rstrip(".")
        decorators = [known.get(ast.unparse(decorator), decorator) for decorator in function.decorator_list]
        yield AcceptanceTest(
            path=path,
            rows=tuple(row.upper() for row in name["rows"].split("_") if row),
            phrase=said or name["phrase"].replace("_", " "),
            cases=tuple(
                _cases(decorator, known)
                for decorator in decorators
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.parametrize"
            ),
        )


def _names(module: ast.Module, path: Path) -> dict[str, ast.expr]:
    """Return what a file gives a name, also by importing it from one beside it."""
    known: dict[str, ast.expr] = {}
    for statement in module.body:
        match statement:
            case ast.ImportFrom(level=level, module=str(name)) if level:
                beside = path.parents[level - 1] / f"{name.replace('.', '/')}.py"
                if beside.is_file():
                    known |= _names(ast.parse(beside.read_text(encoding="utf-8")), beside)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                known[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                known[name] = value
    return known


def _cases(decorator: ast.Call, known: dict[str, ast.expr]) -> tuple[Case, ...]:
    """Return the cases of one parametrization: by their ids where they have some, else by their values."""
    names, values, *_ = decorator.args
    for keyword in decorator.keywords:
        if keyword.arg == "ids" and (ids := _elements(keyword.value, known)):
            return tuple(Case(_text(element)) for element in ids)
    found = _elements(values, known)
    return tuple(_case(names, value) for value in found) or (Case(ast.unparse(values), code=True),)


def _elements(expression: ast.expr, known: dict[str, ast.expr]) -> list[ast.expr]:
    """Return the elements of a list, or the keys of a dictionary, that stands there or is named there."""
    match expression:
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return elements
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return [one for key, value in pairs for one in (_elements(value, known) if key is None else [key])]
        case ast.Name(id=name) if name in known:
            return _elements(known[name], known)
        case ast.Call(func=ast.Attribute(value=value, attr="values" | "items" | "keys")):
            return _elements(value, known)
    return []


def _case(names: ast.expr, value: ast.expr) -> Case:
    """Return one case: its id, or what is written there."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "pytest.param":
        for keyword in value.keywords:
            if keyword.arg == "id":
                return Case(_text(keyword.value))
        return Case(", ".join(map(_text, value.args)), code=True)
    if isinstance(value, ast.Tuple):
        return Case(", ".join(map(_text, value.elts)), code=True)
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return Case(value.value, code=True)
    return Case(f"{_text(names)}={_text(value)}", code=True)


def _text(value: ast.expr) -> str:
    """Return a value as it is written, a text without its quotation marks."""
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ast.unparse(value)
