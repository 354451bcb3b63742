# ruff: noqa: PLC0415 - what a command needs is imported when it runs: `reflecta --help` loads the parser alone.
"""`reflecta safety`: who is held, until when, and how often."""

from enum import StrEnum
from typing import Annotated

import typer

from reflecta.entrypoints.cli.options import AsJson, At, UserId, given_id


class Sign(StrEnum):
    """The signs of risk that a person may have seen, known without the time that loading the domain takes."""

    DISTRESS = "distress"
    SELF_HARM = "self_harm"
    SUICIDE = "suicide"
    HARM_TO_OTHERS = "harm_to_others"
    ABUSE = "abuse"
    EATING_DISORDER = "eating_disorder"
    MEDICAL = "medical"
    PSYCHOSIS = "psychosis"


safety = typer.Typer(name="safety", help="Hold and release users with signs of risk, and count.", rich_markup_mode=None)


@safety.command()
def report(
    *,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE|INSTANT",
            help="Count from this UTC date, or ISO 8601 with an offset; by default from 1 January.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    at: At = None,
) -> int:
    """Count signs of risk by sign and by who saw them."""
    from reflecta.entrypoints.cli import safety as holding

    return holding.show_report(since, at=at, as_json=as_json)


@safety.command()
def held(
    *,
    after: Annotated[str, typer.Option(metavar="USER", help="Start after this user.", parser=given_id)] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 1000,
    as_json: AsJson = False,
    at: At = None,
) -> int:
    """List who is held, until when, and what comes next."""
    from reflecta.entrypoints.cli import safety as holding

    return holding.show_held(at=at, as_json=as_json, after=after, limit=limit)


@safety.command()
def hold(
    user: UserId,
    *,
    sign: Annotated[Sign, typer.Option(help="What was seen.")] = Sign.DISTRESS,
    as_json: AsJson = False,
    at: At = None,
) -> int:
    """Hold a user because a person saw a sign of risk.

    Nothing ordinary is sent to them until it ends, not by `force` either. No text with helplines goes out by it.
    """
    from reflecta.entrypoints.cli import safety as holding

    return holding.run_hold(user, sign.value, at=at, as_json=as_json)


@safety.command()
def release(user: UserId, *, as_json: AsJson = False, at: At = None) -> int:
    """End a user's hold, after a person has reviewed."""
    from reflecta.entrypoints.cli import safety as holding

    return holding.run_release(user, at=at, as_json=as_json)
