"""What an owner writes on a job to find it again: a name, notes, a project. Nothing is made of it."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from studio_contracts.text import to_name, to_paragraphs

MAX_NAME = 100
MAX_NOTES = 4_000
MAX_PROJECT = 60

Name = Annotated[str, StringConstraints(max_length=MAX_NAME), AfterValidator(to_name)]
Notes = Annotated[str, StringConstraints(max_length=MAX_NOTES), AfterValidator(to_paragraphs)]
Project = Annotated[str, StringConstraints(max_length=MAX_PROJECT), AfterValidator(to_name)]
