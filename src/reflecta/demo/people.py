"""The forty people of the demonstration: import files, one a person."""

from collections.abc import Iterator
from importlib import resources

from reflecta.adapters.documents import parse_line
from reflecta.application.importing import Import, Imported
from reflecta.bootstrap import Service


def lines() -> Iterator[tuple[int, bytes]]:
    """Give the lines of all files as one import."""
    folder = resources.files("reflecta.demo") / "people"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    texts = (file.read_bytes().splitlines() for file in files if file.name.endswith(".jsonl"))
    yield from enumerate((line for text in texts for line in text), start=1)


async def import_people(service: Service) -> Imported:
    """Bring everybody in, through the door that any app uses."""
    importing = Import(ingest=service.ingest, telemetry=service.telemetry, parse=parse_line)
    return await importing.run(lines)
