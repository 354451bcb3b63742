"""The ways in: command line, HTTP, and the processes that run for long."""
