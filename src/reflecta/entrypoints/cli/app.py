# ruff: noqa: PLC0415 - what a command needs is imported when it runs: `reflecta --help` loads the parser alone.
"""The commands with their options and help, and `main`. What they do stands in the modules they import."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reflecta import __version__
from reflecta.entrypoints.cli import output
from reflecta.entrypoints.cli.commands.migrate import migrate
from reflecta.entrypoints.cli.commands.safety import safety
from reflecta.entrypoints.cli.exits import EPILOG, ExitCode, judge
from reflecta.entrypoints.cli.options import AsJson, At, UserId, given_id

app = typer.Typer(
    name="reflecta",
    help="Writes to the users of journaling apps at the right local hour, and explains every message.",
    epilog=EPILOG,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


class Engine(StrEnum):
    """The settings' engines, known without the time that loading the settings takes."""

    LOCAL = "local"
    PGQUEUER = "pgqueuer"
    HTTP = "http"


class Category(StrEnum):
    """Where a user stands, in the guide's words."""

    DUE = "due"
    NEEDS_BOOTSTRAP = "needs-bootstrap"
    SCHEDULED = "scheduled"
    DISABLED = "disabled"
    NEEDS_TIMEZONE = "needs-timezone"


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context, *, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Print the version, or help where no command is named."""
    if version:
        output.write(f"reflecta {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        output.write(context.get_help())
        raise typer.Exit(ExitCode.USAGE)


@app.command()
def demo(
    *,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the demonstration's database in this folder.", file_okay=False)
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show the whole loop, offline.

    Forty people, two days in seconds, no key.
    """
    from reflecta.demo import run

    return run(keep=keep, as_json=as_json)


@app.command()
def simulate(
    *,
    scenario: Annotated[
        Path | None, typer.Option(help="The world to play in, as TOML; see --print-scenario.", dir_okay=False)
    ] = None,
    users: Annotated[Path | None, typer.Option(help="Simulate the users of this import file.", dir_okay=False)] = None,
    size: Annotated[int | None, typer.Option(help="Answer for so many users (100,000).", min=1)] = None,
    sample: Annotated[int | None, typer.Option(help="Simulate at most so many of them (2,000).", min=1)] = None,
    days: Annotated[int | None, typer.Option(help="Simulate so many days (7).", min=1, max=3660)] = None,
    seed: Annotated[int | None, typer.Option(help="The seed of all chance (1).", min=0)] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with plots.", dir_okay=False)] = None,
    log: Annotated[Path | None, typer.Option(help="Write every effect as JSON lines.", dir_okay=False)] = None,
    engine: Annotated[Engine, typer.Option(help="Play with this engine.")] = Engine.LOCAL,
    database_url: Annotated[
        str, typer.Option(help="Play on this database, which must be empty; in memory by default.")
    ] = "sqlite://",
    print_scenario: Annotated[
        bool, typer.Option("--print-scenario", help="Print the scenario as TOML; simulate nothing.")
    ] = False,
    as_json: AsJson = False,
    at: At = None,
) -> int:
    """Tell what many users would cost and load.

    The real service under a virtual clock, with doubles of the model and the push service, audited from outside.
    Nothing is sent or paid for, and your database is not touched.
    """
    from reflecta.entrypoints.cli import simulating

    changes = {"size": size, "sample": sample, "days": days, "seed": seed}
    if print_scenario:
        return simulating.print_scenario(scenario, changes)
    files = simulating.Files(scenario=scenario, users=users, html=html, log=log)
    return simulating.run_simulate(
        files, changes, at=at, as_json=as_json, database_url=database_url, engine=simulating.EngineName(engine)
    )


@app.command()
def serve(
    *,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen at.", min=0, max=65535)] = 3000,
) -> int:
    """Run the HTTP API, the ticks and a worker in one process."""
    import asyncio

    from reflecta.config import load
    from reflecta.entrypoints import serving

    asyncio.run(serving.serve(load(), host, port))
    return ExitCode.OK


@app.command()
def worker() -> int:
    """Work on what is queued, without the HTTP API."""
    import asyncio

    from reflecta.config import load
    from reflecta.entrypoints import serving

    asyncio.run(serving.work(load()))
    return ExitCode.OK


@app.command()
def tick(
    *,
    enqueue_only: Annotated[
        bool, typer.Option("--enqueue-only", help="Leave what is queued to a worker; write no message.")
    ] = False,
    as_json: AsJson = False,
    at: At = None,
) -> int:
    """Find who is due and make occasions of them.

    On the local engine messages are also written and sent, until nothing is left to do.
    """
    from reflecta.entrypoints.cli import running

    return running.run_tick(at=at, as_json=as_json, enqueue_only=enqueue_only)


@app.command("list")
def list_users(
    *,
    category: Annotated[Category | None, typer.Option(help="Only users who stand there.")] = None,
    after: Annotated[str, typer.Option(metavar="USER", help="Start after this user.", parser=given_id)] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 1000,
    as_json: AsJson = False,
    at: At = None,
) -> int:
    """List users: where each stands, when each is due."""
    from reflecta.entrypoints.cli import reading

    return reading.show_users(at=at, as_json=as_json, wanted=category, after=after, limit=limit)


@app.command()
def status(user: UserId, *, as_json: AsJson = False, at: At = None) -> int:
    """Show one user: what comes next and why."""
    from reflecta.entrypoints.cli import reading

    return reading.show_status(user, at=at, as_json=as_json)


@app.command("test")
def try_user(user: UserId, *, as_json: AsJson = False, at: At = None) -> int:
    """Write to a user if they are due; else say when they are."""
    from reflecta.entrypoints.cli import running

    return running.run_user(user, at=at, as_json=as_json, force=False)


@app.command()
def force(user: UserId, *, as_json: AsJson = False, at: At = None) -> int:
    """Write to a user now, due or not.

    The schedule stays as it is, and the gate holds. It counts as that day's message.
    """
    from reflecta.entrypoints.cli import running

    return running.run_user(user, at=at, as_json=as_json, force=True)


@app.command("dry-run")
def dry_run(user: UserId, *, as_json: AsJson = False, at: At = None) -> int:
    """Write a message for a user, only to show it.

    Nothing is stored or sent; model calls are paid for.
    """
    from reflecta.entrypoints.cli import running

    return running.run_dry(user, at=at, as_json=as_json)


@app.command()
def explain(
    user: UserId,
    *,
    occasion: Annotated[
        str | None, typer.Option(metavar="ID", help="This occasion alone.", parser=given_id, show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many occasions, the newest.", min=1)] = 10,
    context: Annotated[
        bool, typer.Option("--context", help="Show the journal context as well; it is the user's own words.")
    ] = False,
    as_json: AsJson = False,
    at: At = None,
) -> int:
    """Tell what became of a user's occasions, and why."""
    from reflecta.entrypoints.cli import reading

    return reading.show_explanation(
        user, at=at, as_json=as_json, occasion_id=occasion, limit=limit, with_context=context
    )


@app.command("import")
def import_file(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON lines; - for standard input.")],
    *,
    reschedule: Annotated[
        bool, typer.Option("--reschedule", help="Set due times anew even where one is stored.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Import users, entries and insights.

    Lines are {"type": "user" | "entry" | "insight", ...}. Bad lines are told, good ones kept; importing a file
    again changes nothing.
    """
    from reflecta.entrypoints.cli import importing

    return importing.run_import(file, as_json=as_json, reschedule=reschedule)


@app.command()
def doctor(
    *,
    ask_model: Annotated[bool, typer.Option("--ask-model", help="Ask the model one small, paid question.")] = False,
    as_json: AsJson = False,
    at: At = None,
) -> int:
    """Check that all is well, and say what mends it.

    Database, schema, plans of the hot queries, clock, zones, ticks, pushes, model access, secret.
    """
    from reflecta.entrypoints.cli import doctor as doctoring

    return doctoring.run_doctor(at=at, as_json=as_json, ask_model=ask_model)


@app.command()
def config(*, as_json: AsJson = False) -> int:
    """Show every setting and where it comes from.

    Secrets are masked.
    """
    from reflecta.entrypoints.cli import settings

    return settings.show_settings(as_json=as_json)


@app.command()
def replay(
    *,
    prompt: Annotated[
        str, typer.Option(metavar="VERSION|FOLDER", help="A version that was once in use, or a folder of prompt texts.")
    ],
    user: Annotated[
        str | None, typer.Option(metavar="USER", help="This user alone.", parser=given_id, show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many occasions, the newest.", min=1)] = 20,
    html: Annotated[Path | None, typer.Option(help="Write a page of both.", dir_okay=False)] = None,
    as_json: AsJson = False,
) -> int:
    """Write again with other prompts, beside what was written.

    From the contexts of the newest occasions. Nothing is stored or sent; model calls are paid for.
    """
    from reflecta.entrypoints.cli import replaying

    return replaying.run_replay(prompt, user_id=user, limit=limit, as_json=as_json, html=html)


app.add_typer(safety)
app.add_typer(migrate)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (this process's own by default) and give its exit code. Prints no traceback."""
    output.prepare()
    command = typer.main.get_command(app)
    try:
        return command.main(args=arguments, prog_name="reflecta", standalone_mode=False) or ExitCode.OK
    except output.ReaderGone:
        output.let_go()
        return ExitCode.OK
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except typer.Abort:
        return ExitCode.INTERRUPTED
    except typer.TyperException as error:
        output.note(f"error: {error.format_message().rstrip('.')}. Try: reflecta --help")
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - nobody is to meet a traceback
        code, text = judge(error)
        output.note(f"error: {text}")
        return code
