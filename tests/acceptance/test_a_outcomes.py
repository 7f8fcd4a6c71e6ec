"""Rows A01 to A28: how runs end, and what that means for jobs and guests."""

from simulator.outcomes import failed

from .home import Home


async def test_a01_a_good_run_is_no_problem_and_names_its_proof(home: Home) -> None:
    await home.until("2026-01-13T05:00:00")

    guest = home.guest(101)
    assert guest.brief == ("off", "ok")
    assert home.job().brief == ("off", "ok")
    assert "nightly" in guest.reason


async def test_a02_one_failed_guest_fails_the_job_and_no_other_guest(home: Home) -> None:
    home.pve.guest(104).fails(failed("job failed with err -5 - Input/output error"))
    await home.until("2026-01-13T05:00:00")

    assert home.guest(104).brief == ("on", "failed")
    assert home.job().brief == ("on", "failed")
    assert [home.guest(vmid).brief for vmid in (101, 102, 103)] == [("off", "ok")] * 3
