"""Whatever the text, the reader of vzdump's logs keeps its promises."""

from hypothesis import given, strategies as st

from custom_components.proxmox_backup_checker.proxmox.vzdump.log import VzdumpLog, VzdumpLogReader, parse

LEVELS = ("INFO: ", "WARN: ", "ERROR: ", "2026-09-10 22:30:04 INFO: ", "2026-09-10 22:30:04 ERROR: ", "100: INFO: ", "")
FRAGMENTS = (
    *("Starting Backup of VM 100 (qemu)", "Starting Backup of VM 101 (lxc)", "Finished Backup of VM 100 (00:01:31)"),
    *(
        "Finished Backup of VM 101 (99:01:31)",
        "Backup of VM 100 failed - x",
        "Backup of VM 101 failed",
        "Failed at 2026-09-10",
    ),
    *(
        "Backup started at 2026-09-10 22:30:04",
        "Backup finished at 2026-99-10 22:30:04",
        "Backup job failed - interrupted",
    ),
    *("starting new backup job: vzdump 100 101 --x 'y'", "skip external VMs: 1, 2", "Backup job finished successfully"),
    *("trying to get global lock - waiting...", "can't acquire lock '/x' - got timeout", "got global lock", "TASK OK"),
    *(
        "TASK WARNINGS: 99999999999999999999",
        "TASK ERROR: job errors",
        "TASK ERROR: interrupted by signal",
        "VMID NAME",
    ),
    *("transferred 999999999999999 EiB in 1 seconds (1 EB/s)", "archive file size: 3.21GB", "pruned 3 backup(s)"),
    *("root.pxar: had to backup 1 B of 2 B", "creating x archive 'y'", "CT Name: z", "unable to add notes - w"),
    *(
        "VMID  NAME  STATUS  TIME  SIZE  FILENAME",
        "100 web ok 00:00:01 1MB /x",
        "vzdump 100",
        "exclude disk 'a' 'b' (c)",
    ),
)

_line = st.builds(str.__add__, st.sampled_from(LEVELS), st.sampled_from(FRAGMENTS) | st.text(max_size=30))
_text = st.lists(_line, max_size=25).map("\n".join)
_guest = st.tuples(st.integers(100, 105), st.sampled_from(["ok", "failed"]))


def as_proxmox_writes(guests: list[tuple[int, str]], end: str) -> list[str]:
    """Print a run in the order that Proxmox keeps."""
    lines = ["INFO: starting new backup job: vzdump 100 101 102 103 104 105 --mode snapshot --quiet 1"]
    for vmid, result in guests:
        lines += [
            f"INFO: Starting Backup of VM {vmid} (qemu)",
            "INFO: Backup started at 2026-09-10 22:30:04",
            f"INFO: VM Name: guest{vmid}",
            "INFO: backup mode: snapshot",
            f"INFO: creating vzdump archive '/dump/vzdump-qemu-{vmid}-2026_09_10-22_30_04.vma.zst'",
            "INFO:  57% (18.6 GiB of 32.0 GiB) in 29s, read: 655.4 MiB/s, write: 203.4 MiB/s",
        ]
        if result == "ok":
            lines += [
                "INFO: archive file size: 3.21GB",
                f"INFO: Finished Backup of VM {vmid} (00:01:31)",
                "INFO: Backup finished at 2026-09-10 22:31:35",
            ]
        else:
            lines += [f"ERROR: Backup of VM {vmid} failed - got timeout", "INFO: Failed at 2026-09-10 22:31:35"]
    return [*lines, end]


@given(_text | st.text())
def test_no_text_raises(text: str) -> None:
    """Every text gives a log, ended or not."""
    log = parse(text)
    assert log.result in {None, "ok", "warnings", "failed", "aborted"}
    assert all(guest.result in {"ok", "failed", "interrupted", "running"} for guest in log.guests)
    assert all(guest.result != "running" for guest in parse(text, finished=True).guests)


@given(_text, st.lists(st.integers(0, 400), max_size=8))
def test_pieces_read_like_the_whole(text: str, cuts: list[int]) -> None:
    """Wherever the pieces are cut, even within a character."""
    content = text.encode("utf-8", "surrogatepass")
    whole = VzdumpLogReader()
    whole.feed(content)
    whole.end()
    pieces = VzdumpLogReader()
    start = 0
    for cut in sorted(min(cut, len(content)) for cut in cuts):
        pieces.feed(content[start:cut])
        pieces.log()
        start = cut
    pieces.feed(content[start:])
    pieces.end()
    assert pieces.log() == whole.log()


@given(st.binary(max_size=400))
def test_no_bytes_raise(content: bytes) -> None:
    """A damaged file."""
    reader = VzdumpLogReader()
    reader.feed(content)
    reader.end()
    assert isinstance(reader.log(), VzdumpLog)


@given(
    guests=st.lists(_guest, max_size=5, unique_by=lambda guest: guest[0]),
    end=st.sampled_from(["TASK OK", "TASK WARNINGS: 3", "TASK ERROR: job errors", "TASK ERROR: interrupted by signal"]),
    data=st.data(),
)
def test_a_beginning_never_contradicts_the_whole(guests: list[tuple[int, str]], end: str, data: st.DataObject) -> None:
    """What was read once stays true when the log grows."""
    text = "\n".join([*as_proxmox_writes(guests, end), ""])
    whole = parse(text)
    assert [(guest.vmid, guest.result) for guest in whole.guests] == guests
    part = parse(text[: data.draw(st.integers(0, len(text)))])
    assert part.result in {None, whole.result}
    for run, later in zip(part.guests, whole.guests, strict=False):
        assert run.vmid == later.vmid
        assert run.result in {"running", later.result}
        assert run.duration in {None, later.duration}
        assert run.size in {None, later.size}


@given(
    guests=st.lists(_guest, min_size=1, max_size=4, unique_by=lambda guest: guest[0]),
    noise=st.lists(
        st.tuples(
            st.integers(0, 60),
            st.sampled_from(
                [
                    *(
                        "INFO: hook says ERROR: Backup of VM 999 failed - no",
                        '  Logical volume "x" created.',
                        "",
                        "\0\0",
                    ),
                    *("INFO: 100% (1 GiB of 1 GiB) in 1s", "TASK OK?", " OK", "zstd: error 70", "INFO: rsync\r"),
                    *("INFO: HOOK-ENV: vmtype=lxc;target=ct/800/2021-08-26T23:12:56Z", "/dev/rbd12"),
                ]
            ),
        ),
        max_size=20,
    ),
)
def test_noise_between_the_lines_changes_nothing(guests: list[tuple[int, str]], noise: list[tuple[int, str]]) -> None:
    """Hook scripts and child processes write into the same log."""
    lines = as_proxmox_writes(guests, "TASK ERROR: job errors")
    expected = parse("\n".join(lines))
    for position, line in noise:
        lines.insert(min(position, len(lines) - 1), line)
    assert parse("\n".join(lines)) == expected
