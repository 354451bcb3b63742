"""How messages reach devices, one file a provider."""
