"""Import files: JSON lines of users, entries and insights, read one at a time whatever their size."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import BinaryIO, Final, cast

from reflecta.adapters.documents.body import parse_json
from reflecta.adapters.documents.entries import read_entry
from reflecta.adapters.documents.insights import read_insights
from reflecta.adapters.documents.users import read_user
from reflecta.application.importing import MAX_LINE, Line, Record
from reflecta.domain.errors import InvalidInput

# What reads a line's document, by its type.
READERS: Final[Mapping[str, Callable[[object], Record]]] = {
    "user": read_user,
    "entry": read_entry,
    "insight": read_insights,
}
_SHOWN: Final = 40


def numbered_lines(open_file: Callable[[], BinaryIO]) -> Iterator[tuple[int, bytes]]:
    """Open a file and give its lines from number 1; of a line that is too long, no more than shows that it is."""
    with open_file() as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            yield number, line
            while len(line) > MAX_LINE and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE + 1)


def parse_line(line: bytes) -> Line:
    """Read which of the three a line is; its document is read when it is asked for."""
    document = parse_json(line, field="line")
    if not isinstance(document, Mapping):
        raise InvalidInput("line", "give a JSON object")
    kind = cast("Mapping[str, object]", document).get("type")
    read = READERS.get(kind) if isinstance(kind, str) else None
    if read is None:
        shown = f"; {kind[:_SHOWN]!r} is none of them" if isinstance(kind, str) else ""
        raise InvalidInput("type", f"give one of {', '.join(READERS)}{shown}")
    return Line(is_user=kind == "user", read=partial(read, cast("object", document)))
