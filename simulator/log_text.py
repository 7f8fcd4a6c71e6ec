"""Numbers as vzdump and its helpers print them."""


def bytes_text(size: float, digits: int = 1) -> str:
    """Return a size such as `1.9 GiB` (PVE::JSONSchema / QemuServer render_bytes)."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.{digits}f} {unit}" if unit != "B" else f"{size:.0f} B"
        size /= 1024
    return f"{size:.{digits}f} TiB"


def span_text(seconds: int) -> str:
    """Return a duration such as `1h 2m 3s` (PVE::Format::render_duration)."""
    parts = [(seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    return " ".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def clock_text(seconds: int) -> str:
    """Return a duration such as `00:01:35` (PVE::VZDump::format_time)."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def archive_size_text(size: int) -> str:
    """Return a size such as `612MB` or `3.21GB` (PVE::VZDump::format_size)."""
    kib = size / 1024
    if kib < 1024:
        return f"{int(kib)}KB"
    if kib < 1024**2:
        return f"{int(kib / 1024)}MB"
    if kib < 1024**3:
        return f"{kib / 1024**2:.2f}GB"
    return f"{kib / 1024**3:.2f}TB"


def tar_size_text(size: int) -> str:
    """Return a size such as `838MiB` or `1.6GiB`, as GNU tar prints it."""
    number = float(size)
    for unit in ("B", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f}{unit}" if number >= 10 else f"{number:.1f}{unit}"
        number /= 1024
    return f"{number:.0f}GiB" if number >= 10 else f"{number:.1f}GiB"
