"""Numbers are printed as vzdump prints them; the pairs are from real logs."""

import pytest

from simulator.log_text import archive_size_text, bytes_text, clock_text, span_text, tar_size_text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (3446711255, "3.21GB"),
        (641728512, "612MB"),
        (965736858, "920MB"),
        (2048, "2KB"),
        (0, "0KB"),
        (5 * 1024**4, "5.00TB"),
    ],
)
def test_sizes_of_archives(size: int, text: str) -> None:
    """Two digits from GB on, cut off below."""
    assert archive_size_text(size) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(34359738368, "32.0 GiB"), (687233434, "655.4 MiB"), (512, "512 B"), (1024, "1.0 KiB"), (2 * 1024**4, "2.0 TiB")],
)
def test_sizes_of_data(size: int, text: str) -> None:
    """One digit after the point."""
    assert bytes_text(size) == text


@pytest.mark.parametrize(("size", "text"), [(1683906560, "1.6GiB"), (878131200, "837MiB"), (98566144, "94MiB")])
def test_sizes_of_tar(size: int, text: str) -> None:
    """A digit after the point only below ten."""
    assert tar_size_text(size) == text


@pytest.mark.parametrize(
    ("seconds", "span", "clock"),
    [(3, "3s", "00:00:03"), (92, "1m 32s", "00:01:32"), (640, "10m 40s", "00:10:40"), (3661, "1h 1m 1s", "01:01:01")],
)
def test_durations(seconds: int, span: str, clock: str) -> None:
    """In the progress, and at the end of a guest's turn."""
    assert (span_text(seconds), clock_text(seconds)) == (span, clock)
