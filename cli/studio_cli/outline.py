"""`--outline`: a surface that is no rectangle, from a drawing or from JSON."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from studio_cli.client_file import read_client_file
from studio_cli.texts import figure, number, t
from studio_client import StudioClient

Unit = Literal["mm", "cm", "m", "in", "ft"]
OutlineFile = Annotated[
    Path | None,
    typer.Option(
        "--outline", help="The yard's outline, with holes for trees: DXF, SVG or JSON. Its sides are its own."
    ),
]
OutlineUnit = Annotated[
    Unit | None, typer.Option("--outline-unit", help="Of the drawing's numbers, where it does not say it.")
]
OutlineLayer = Annotated[
    str | None, typer.Option("--outline-layer", help="Read this layer of a DXF; else OUTLINE, or all.")
]
MAX_FILE_BYTES = 2 * 2**20


def surface_of(
    client: StudioClient, width: float, height: float, outline: Path | None, unit: Unit | None, layer: str | None
) -> dict[str, Any]:
    """The surface of a brief: with these sides, or with the outline in a file and its sides."""
    if outline is None:
        if unit is not None or layer is not None:
            raise typer.BadParameter(t("outline.of_outline"))
        return {"width_m": width, "height_m": height}
    too_large = t("outline.too_large", file=outline, most=MAX_FILE_BYTES // 2**20)
    data = read_client_file(outline, MAX_FILE_BYTES, "--outline", too_large)
    if data.lstrip()[:1] == b"{":
        try:
            return {"outline": json.loads(data)}
        except (ValueError, RecursionError) as error:
            text = t("outline.no_json", file=outline, reason=error)
            raise typer.BadParameter(text, param_hint="--outline") from error
    found = client.read_outline(data, unit=unit, layer=layer)
    surface = found["surface"]
    outlined = surface.get("outline")
    holes = len(outlined.get("holes", ())) if outlined else 0
    size = f"{figure(surface['width_m'])} × {figure(surface['height_m'])} m"
    area = number(found["area_m2"], 2)
    typer.echo(t("outline.read", size=size, holes=t("outline.holes", count=holes), area=area), err=True)
    if left := found["left_out"] + found["open_lines"]:
        typer.echo(t("outline.left_out", count=left, file=outline), err=True)
    return dict(surface)
