"""The proofs' victim, watched: it tells every refusal of its database, and takes a page limit from a file.

Run as ``python -m tests.faults.watched MODEL_URL [LIMIT]``. While the file LIMIT holds a number, SQLite may grow by
so many pages and no more, as on a disk that is full; while it is empty or missing, without limit.
"""

import asyncio
import sys
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from tests.proof.victim import main

NO_LIMIT = 4_294_967_294


def _tell(context: ExceptionContext) -> None:
    text = str(context.original_exception).split("\n", 1)[0]
    sys.stderr.write(f"refused: {type(context.original_exception).__name__}: {text}\n")
    sys.stderr.flush()


class _Limit:
    """Sets the page limit anew as each transaction begins: it belongs to a connection, not to the file."""

    def __init__(self, told_in: Path) -> None:
        self._told_in = told_in

    def __call__(self, connection: sa.Connection) -> None:
        if connection.dialect.name != "sqlite":
            return
        told = self._told_in.read_text(encoding="ascii") if self._told_in.exists() else ""
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        limit = pages + int(told) if told else NO_LIMIT
        connection.exec_driver_sql(f"PRAGMA max_page_count={limit}")


if __name__ == "__main__":
    event.listen(sa.Engine, "handle_error", _tell)
    if len(sys.argv) > 2:
        event.listen(sa.Engine, "begin", _Limit(Path(sys.argv[2])))
    asyncio.run(main(sys.argv[1]))
