"""A file of the client's that is sent to the gateway."""

from pathlib import Path

import typer

from studio_cli.texts import t


def read_client_file(file: Path, most_bytes: int, option: str, too_large: str) -> bytes:
    """What the file holds. Raises BadParameter, with the text `too_large` for more than `most_bytes`."""
    try:
        if file.stat().st_size > most_bytes:
            raise typer.BadParameter(too_large, param_hint=option)
        return file.read_bytes()
    except OSError as error:
        text = t("file.unreadable", file=file, reason=error.strerror)
        raise typer.BadParameter(text, param_hint=option) from error
