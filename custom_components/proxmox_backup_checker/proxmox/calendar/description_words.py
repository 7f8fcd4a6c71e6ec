"""The words in which a schedule is described, one set for each language."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Names and sentence patterns of one language."""

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    nth: tuple[str, ...]
    ordinals: tuple[str, ...]
    """Of the days 1 to 31; the first one stands for day 0 and is never used."""
    conjunction: str
    disjunction: str
    every_day: str
    every_weekday: str
    weekday_range: str
    days_of_every_month: str
    days_of_months: str
    nth_of_every_month: str
    nth_of_months: str
    in_months: str
    if_weekday: str
    in_year: str
    of_year: str
    in_years: str
    listed_days: str
    span_of_days: str
    odd_days: str
    even_days: str
    in_span_of_months: str
    every_hour_from_minute: str
    at: str
    every_second: str
    every_minute: str
    every_minutes: str
    every_hour: str
    every_hour_at: str
    every_hour_at_minutes: str
    every_hours: str
    between: str
    rate_on_days: str
    never: str

    def join(self, items: list[str], conjunction: str | None = None) -> str:
        """The items as a list in a sentence."""
        *first, last = items
        return f"{', '.join(first)} {conjunction or self.conjunction} {last}" if first else last


def _english_ordinal(day: int) -> str:
    ending = "th" if day in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


ENGLISH: Final = Words(
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=(
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    nth=("first", "second", "third", "fourth"),
    ordinals=tuple(_english_ordinal(day) for day in range(32)),
    conjunction="and",
    disjunction="or",
    every_day="every day",
    every_weekday="every {}",
    weekday_range="{} to {}",
    days_of_every_month="{} of every month",
    days_of_months="{} of {}",
    nth_of_every_month="on the {} {} of every month",
    nth_of_months="on the {} {} of {}",
    in_months="{} in {}",
    if_weekday="{}, if it is a {},",
    in_year="{} in {}",
    of_year="{} {}",
    in_years="{} in {}",
    listed_days="on the {}",
    odd_days="on the odd days",
    even_days="on the even days",
    span_of_days="from the {} to the {}",
    in_span_of_months="{} from {} to {}",
    every_hour_from_minute="every hour at each minute from {} to {}",
    at="at {}",
    every_second="every second",
    every_minute="every minute",
    every_minutes="every {} minutes",
    every_hour="every hour",
    every_hour_at="every hour at minute {}",
    every_hour_at_minutes="every hour at minutes {}",
    every_hours="every {} hours from {} on",
    between="{} from {} to {}",
    rate_on_days="{}, {}",
    never="never",
)

GERMAN: Final = Words(
    weekdays=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    months=(
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
    nth=("ersten", "zweiten", "dritten", "vierten"),
    ordinals=tuple(f"{day}." for day in range(32)),
    conjunction="und",
    disjunction="oder",
    every_day="jeden Tag",
    every_weekday="jeden {}",
    weekday_range="{} bis {}",
    days_of_every_month="{} jedes Monats",
    days_of_months="{} {}",
    nth_of_every_month="am {} {} jedes Monats",
    nth_of_months="am {} {} im {}",
    in_months="{} im {}",
    if_weekday="{}, wenn es ein {} ist,",
    in_year="{} im Jahr {}",
    of_year="{} {}",
    in_years="{} in den Jahren {}",
    listed_days="am {}",
    odd_days="an den ungeraden Tagen",
    even_days="an den geraden Tagen",
    span_of_days="vom {} bis {}",
    in_span_of_months="{} von {} bis {}",
    every_hour_from_minute="jede Stunde zu jeder Minute von {} bis {}",
    at="um {}",
    every_second="jede Sekunde",
    every_minute="jede Minute",
    every_minutes="alle {} Minuten",
    every_hour="jede Stunde",
    every_hour_at="jede Stunde zur Minute {}",
    every_hour_at_minutes="jede Stunde zu den Minuten {}",
    every_hours="alle {} Stunden ab {}",
    between="{} von {} bis {}",
    rate_on_days="{}, {}",
    never="nie",
)


def words_of(language: str) -> Words:
    """The words of a language code such as "de" or "de-AT"; English for all that is not German."""
    return GERMAN if language.lower().partition("-")[0] == "de" else ENGLISH
