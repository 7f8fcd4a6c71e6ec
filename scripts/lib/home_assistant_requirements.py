"""Writes requirements/home-assistant.in: Home Assistant and the packages of every integration that it always loads.

Usage: home_assistant_requirements.py FOLDER, where FOLDER holds the package `homeassistant`.
"""

import ast
from collections.abc import Iterable, Iterator
import json
from pathlib import Path
import sys

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "requirements" / "home-assistant.in"
_HEAD = """# What runs: Home Assistant and the requirements of everything that a stock one always loads.
# Made by scripts/lock; the floor of hacs.json and this version are the same.
"""
_ALWAYS = ("CORE_INTEGRATIONS", "CRITICAL_INTEGRATIONS", "DEFAULT_INTEGRATIONS", "FRONTEND_INTEGRATIONS")
# What nearly every installation has beside: its database, the supervisor that backup asks for, and the phones.
_USUAL = ("recorder", "hassio", "mobile_app")


def integrations(package: Path) -> set[str]:
    """Return the integrations that Home Assistant's start always loads, with those that they depend on."""
    found: set[str] = set()
    waiting = [*_named_in(package / "bootstrap.py"), *_platforms(package), *_USUAL]
    while waiting:
        domain = waiting.pop()
        if domain not in found:
            found.add(domain)
            waiting += _manifest(package, domain).get("dependencies", [])
    return found


def requirements(package: Path) -> list[str]:
    """Return the lines of the file."""
    named = (_manifest(package, domain).get("requirements", []) for domain in integrations(package))
    return [f"homeassistant=={version(package)}", *sorted({line for lines in named for line in lines})]


def page(package: Path) -> str:
    """Return the whole file."""
    return _HEAD + "\n".join(requirements(package)) + "\n"


def version(package: Path) -> str:
    """Return Home Assistant's version."""
    parts = {name: ast.literal_eval(value) for name, value in _assigned(package / "const.py") if "_VERSION" in name}
    return f"{parts['MAJOR_VERSION']}.{parts['MINOR_VERSION']}.{parts['PATCH_VERSION']}"


def _named_in(bootstrap: Path) -> Iterator[str]:
    """Yield the integrations that the sets of names in bootstrap.py spell out."""
    for name, value in _assigned(bootstrap):
        if name in _ALWAYS and isinstance(value, ast.Set):
            yield from (str(part.value) for part in value.elts if isinstance(part, ast.Constant))


def _platforms(package: Path) -> Iterator[str]:
    """Yield the kinds of entities, which are integrations too."""
    [platforms] = [
        statement
        for statement in ast.parse((package / "generated" / "entity_platforms.py").read_text(encoding="utf-8")).body
        if isinstance(statement, ast.ClassDef)
    ]
    for statement in platforms.body:
        if isinstance(statement, ast.Assign):
            yield ast.literal_eval(statement.value)


def _assigned(path: Path) -> Iterable[tuple[str, ast.expr]]:
    """Yield the names that a module assigns to, with the expression of each."""
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            yield statement.targets[0].id, statement.value
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            yield statement.target.id, statement.value


def _manifest(package: Path, domain: str) -> dict[str, list[str]]:
    path = package / "components" / domain / "manifest.json"
    manifest: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


if __name__ == "__main__":
    PAGE.write_text(page(Path(sys.argv[1]) / "homeassistant"), encoding="utf-8")
