"""Engines carry occasion ids from the tick to a worker: in this process, over PostgreSQL, or by HTTP."""
