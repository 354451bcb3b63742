"""How questions are answered: language models and the guards that wrap them. Importing this loads no vendor.

Each guard is a Model around a Model. From the outside in::

    Fallback((                                  # the next model, when one has failed for good
        Retrying(model=                         # outside the limits: who waits for a retry holds no place
            Limited(limits=shared, model=       # outside the breaker: who waited in line while it opened is
                Breaker(model=                  #   told at once and does not ask a dead provider
                    Observed(model=openrouter(...))))),
        ...,
    ))

Where another model follows, give `Retrying` a *total* below the breaker's *cooldown*: an open circuit then
moves on at once. For the last model give it more than the *cooldown*, so that a short outage is waited out.
"""

from reflecta.adapters.models.breaker import Breaker
from reflecta.adapters.models.fallback import Fallback
from reflecta.adapters.models.limits import Limited, Limits
from reflecta.adapters.models.llm import Options, anthropic, openai_compatible, openrouter
from reflecta.adapters.models.observed import Observed
from reflecta.adapters.models.retries import Retrying

__all__ = [
    "Breaker",
    "Fallback",
    "Limited",
    "Limits",
    "Observed",
    "Options",
    "Retrying",
    "anthropic",
    "openai_compatible",
    "openrouter",
]
