"""Which jobs of `make test` may start, by a table."""

import pytest
from lanes.jobs import ALL, QUICK, ROOT, Job, Load
from lanes.schedule import State, check, hopeless, startable


def job(name: str, needs: str = "", follows: str = "", load: Load = Load.COMPUTES) -> Job:
    return Job(
        name=name,
        tier="unit",
        command=("true",),
        needs=tuple(needs.split()),
        follows=tuple(follows.split()),
        load=load,
    )


JOBS = [
    job("a"),
    job("b"),
    job("c"),
    job("pods", needs="a", load=Load.PLAYS),
    job("last", follows="b pods"),
]


@pytest.mark.parametrize(
    "states, expected",
    [
        pytest.param({}, ["a", "b"], id="as many as there are cores"),
        pytest.param({"a": State.RUNNING}, ["b"], id="one core is taken"),
        pytest.param({"a": State.PASSED, "b": State.RUNNING}, ["c", "pods"], id="what waits takes no core"),
        pytest.param({"a": State.FAILED, "b": State.RUNNING}, ["c"], id="what it needs has failed"),
        pytest.param(
            {"a": State.PASSED, "b": State.FAILED, "c": State.PASSED, "pods": State.SKIPPED},
            ["last"],
            id="whatever came of those before",
        ),
        pytest.param(
            {"a": State.PASSED, "b": State.FAILED, "c": State.PASSED, "pods": State.RUNNING},
            [],
            id="one before it still runs",
        ),
    ],
)
def test_what_may_start(states: dict[str, State], expected: list[str]) -> None:
    assert [found.name for found in startable(JOBS, states, cores=3)] == expected


SERVING = [
    job("node"),
    *(job(f"play{number}", needs="node", load=Load.PLAYS) for number in range(4)),
    *(job(f"serve{number}", needs="node", load=Load.SERVES) for number in range(3)),
]


@pytest.mark.parametrize(
    "ended, running, expected",
    [
        pytest.param("node", "", "play0 play1 play2 serve0", id="those that play have their places"),
        pytest.param("node play0", "play2 serve0", "play1 play3", id="and keep them for the next"),
        pytest.param("node play0", "play1 play2 play3 serve0", "", id="none is free"),
        pytest.param(
            "node play0 play1", "play2 play3 serve0", "serve1", id="a place that none wants any more"
        ),
        pytest.param("node play0 play1", "play2 play3 serve0 serve1", "", id="is taken once"),
        pytest.param("node play0 play1 play2", "play3 serve0", "serve1 serve2", id="each of them is"),
    ],
)
def test_one_that_serves_takes_the_place_of_one_that_plays(ended: str, running: str, expected: str) -> None:
    states = dict.fromkeys(ended.split(), State.PASSED) | dict.fromkeys(running.split(), State.RUNNING)
    assert [found.name for found in startable(SERVING, states, cores=2)] == expected.split()


def test_what_needs_a_failed_job_never_runs() -> None:
    assert [found.name for found in hopeless(JOBS, {"a": State.FAILED})] == ["pods"]
    assert hopeless(JOBS, {"a": State.PASSED, "b": State.FAILED}) == []


def test_a_job_waits_only_for_those_listed_before_it() -> None:
    with pytest.raises(ValueError, match="b: waits for c"):
        check([job("a"), job("b", needs="a c"), job("c")])
    check(ALL)
    check(QUICK)


def test_each_test_file_belongs_to_one_job() -> None:
    tests = ROOT / "tests"
    asked = [
        tests / part.removeprefix("tests/")
        for job in ALL
        if job.collects
        for part in job.command
        if part.startswith("tests/")
    ]
    for file in tests.rglob("test_*.py"):
        assert [path for path in asked if file == path or path in file.parents] != [], file
        assert len([path for path in asked if file == path or path in file.parents]) == 1, file
