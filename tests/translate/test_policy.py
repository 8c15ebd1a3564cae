"""What is done about a failure stands in one table, and every status a failure can have is in it."""

from __future__ import annotations

import pytest

from ccswitch_tui.translate.errors import EXCEPTIONS, STATUSES, failure_from_response
from ccswitch_tui.translate.policy import GONE, POLICY, status_for


def test_every_status_a_failure_can_have_has_a_row() -> None:
    assert set(STATUSES.values()) | {status for status, _, _ in EXCEPTIONS.values()} <= set(POLICY)


@pytest.mark.parametrize("status", POLICY)
def test_a_failure_does_what_its_row_says(status: int) -> None:
    failure = failure_from_response(
        status, {}, b'{"error":{"message":"no"}}', provider="p", model="m", translation=None
    )
    row = POLICY[failure.status]
    assert failure.cure_elsewhere is row.elsewhere
    assert (failure.headers.get("x-should-retry") == "false") is row.final


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_what_is_for_the_user_is_never_covered_up_by_another_endpoint(status: int) -> None:
    assert not POLICY[status].elsewhere


@pytest.mark.parametrize("status", [200, 299, *POLICY])
def test_only_claude_code_is_told_another_status(status: int) -> None:
    assert status_for(status, "", hopeless=True) == status
    assert status_for(status, "a-session") == (GONE if status in (401, 403, 404) else status)
    assert status_for(status, "a-session", hopeless=True) == GONE
