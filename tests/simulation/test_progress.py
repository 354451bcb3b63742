"""Progress: nothing of short runs, one line on a terminal, lines now and then elsewhere."""

import pytest

from reflecta.entrypoints.cli.simulating import Progress


class Watch:
    """Shows the real time a test wants."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def run(days: int, seconds: float, *, is_terminal: bool) -> None:
    """Let a run of so many days take so many seconds a day."""
    watch = Watch()
    progress = Progress(days=days, is_terminal=is_terminal, now=watch)
    for hour in range(24 * days + 1):
        watch.seconds = 100 + hour / 24 * seconds
        progress(hour / 24)
    progress.end()


@pytest.mark.parametrize(("is_terminal", "seconds"), [(True, 0.4), (False, 2)])
def test_a_short_run_is_quiet(capsys: pytest.CaptureFixture[str], seconds: float, *, is_terminal: bool) -> None:
    run(2, seconds, is_terminal=is_terminal)
    assert capsys.readouterr().err == ""


def test_elsewhere_a_line_comes_now_and_then_with_an_estimate(capsys: pytest.CaptureFixture[str]) -> None:
    run(10, 10, is_terminal=False)
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "simulated 0.5 of 10 days, about 95 s left"
    assert len(told) == 4


def test_a_terminal_has_one_line_that_is_cleared(capsys: pytest.CaptureFixture[str]) -> None:
    run(3, 10, is_terminal=True)
    told = capsys.readouterr().err
    assert "\n" not in told
    assert told.endswith(" \r")
    assert told.count("\rsimulated") > 20


def test_a_long_run_is_told_in_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    run(365, 6, is_terminal=False)
    assert capsys.readouterr().err.splitlines()[0] == "simulated 0.8 of 365 days, about 36 min left"
