"""Texts for schedules: every shape that the grammar allows."""

from hypothesis import strategies as st

_WEEKDAY = st.sampled_from(["mon", "Tuesday", "WED", "thu", "friday", "sat", "Sun"])
_WEEKDAYS = st.lists(_WEEKDAY | st.builds("{}..{}".format, _WEEKDAY, _WEEKDAY), min_size=1, max_size=3).map(",".join)


def _numbers(first: int, limit: int) -> st.SearchStrategy[str]:
    """A list for a field of the numbers first <= number < limit."""
    number = st.integers(first, limit - 1)
    span = st.tuples(number, number).map(sorted)
    step = st.integers(1, limit - 1)
    item = st.one_of(
        number.map(str),
        span.map(lambda ends: f"{ends[0]}..{ends[1]}"),
        st.builds("{}/{}".format, number, step),
        st.builds(lambda ends, step: f"{ends[0]}..{ends[1]}/{step}", span, step),
    )
    return st.one_of(st.just("*"), step.map("*/{}".format), st.lists(item, min_size=1, max_size=3).map(",".join))


_TIME = st.one_of(
    _numbers(0, 60),
    st.builds("{}:{}".format, _numbers(0, 24), _numbers(0, 60)),
    st.builds("{}:{}:{}".format, _numbers(0, 24), _numbers(0, 60), _numbers(0, 60)),
)
_DATE = st.one_of(
    st.builds("{}-{}".format, _numbers(1, 13), _numbers(1, 32)),
    st.builds("{}-{}-{}".format, st.just("*") | _numbers(2000, 2200), _numbers(1, 13), _numbers(1, 32)),
)
_KEYWORD = st.sampled_from(["minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "semi-annually", "yearly"])
_PARTS = st.tuples(st.none() | _WEEKDAYS, st.none() | _DATE, st.none() | _TIME).filter(any)
_WRITTEN = _PARTS.map(lambda parts: " ".join(part for part in parts if part)) | _KEYWORD

SCHEDULES = st.builds(str.__add__, _WRITTEN, st.sampled_from(["", "", "", " UTC", "UTC"]))
"""Any schedule that Proxmox accepts, in all shapes."""
