"""Folder = port, file = vendor. Adapters receive plain values; they know neither settings nor one another."""
