"""The exception tree, split by who must act. A low score or a closed window is a value, never one of these.

ReflectaError
├── ConfigurationError    the operator: settings are missing or wrong
├── InvalidInput          the caller: a value is wrong, named by its field
├── NotFound              the caller: no such user, occasion or message
├── Conflict              the caller: the state does not allow it now
├── LeaseLost             nobody: another worker has the occasion
├── StoreUnavailable      the operator: the database does not answer
└── ModelError            retried by policy, then an outcome
    ├── ModelUnavailable  the provider: down, overloaded, rate limited; may say when to come back
    ├── ModelTimeout      the provider: no answer in time
    ├── ModelRejected     the operator: credit, key or request refused; trying again does not help
    └── InvalidReply      the model: answered, but not what was asked
"""

from datetime import timedelta


class ReflectaError(Exception):
    """Any error this service raises on purpose."""


class ConfigurationError(ReflectaError):
    """A setting is missing or wrong; the text names it and the remedy."""


class InvalidInput(ReflectaError):
    """A value that a caller gave is wrong. *field* is its path in the caller's words."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class NotFound(ReflectaError):
    """There is no such thing."""


class Conflict(ReflectaError):
    """The state does not allow this now."""


class LeaseLost(ReflectaError):
    """Another worker has the occasion, or it has ended; what was in hand must be dropped."""


class StoreUnavailable(ReflectaError):
    """The database does not answer or cannot write."""


class ModelError(ReflectaError):
    """A model call brought nothing usable."""


class ModelUnavailable(ModelError):
    """The provider is down, overloaded or limits the rate. *retry_after* is its own advice."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelTimeout(ModelError):
    """No answer came in time."""


class ModelRejected(ModelError):
    """The provider refused: no credit, a wrong key, a forbidden or malformed request."""


class InvalidReply(ModelError):
    """The model answered, but not in the form or sense that was asked."""
