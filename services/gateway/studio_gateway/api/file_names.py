"""Names of the files that a job gives."""

import re
import unicodedata

from studio_contracts.concept import Concept
from studio_contracts.job import Job


def slug(job: Job) -> str:
    """A file name made from the brief's prompt, in characters that every system accepts."""
    plain = unicodedata.normalize("NFKD", job.brief.prompt).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain)[:6])[:60].strip("-") or "concept"


def concept_name(concept: Concept) -> str:
    """A concept's rank where it has one, else its id."""
    return f"rank-{concept.rank}" if concept.rank is not None else f"concept-{concept.id}"
