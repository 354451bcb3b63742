"""The guide's `userInsights` document."""

from typing import Annotated

from pydantic import Field

from reflecta.adapters.documents.fields import WITHOUT_GAPS, Document, Id, Prose, read_document
from reflecta.adapters.documents.instants import Instant, milliseconds
from reflecta.domain.model import Insight, Insights, Source


class SourceDocument(Document):
    """Words of the user that a finding rests on."""

    quote: Prose
    extracted_at: Instant | None = None


class InsightDocument(Document):
    """One finding of the app about a user."""

    headline: Prose
    description: Prose = ""
    sources: Annotated[tuple[SourceDocument, ...], WITHOUT_GAPS, Field(max_length=50)] = ()
    updated_at: Instant | None = None


class InsightsDocument(Document):
    """What the app has found out about one user."""

    user_id: Id
    main_focus: InsightDocument | None = None
    key_blockers: InsightDocument | None = None
    plan: InsightDocument | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


def read_insights(document: object) -> Insights:
    """Read a parsed `userInsights` document; `InvalidInput` names the first field that is wrong."""
    given = read_document(InsightsDocument, document)
    return Insights(
        user_id=given.user_id,
        main_focus=_insight(given.main_focus),
        key_blockers=_insight(given.key_blockers),
        plan=_insight(given.plan),
        created_at=given.created_at,
        updated_at=given.updated_at,
    )


def _insight(given: InsightDocument | None) -> Insight | None:
    if given is None:
        return None
    return Insight(
        headline=given.headline,
        description=given.description,
        sources=tuple(Source(quote=s.quote, extracted_at=s.extracted_at) for s in given.sources),
        updated_at=given.updated_at,
    )


def write_insights(insights: Insights) -> dict[str, object]:
    """Give the `userInsights` document of a user's insights."""
    return {
        "userId": insights.user_id,
        "mainFocus": _finding(insights.main_focus),
        "keyBlockers": _finding(insights.key_blockers),
        "plan": _finding(insights.plan),
        "createdAt": milliseconds(insights.created_at),
        "updatedAt": milliseconds(insights.updated_at),
    }


def _finding(insight: Insight | None) -> dict[str, object] | None:
    if insight is None:
        return None
    return {
        "headline": insight.headline,
        "description": insight.description,
        "sources": [{"quote": s.quote, "extractedAt": milliseconds(s.extracted_at)} for s in insight.sources],
        "updatedAt": milliseconds(insight.updated_at),
    }
