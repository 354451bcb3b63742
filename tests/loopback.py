"""Addresses of this machine, for servers that tests start."""

import socket
from http import HTTPStatus
from urllib.request import urlopen


def free_port() -> int:
    """Give a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def answers(url: str) -> bool:
    """Say whether a URL answers well."""
    try:
        with urlopen(url, timeout=2) as response:
            return response.status == HTTPStatus.OK
    except OSError:
        return False
