"""Benchmarks beside floors: `python -m benchmarks` measures the service and, in the same run, what bounds it.

A floor does the same work without the service: a raw driver with the same statements, bare aiohttp with the same
calls. On a shared machine read the ratios; the seconds are its own.
"""
