"""The indexes that operators deploy are those that the queries need; the emulator would not miss one."""

import ast
import json
from pathlib import Path

import pytest

from reflecta.adapters.stores.firestore import indexes, queries
from reflecta.adapters.stores.firestore.queries import ALL, Query

ROOT = Path(__file__).parents[4]
STORE = ROOT / "src/reflecta/adapters/stores/firestore"


def test_the_file_that_operators_deploy_is_what_the_queries_need() -> None:
    deployed = json.loads((ROOT / "deploy/firestore/firestore.indexes.json").read_text(encoding="utf-8"))
    assert deployed == indexes(), "write it anew: reflecta migrate indexes > deploy/firestore/firestore.indexes.json"


def test_no_query_is_made_anywhere_else() -> None:
    made = [
        f"{path.name}:{node.lineno}"
        for path in STORE.glob("*.py")
        if path.name != "queries.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Query"
    ]
    assert made == []
    assert len(ALL) == sum(isinstance(value, Query) for value in vars(queries).values()) > 30


def test_the_guides_index_is_among_them() -> None:
    fields = [
        {"fieldPath": "coachingConfig.enableCoachingMessages", "order": "ASCENDING"},
        {"fieldPath": "nextCoachingMessageDue", "order": "ASCENDING"},
    ]
    due = {"collectionGroup": "users", "queryScope": "COLLECTION", "fields": fields}
    assert due in indexes()["indexes"]  # pyright: ignore[reportOperatorIssue]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(collection="c"), None),
        (Query(collection="c", where=[("a", "==")]), None),
        (Query(collection="c", where=[("a", "=="), ("b", "==")]), None),
        (Query(collection="c", where=[("a", "==")], order=["__name__"]), None),
        (Query(collection="c", where=[("a", "<=")], order=["a", "__name__"]), None),
        (Query(collection="c", order=["-a"]), None),
        (Query(collection="c", where=[("a", "=="), ("b", "<=")]), ["a", "b"]),
        (Query(collection="c", where=[("a", "==")], order=["-b", "-__name__"]), ["a", "-b"]),
        (Query(collection="c", where=[("a", "==")], order=["b"]), ["a", "b"]),
        (Query(collection="c", where=[("a", ">=")], total="t"), ["a", "t"]),
        (Query(collection="c", where=[("a", "=="), ("b", ">=")], total="t"), ["a", "b", "t"]),
    ],
)
def test_a_composite_index_has_equalities_then_the_order_then_what_is_summed(
    query: Query, expected: list[str] | None
) -> None:
    index = query.index()
    if expected is None:
        assert index is None
        return
    assert index is not None
    assert index["fields"] == [
        {"fieldPath": name.lstrip("-"), "order": "DESCENDING" if name.startswith("-") else "ASCENDING"}
        for name in expected
    ]
