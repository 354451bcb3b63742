# ruff: noqa: PLC0415 - what a command needs is imported when it runs: `reflecta --help` loads the parser alone.
"""`reflecta migrate`: schemas, indexes, copies, and the move from another system on the same Firestore."""

from pathlib import Path
from typing import Annotated

import typer

from reflecta.entrypoints.cli.options import AsJson, At

migrate = typer.Typer(name="migrate", invoke_without_command=True, rich_markup_mode=None)
legacy = typer.Typer(name="legacy", rich_markup_mode=None)
migrate.add_typer(legacy)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")]


@migrate.callback()
def schema(
    context: typer.Context,
    *,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit 3 if the schema is behind.")] = False,
    as_json: AsJson = False,
) -> int | None:
    """Bring the database's schema up to date, or move data."""
    if context.invoked_subcommand is not None:
        return None
    from reflecta.entrypoints.cli import migrating

    return migrating.run_migrate(as_json=as_json, check=check)


@migrate.command()
def indexes() -> int:
    """Print firestore.indexes.json, for every query."""
    from reflecta.entrypoints.cli import migrating

    return migrating.show_indexes()


@migrate.command()
def copy(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The URL of the database to copy from.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The URL of the database to copy to.")],
    *,
    progress: Annotated[
        Path, typer.Option(help="Keep in this file how far it is, until it is done.", dir_okay=False)
    ] = Path("reflecta-copy.json"),
    as_json: AsJson = False,
) -> int:
    """Copy all that is kept to another database.

    Users, journals, and everything this service or another wrote, between SQLite, PostgreSQL and Firestore. A copy
    that was broken off goes on where it was. Users who are in the target already give way to the source's.
    """
    from reflecta.entrypoints.cli import migrating

    return migrating.run_copy(source, target, progress=progress, as_json=as_json)


@legacy.callback()
def legacy_steps() -> None:
    """Take over from another system on Firestore.

    In this order: check, bootstrap, shadow (as long as you like), cut-over, verify.
    """


@legacy.command("check")
def legacy_check(*, as_json: AsJson = False, at: At = None) -> int:
    """Say where all users stand; change nothing.

    Who lacks a schedule, which zones nobody knows, which due times would move.
    """
    from reflecta.entrypoints.cli import legacy as steps

    return steps.run_check(at=at, as_json=as_json)


@legacy.command("bootstrap")
def legacy_bootstrap(*, dry_run: DryRun = False, as_json: AsJson = False, at: At = None) -> int:
    """Give a due time to all who have none."""
    from reflecta.entrypoints.cli import legacy as steps

    return steps.run_bootstrap(at=at, as_json=as_json, is_dry=dry_run)


@legacy.command("shadow")
def legacy_shadow(
    *,
    into: Annotated[Path, typer.Option(help="Keep what is decided in this SQLite file.", dir_okay=False)] = Path(
        "reflecta-shadow.db"
    ),
    as_json: AsJson = False,
    at: At = None,
) -> int:
    """Decide beside the other system, deliver nothing.

    Run it every hour. It reads Firestore and writes to a file of its own, compares who wrote to whom on the last
    seven days, and leaves everything else alone. Model calls are paid for.
    """
    from reflecta.entrypoints.cli import legacy as steps

    return steps.run_shadow(into, at=at, as_json=as_json)


@legacy.command("cut-over")
def legacy_cut_over(*, dry_run: DryRun = False, as_json: AsJson = False, at: At = None) -> int:
    """Take over: mend due times that would surprise."""
    from reflecta.entrypoints.cli import legacy as steps

    return steps.run_cut_over(at=at, as_json=as_json, is_dry=dry_run)


@legacy.command("verify")
def legacy_verify(*, as_json: AsJson = False, at: At = None) -> int:
    """Look for what is wrong after the cut-over."""
    from reflecta.entrypoints.cli import legacy as steps

    return steps.run_verify(at=at, as_json=as_json)
