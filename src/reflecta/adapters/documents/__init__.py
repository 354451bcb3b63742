"""The guide's documents: JSON in the host app's words to nouns and back. Knows no store and no transport."""

from reflecta.adapters.documents.body import parse_json
from reflecta.adapters.documents.entries import EntryDocument, read_entry, write_entry
from reflecta.adapters.documents.feedback import FeedbackDocument, read_feedback
from reflecta.adapters.documents.insights import InsightsDocument, read_insights, write_insights
from reflecta.adapters.documents.instants import read_instant
from reflecta.adapters.documents.lines import READERS, numbered_lines, parse_line
from reflecta.adapters.documents.messages import write_message
from reflecta.adapters.documents.users import UserDocument, read_user, write_user

__all__ = [
    "READERS",
    "EntryDocument",
    "FeedbackDocument",
    "InsightsDocument",
    "UserDocument",
    "numbered_lines",
    "parse_json",
    "parse_line",
    "read_entry",
    "read_feedback",
    "read_insights",
    "read_instant",
    "read_user",
    "write_entry",
    "write_insights",
    "write_message",
    "write_user",
]
