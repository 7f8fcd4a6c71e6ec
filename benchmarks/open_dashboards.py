"""A Home Assistant that watches 500 guests while two dashboards are open: how long a poll keeps its event loop busy.

Each dashboard is a websocket of its own, held by another process, with a wall of guests and a wall of jobs. Measured is the
processor time of the loop's thread in one piece of work: the load of the machine and waits for Python's lock are not in it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import logging
from pathlib import Path
import sys
import tempfile
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import aiohttp

DOMAIN = "proxmox_backup_checker"
DASHBOARDS = 2
DAYS = 30
POLLS = 6
# Milliseconds.
GOAL = 20


async def open_dashboards() -> bool:
    """Measure polls in which nothing changes and polls in which every row does; tell whether the goal is met."""
    from benchmarks.watched_cluster import served  # noqa: PLC0415

    logging.disable(logging.WARNING)
    print(f"500 guests, {DASHBOARDS} dashboards open")
    print(
        "| poll | rows sent | seconds | CPU s | longest wait of the loop, ms | longest piece of work, CPU ms | which |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    with tempfile.TemporaryDirectory() as folder:
        async with (
            served("five-hundred", folder) as cluster,
            watching(cluster) as (entry, port, token),
            viewing(port, token) as shown,
        ):
            longest = 0.0
            for number in range(POLLS):
                longest = max(longest, await one_poll(entry, cluster, shown, "quiet", "?"))
                longest = max(longest, await one_poll(entry, cluster, shown, "all change", f"tag-{number}"))
    print(f"longest piece of work {longest:.1f} ms, at most {GOAL} ms: {'met' if longest <= GOAL else '**missed**'}")
    return longest <= GOAL


async def one_poll(entry: Any, cluster: Any, shown: View, what: str, told: str) -> float:
    """Print one line of the table; return the longest piece of work in milliseconds."""
    from benchmarks.watched_cluster import costing  # noqa: PLC0415

    await cluster.tell(told)
    await shown.rows()
    async with costing() as cost:
        await entry.runtime_data.async_refresh()
        await asyncio.sleep(1)
    taken, which = cost.longest_slice
    print(
        f"| {what} | {await shown.rows()} | {cost.seconds - 1:.2f} | {cost.cpu:.2f} | {1000 * cost.longest:.0f} "
        f"| {1000 * taken:.1f} | `{which}` |",
        flush=True,
    )
    return 1000 * taken


@asynccontextmanager
async def watching(cluster: Any) -> AsyncIterator[tuple[Any, int, str]]:
    """Let a real Home Assistant watch a cluster; yield the entry, Home Assistant's port and a token of its owner."""
    import tests.plugins.home_assistant_release  # noqa: F401, PLC0415, I001  # before all that is patched by it

    from homeassistant import loader  # noqa: PLC0415
    from homeassistant.auth.const import GROUP_ID_ADMIN  # noqa: PLC0415
    from homeassistant.setup import async_setup_component  # noqa: PLC0415
    from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant  # noqa: PLC0415

    from benchmarks.watched_cluster import free_port  # noqa: PLC0415

    port = free_port()
    with tempfile.TemporaryDirectory() as config:
        (Path(config) / "custom_components").symlink_to(Path(__file__).resolve().parent.parent / "custom_components")
        async with async_test_home_assistant(config_dir=config) as hass:
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            owner = await hass.auth.async_create_system_user("owner", group_ids=[GROUP_ID_ADMIN])
            token = hass.auth.async_create_access_token(await hass.auth.async_create_refresh_token(owner))
            await async_setup_component(hass, "homeassistant", {})
            await async_setup_component(hass, "http", {"http": {"server_port": port}})
            await async_setup_component(hass, "websocket_api", {})
            entry = MockConfigEntry(domain=DOMAIN, title="cluster", unique_id="five-hundred", data=cluster.ours)
            entry.add_to_hass(hass)
            assert await hass.config_entries.async_setup(entry.entry_id)
            await hass.async_start()
            await hass.async_block_till_done()
            yield entry, port, token
            await hass.config_entries.async_unload(entry.entry_id)
            await hass.async_stop(force=True)


@dataclass
class View:
    """The dashboards in the other process."""

    process: asyncio.subprocess.Process

    async def rows(self) -> int:
        """Return how many rows they got since the last time."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"?\n")
        return int(await self.process.stdout.readline())


@asynccontextmanager
async def viewing(port: int, token: str) -> AsyncIterator[View]:
    """Open the dashboards in another process, and wait until they show something."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, str(port), token, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert await process.stdout.readline() == b"open\n"
        yield View(process)
    finally:
        process.stdin.close()
        await process.wait()


async def view(port: str, token: str) -> None:
    """Show dashboards until standard input ends; each line of it asks for the number of rows since the last one."""
    counted = 0
    shown: asyncio.Queue[None] = asyncio.Queue()

    async def dashboard(session: aiohttp.ClientSession) -> None:
        nonlocal counted
        async with session.ws_connect(f"http://127.0.0.1:{port}/api/websocket", max_msg_size=0) as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": token})
            assert (await socket.receive_json())["type"] == "auth_ok"
            for number, group in enumerate(("guest", "job"), 1):
                message = {"id": number, "type": f"{DOMAIN}/wall/subscribe", "group": group, "days": DAYS}
                await socket.send_json(message)
            while True:
                message = await socket.receive_json()
                assert message["type"] == "event" or message["success"], message
                if message["type"] == "event":
                    counted += len(message["event"].get("rows", ()))
                    if message["event"]["t"] == "snapshot":
                        shown.put_nowait(None)

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        tasks = [group.create_task(dashboard(session)) for _ in range(DASHBOARDS)]
        for _ in range(2 * DASHBOARDS):
            await shown.get()
        print("open", flush=True)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while await reader.readline():
            print(counted, flush=True)
            counted = 0
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(view(*sys.argv[1:]))
