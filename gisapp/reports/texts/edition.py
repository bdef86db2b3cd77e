"""A text as it is printed: a draft, or the revision that was released and is frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gisapp.errors import GisappError
from gisapp.operations import Operation, notice_digest
from gisapp.reports.texts.sms import sms_length
from gisapp.reports.texts.text import Text, text_of
from gisapp.words import word


@dataclass(frozen=True)
class Edition:
    """A text, the code of its operation, and of a released one the revision, moment and digest; else None."""

    text: Text
    code: str
    revision: int | None = None
    released_at: datetime | None = None
    digest: str | None = None

    def mark(self, language: str) -> str:
        """Return in words whether it is a draft or which revision it is, and since when."""
        if self.released_at is None:
            return word("texts.draft", language)
        at = self.released_at.strftime("%Y-%m-%d %H:%M %Z")
        return word("texts.released", language, revision=self.revision, at=at)

    def notes(self, language: str) -> tuple[str, ...]:
        """Return what stands below the text: the digest of a release, the length of a text message."""
        said = [] if self.digest is None else [word("texts.digest", language, digest=self.digest)]
        if self.text.kind == "sms":
            length = sms_length(self.text.body)
            values = {"characters": length.characters, "parts": length.parts, "room": length.room}
            said.append(word("texts.sms_length", language, **values))
        return tuple(said)


def released(operation: Operation, kind: str, language: str, zone: ZoneInfo) -> Edition | None:
    """Return the last released revision of a text, None where none was released.

    Raises
    ------
    GisappError
        When the stored text is not the one that was released.
    """
    notices = operation.notices
    mine = notices[(notices["kind"] == kind) & (notices["language"] == language)]
    if mine.empty:
        return None
    row = mine.sort_values("revision").iloc[-1]
    title, body = str(row["title"]), str(row["body"])
    if notice_digest(title, body) != row["digest"]:
        raise GisappError(
            f"{operation.code}: revision {row['revision']} of {kind} in {language} is not what was released; "
            "look for it in a backup of the store"
        )
    at = row["released_at"].tz_convert(zone).to_pydatetime(warn=False)
    return Edition(text_of(kind, language, title, body), operation.code, int(row["revision"]), at, str(row["digest"]))
