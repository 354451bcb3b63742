"""What hypothesis draws the domain's properties from: schedules, instants near clock changes, hostile text."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import assume, settings
from hypothesis import strategies as st

from reflecta.domain.model import Cadence, Draft, Evidence, MessageType, Window
from reflecta.domain.schedule import Schedule, instant, is_open, local_date
from reflecta.domain.zones import NAMES

# No deadline: the first use of a zone reads its file.
properties = settings(deadline=None, max_examples=150)

# Clock changes that break the usual assumptions: by an evening hour, by half an hour, by two or three, at midnight.
ODD_CHANGES = (
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Pacific/Easter", datetime(2026, 4, 5, 3, tzinfo=UTC)),
    ("Pacific/Easter", datetime(2026, 9, 6, 4, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Antarctica/Casey", datetime(2022, 3, 12, 13, tzinfo=UTC)),
    ("Antarctica/Casey", datetime(2022, 10, 1, 16, 1, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2026, 3, 28, 22, tzinfo=UTC)),
    ("America/Vancouver", datetime(2026, 11, 1, 9, tzinfo=UTC)),
)

OPENS = {Window.MORNING: time(6), Window.AFTERNOON: time(12), Window.EVENING: time(18)}
cadences = st.sampled_from(Cadence)
windows = st.sampled_from(Window)
any_instant = st.datetimes(
    min_value=datetime(2020, 1, 1),
    max_value=datetime(2037, 12, 31),
    timezones=st.just(UTC),
)
_around = st.timedeltas(min_value=timedelta(days=-3), max_value=timedelta(days=3))


@st.composite
def moments(draw: st.DrawFn) -> tuple[Schedule, datetime]:
    """Give a schedule and an instant; half of them within three days of an odd clock change."""
    zone, at = draw(
        st.one_of(
            st.tuples(st.sampled_from(sorted(NAMES)), any_instant),
            st.sampled_from(ODD_CHANGES).flatmap(lambda c: st.tuples(st.just(c[0]), _around.map(lambda d: c[1] + d))),
        )
    )
    return Schedule(zone=zone, window=draw(windows), cadence=draw(cadences)), at


@st.composite
def open_moments(draw: st.DrawFn) -> tuple[Schedule, datetime]:
    """Give a schedule and an instant at which its window is open."""
    schedule, at = draw(moments())
    at = instant(local_date(at, schedule.zone), OPENS[schedule.window], schedule.zone)
    at += draw(st.timedeltas(min_value=timedelta(), max_value=timedelta(hours=6)))
    assume(is_open(schedule, at))
    return schedule, at


# Every character there is, lone surrogates included.
any_text = st.text(st.characters(codec=None))
markup = st.lists(
    st.sampled_from(
        [
            *("<div>", "</div>", "<br/>", "<p class='a>b'>", "<b", "</", "<", ">", "<!--", "-->", "<!", "<?"),
            *("<script>", "</script>", "<STYLE>", "</STYLE >", "<title", "=", '"', "'", "&amp;", "&#", "&#x", "9" * 9),
            *("&#0;", "&#xD800;", "&#x202e;", "&lt;", "&", ";", "\x00", "\ud800", "\u202e", "\u0301", "\r", "a", " "),
        ]
    )
).map("".join)


def a_draft(
    text: str = "You wrote about your week; what mattered most in it?",
    *,
    push: str = "A thought for you",
    evidence: tuple[Evidence, ...] = (),
) -> Draft:
    """Give a draft that has nothing wrong with it but what is asked for."""
    return Draft(type=MessageType.CHECK_IN, text=text, push_text=push, evidence=evidence)
