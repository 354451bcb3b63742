"""`reflecta doctor`: what is looked at, one file each for SQL, Firestore and the settings."""

from reflecta.entrypoints.cli.doctor.command import run_doctor

__all__ = ["run_doctor"]
