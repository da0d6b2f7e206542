"""The base of every model that crosses a border: frozen, and strict about unknown fields."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """An immutable model that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def to_stored_precision(moment: datetime) -> datetime:
    """The moment in UTC, cut to the milliseconds the database keeps: a document survives a round trip.

    Raises ValueError for a moment that lies outside the calendar once it is in UTC.
    """
    try:
        utc = moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{moment} is no moment of the calendar in UTC") from error
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


UtcDatetime = Annotated[AwareDatetime, AfterValidator(to_stored_precision)]
