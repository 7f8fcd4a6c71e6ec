"""What the command imports of aiohttp."""

from pathlib import Path
import subprocess
import sys

FOLDER = Path(__file__).parents[2] / "log_agent"
LOADED = "print('aiohttp.web' in sys.modules, 'aiohttp.client' in sys.modules)"


def python(program: str, *path: Path) -> str:
    """Run a program in the agent's folder, with these folders found first; return what it prints."""
    prologue = f"import sys; sys.path[:0] = {[*map(str, path), str(FOLDER)]}\n"
    command = [sys.executable, "-c", prologue + program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_command_runs_without_a_client() -> None:
    program = "sys.argv = ['x', 'fingerprint', '--state-dir', '/nowhere', '--config', '/dev/null']\n"
    program += "from proxmox_backup_log_agent.__main__ import start\n"
    assert python(f"{program}print(start())\n{LOADED}") == "1\nTrue False\n"


def test_an_aiohttp_that_wants_all_of_itself_is_imported_as_a_whole(tmp_path: Path) -> None:
    package = tmp_path / "aiohttp"
    package.mkdir()
    (package / "__init__.py").write_text("from . import client\nNEEDED = 1\n")
    (package / "client.py").write_text("")
    (package / "web.py").write_text("from . import NEEDED\n")
    program = "from proxmox_backup_log_agent.server_half import import_server_half as f\nf()\nimport aiohttp.web\n"
    assert python(program + LOADED, tmp_path) == "True True\n"


def test_an_aiohttp_that_is_there_already_is_left_alone() -> None:
    program = "import aiohttp\nbefore = dict(sys.modules)\n"
    program += "from proxmox_backup_log_agent.server_half import import_server_half as f\nf()\n"
    assert python(f"{program}print(sys.modules['aiohttp'] is before['aiohttp'])") == "True\n"
