"""How alike two messages are in meaning, by the table of word vectors that the wordllama package ships.

Needs `reflecta[likeness]`: this module cannot be imported without it. The table and its tokenizer are read from the
package's files: its own loader holds the table twice, imports a client for downloads and takes 100 MB more. Nothing is
ever downloaded. The vectors are of English; for other languages only near copies are told from the rest.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from reflecta.domain.checks.vocabulary import FUNCTION_WORDS, language_of
from reflecta.domain.errors import ConfigurationError
from reflecta.domain.text import words

_PACKAGE: Final = "wordllama"
_WEIGHTS: Final = Path("weights", "l2_supercat_256.safetensors")
_TOKENIZER: Final = Path("tokenizers", "l2_supercat_tokenizer_config.json")
# A safetensors file begins with the length of its header; the tensors follow the header.
_LENGTH_BYTES: Final = 8
# The mean cosine of two messages that have nothing in common, measured on the service's templates: scores begin there.
_UNRELATED: Final[Mapping[str, float]] = {"en": 0.16, "de": 0.45, "es": 0.50, "fr": 0.32, "pt": 0.45}
_UNRELATED_ELSEWHERE: Final = 0.5
# Past messages of the users at work, 1 KB each.
MAX_REMEMBERED: Final = 2000

_TINY: Final = 1e-9
_Vector = NDArray[np.float32]


class StaticLikeness:
    """Tells how alike texts are by the sum of the vectors of their words, function words left out.

    The table is opened at the first question and stays mapped; the vectors of the last texts are remembered under
    the hash of each.
    """

    def __init__(self) -> None:
        self._remembered: OrderedDict[bytes, _Vector] = OrderedDict()

    def scores(self, text: str, others: Sequence[str]) -> Sequence[float]:
        """Give the likeness of a text to each of the others, 0-1; 0 is that of texts with nothing in common."""
        language = language_of(set(words(text)))
        unrelated = _UNRELATED.get(language or "", _UNRELATED_ELSEWHERE)
        vector = self._vector(text)
        cosines = [float(np.dot(vector, self._vector(other))) for other in others]
        return [min(max((cosine - unrelated) / (1 - unrelated), 0.0), 1.0) for cosine in cosines]

    def _vector(self, text: str) -> _Vector:
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        vector = self._remembered.pop(key, None)
        if vector is None:
            vector = self._reckon(text)
        self._remembered[key] = vector
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return vector

    def _reckon(self, text: str) -> _Vector:
        """Give the vector of a text, of length 1; of length 0 where it has no words."""
        telling = " ".join(word for word in words(text) if word not in FUNCTION_WORDS)
        ids = self._tokenizer.encode(telling, add_special_tokens=False).ids
        if not ids:
            return np.zeros(self._table.shape[1:], dtype=np.float32)
        total: _Vector = np.add.reduce(self._table[ids], axis=0, dtype=np.float32)
        return total / np.float32(max(float(np.linalg.norm(total)), _TINY))

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return Tokenizer.from_file(str(_find(_TOKENIZER)))

    @cached_property
    def _table(self) -> NDArray[np.float16]:
        path = _find(_WEIGHTS)
        with path.open("rb") as weights:
            length = int.from_bytes(weights.read(_LENGTH_BYTES), "little")
            header = cast("dict[str, dict[str, list[int]]]", json.loads(weights.read(length)))
        tensor = next(entry for name, entry in header.items() if name != "__metadata__")
        rows, columns = tensor["shape"]
        offset = _LENGTH_BYTES + length + tensor["data_offsets"][0]
        return np.memmap(path, dtype=np.float16, mode="r", offset=offset, shape=(rows, columns))


def _find(file: Path) -> Path:
    """Give the path of one of the package's files, without importing the package."""
    spec = find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    for path in (Path(folder) / file for folder in folders or ()):
        if path.exists():
            return path
    raise ConfigurationError(f"{_PACKAGE} has no file {str(file)!r}; install reflecta[likeness] as it is pinned")
