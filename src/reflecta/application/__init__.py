"""The use cases: frozen dataclasses whose fields are the ports they need. They name no vendor."""
