"""The worlds' own calendar is Proxmox's: held against answers of its own code."""

from datetime import datetime
import json
from pathlib import Path
import re
from zoneinfo import ZoneInfo

from .calendar import next_after, parse

VECTORS = Path(__file__).parent.parent / "data" / "vectors" / "calendar_next.json"
DAY = "(mon|tue|wed|thu|fri|sat|sun)"
USED = re.compile(
    rf"({DAY}(\.\.{DAY})?(,{DAY})* )?(\*-\*-\d+(,\d+)* )?(\*/([123468]|12)|[01]?\d|2[0-3]):[0-5]\d|hourly|daily|weekly|monthly"
)


def test_schedules_fire_as_proxmox_says() -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]
    asked = 0
    for vector in vectors:
        if not USED.fullmatch(vector["spec"]) or vector["cls"] in {"state", "negdst"}:
            continue
        if vector["next"] is None or vector["next"] - vector["from"] > 60 * 86400:
            continue
        found = next_after(vector["spec"], datetime.fromtimestamp(vector["from"], ZoneInfo(vector["tz"])))
        assert found is not None, vector
        assert int(found.timestamp()) == vector["next"], vector
        asked += 1
    assert asked > 300


def test_a_list_of_weekdays_is_read() -> None:
    assert parse("sat,sun 04:00").weekdays == frozenset({5, 6})
    assert parse("fri..mon 04:00").weekdays == frozenset({4, 5, 6, 0})
