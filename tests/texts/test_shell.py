"""Commands are shown in short lines, and the shell takes them for what they were."""

import shlex
import subprocess

import pytest

from custom_components.proxmox_backup_checker.proxmox.api.notifications import WebhookTarget
from custom_components.proxmox_backup_checker.proxmox.api.privileges import role_command
from custom_components.proxmox_backup_checker.proxmox.backup_server.privileges import Privilege, grant_commands
from custom_components.proxmox_backup_checker.texts.shell import in_short_lines

TARGET = WebhookTarget(
    name="home-assistant", origin="https://home.example:8123", path="/api/webhook/5c0ffee", secret="c2VjcmV0IHdvcmRz"
)
COMMANDS = {
    "a role": role_command(),
    "a right": grant_commands([Privilege("/remote", "Remote.Audit", "RemoteAudit", "/remote")], "watcher@pbs!ha")[1],
    "a target": TARGET.creation[0],
    "a matcher": TARGET.creation[1],
    "nothing to break": TARGET.test,
}


def words(shell_text: str) -> list[str]:
    """Return the words that a shell makes of a command; more than one space between names is one to Proxmox."""
    script = f"set -- {shell_text}\nprintf '%s\\n' \"$@\""
    found = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    return [" ".join(word.split()) for word in found.splitlines()]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_shell_reads_the_short_lines_as_the_long_one(command: str) -> None:
    shown = in_short_lines([command])
    assert words(shown) == words(command)
    # Only what is one word, such as an address or a secret, is longer.
    assert all(len(line) <= 64 or len(shlex.split(line.removesuffix("\\"))) <= 2 for line in shown.split("\n"))


def test_an_option_stays_beside_its_value_and_commands_stay_apart() -> None:
    first, second = (f"pvesh create /cluster/notifications/matchers --name {name} --target home" for name in "ab")
    assert in_short_lines([first, second]).split("\n") == [
        "pvesh create /cluster/notifications/matchers --name a \\",
        "  --target home",
        "pvesh create /cluster/notifications/matchers --name b \\",
        "  --target home",
    ]
