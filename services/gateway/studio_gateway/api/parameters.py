"""Path parameters that several routes take."""

from typing import Annotated

from fastapi import Path

JobId = Annotated[str, Path(description="The job's `id`", examples=["0b9f4c1e-9f0e-4a57-8d2c-3f4f2f0f7c11"])]
ConceptId = Annotated[str, Path(description="The concept's `id`", examples=["0-0"])]
