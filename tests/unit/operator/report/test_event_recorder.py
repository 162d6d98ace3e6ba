"""An event is posted in the background, whole, and not again within ten minutes."""

from typing import Any

import pytest
from polling import eventually

from chess_operator.report import event_recorder
from chess_operator.report.event_recorder import NOTE_LIMIT, EventRecorder

CLUSTER = {"metadata": {"name": "arena", "namespace": "chess", "uid": "u", "resourceVersion": "7"}}


@pytest.fixture
def posted() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def recorder(posted: list[dict[str, Any]]) -> EventRecorder:
    async def post(event: dict[str, Any]) -> None:
        posted.append(event)

    return EventRecorder(post, "me")


async def test_an_event_is_about_its_chesscluster(
    recorder: EventRecorder, posted: list[dict[str, Any]]
) -> None:
    recorder.record(CLUSTER, "ScaledOut", "n" * 9999, kind="Warning", action="Scale")
    await eventually(lambda: posted, "nothing was posted")
    (event,) = posted
    assert (event["reason"], event["type"], event["action"]) == ("ScaledOut", "Warning", "Scale")
    assert (event["regarding"]["uid"], event["metadata"]["namespace"]) == ("u", "chess")
    assert (len(event["note"]), event["note"][-1]) == (NOTE_LIMIT, "…")


async def test_the_same_event_is_not_posted_again_at_once(
    recorder: EventRecorder, posted: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for note in ("one", "one", "two"):
        recorder.record(CLUSTER, "ScaledOut", note)
    await eventually(lambda: len(posted) == 2, "two events were not posted")
    monkeypatch.setattr(event_recorder, "REPEAT_SECONDS", 0.0)
    recorder.record(CLUSTER, "ScaledOut", "one")
    await eventually(lambda: len(posted) == 3, "the event was not posted again")
