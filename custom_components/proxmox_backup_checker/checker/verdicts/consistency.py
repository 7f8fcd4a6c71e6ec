"""Whether a guest's backups are only crash-consistent: like a disk whose machine lost its power, though an agent was to prevent that."""

from collections.abc import Sequence

from ..model.outcome import Outcome, Result
from ..model.reason_codes import ReasonCode
from ..model.verdict import Reason

FREEZE_FAILED = "freeze_failed"
AGENT_SILENT = "agent_silent"
"""How outcomes name that the freeze failed, and that an agent that is switched on did not answer."""


def crash_consistent(outcomes: Sequence[Outcome]) -> Reason | None:
    """Return that the newest good backup was made without a freeze, and since when none had one; `outcomes` are newest first.

    A backup of a guest that was off needs none and says nothing. Who has switched the freeze off in the guest's options has decided so.
    """
    begun: Outcome | None = None
    newest: Outcome | None = None
    for outcome in outcomes:
        if outcome.result is not Result.OK or outcome.stopped:
            continue
        if not {FREEZE_FAILED, AGENT_SILENT} & set(outcome.warnings):
            break
        newest, begun = newest or outcome, outcome
    if newest is None or begun is None:
        return None
    failed = FREEZE_FAILED in newest.warnings
    code = ReasonCode.FREEZE_FAILED if failed else ReasonCode.FREEZE_SKIPPED
    return Reason(code, {"node": newest.node, "since": begun.started})
