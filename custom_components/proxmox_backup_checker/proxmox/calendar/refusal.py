"""What may be wrong with a text that is no calendar event, in words for whoever wrote it."""

import re
from typing import Final

_HINTS: Final = (
    (r"(?i:.*[^a-z])?(?!UTC)(?i:utc)", '"UTC" is written in capital letters'),
    (
        r"(?i:minutely|hourly|daily|weekly|monthly|quarterly|semi-?annually|yearly|annually)",
        "this word is written in small letters",
    ),
    (
        r"(?:minutely|hourly|daily|weekly|monthly|quarterly|semi-?annually|yearly|annually)\b.*",
        "this word stands alone; a time of day is written like 21:00",
    ),
    (r"[0-9*/,-]+(?:\s+[0-9A-Za-z*/,-]+){4}", "this looks like a line of cron; a time of day is written like 21:00"),
    (r"(?i:[a-z]+)-(?i:[a-z]+)\b.*", "a range of weekdays is written with dots, like mon..fri"),
    (r".*(?:,\s|\s,).*", "no blank may stand beside a comma"),
    (r".*\.\.(?:[^0-9A-Za-z].*)?", "a range has an end, like 1..7"),
    (r"(?:.*[^0-9])?[0-9]+\.[0-9]+", "hour and minute are parted by a colon, like 21:00"),
    (r".*\*/0+(?:[^0-9].*)?", "a step is 1 or greater"),
    (r".*\*(?:,|\.\.).*|.*,\*.*", '"*" stands alone and for every number'),
    (r".*[0-9]\s*(?i:h|am|pm|uhr)", "a time of day is written like 21:00"),
    (
        r".*[0-9]\s+(?i:mon|tue|wed|thu|fri|sat|sun)(?i:[a-z]*).*",
        "the weekday comes first, then the date, then the time",
    ),
    (
        r".*[0-9]\s+[A-Za-z]+/?[A-Za-z_]*",
        'after the time only "UTC" may follow: Proxmox takes the time zone of the node',
    ),
)
_WHOLE: Final = tuple((re.compile(pattern, re.ASCII), hint) for pattern, hint in _HINTS)
_RANGE: Final = re.compile(r"([0-9]{1,9})\.\.([0-9]{1,9})")
_DATE: Final = re.compile(r"(?:.*-)?([0-9]{1,9}|\*)-([0-9]{1,9})(?:\s.*)?", re.ASCII)
_MINUTE: Final = re.compile(r".*:0*(?:[6-9][0-9]|[1-9][0-9]{2,6})(?:[^0-9].*)?", re.ASCII)
_WEEKDAYS: Final = "weekdays are mon, tue, wed, thu, fri, sat and sun, or their full English names"
_LONGEST: Final = 128
"""The most characters that Proxmox accepts for a schedule; no longer text is looked at."""


def hint(text: str) -> str | None:
    """What is wrong with a text, where it is one of the usual mistakes."""
    if len(text) > _LONGEST:
        return None
    for pattern, words in _WHOLE:
        if pattern.fullmatch(text):
            return words
    if any(int(first) > int(last) for first, last in _RANGE.findall(text)):
        return "a range does not run backwards"
    if _MINUTE.fullmatch(text):
        return "minutes and seconds end at 59"
    date = _DATE.fullmatch(text)
    if date and ((date[1] != "*" and int(date[1]) > 12) or int(date[2]) > 31):
        return "a date is year-month-day or month-day"
    return _WEEKDAYS if text[:1].isalpha() else None
