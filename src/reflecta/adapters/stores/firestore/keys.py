"""Document ids: any id of the app as one path segment that Firestore accepts, and back.

What Firestore takes as it is, which is all that an app on Firestore can have, is its own key.
"""

import re
from typing import Final
from urllib.parse import unquote

# A segment holds no slash, is neither '.' nor '..', and not of the form __x__.
_RESERVED: Final = re.compile(r"\.{1,2}|__.*__", re.DOTALL)
_ESCAPED: Final = "reflecta%"


def key_of(id_: str) -> str:
    """Give the document id of an id; where it cannot be one, it is written with '%' codes behind a mark."""
    if "/" not in id_ and not _RESERVED.fullmatch(id_) and not id_.startswith(_ESCAPED):
        return id_
    escaped = id_.replace("%", "%25").replace("/", "%2F")
    return _ESCAPED + escaped


def id_of(name: str) -> str:
    """Give the id of a document by its name or the last part of it."""
    key = name.rpartition("/")[2]
    return unquote(key.removeprefix(_ESCAPED)) if key.startswith(_ESCAPED) else key
