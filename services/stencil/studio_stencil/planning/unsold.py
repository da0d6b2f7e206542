"""Colours with a name that no granule has: what people mean by "navy", "lilac" or "olivgrün".

The values are those of the xkcd colour survey of 2010 (https://xkcd.com/color/rgb/, CC0): for each name the sRGB colour
that best fits what 222,500 people called so. Names of other languages have the value of the English name they
translate.
"""

from studio_stencil.planning.tokens import key_of

NAMES: dict[str, str] = {
    "#01153e": "navy, marineblau, bleu marine, azul marino, blu navy, azul marinho, azul-marinho, marineblauw",
    "#001146": "navy blue",
    "#00035b": "dark blue, dunkelblau, bleu foncé, azul oscuro, blu scuro, azul escuro, donkerblauw, donkerblauwe",
    "#0504aa": "royal blue, königsblau, bleu roi, azul rey",
    "#1e488f": "cobalt",
    "#a2cffe": "baby blue, babyblau",
    "#d0fefe": "pale blue, bleu pâle",
    "#840000": "dark red, dunkelrot, rouge foncé, rojo oscuro, rosso scuro, vermelho escuro, donkerrood, donkerrode",
    "#650021": "maroon, granate",
    "#610023": "burgundy, weinrot, burdeos, bordô, vinho",
    "#7b002c": "bordeaux",
    "#8c000f": "crimson",
    "#8f1402": "brick red, ziegelrot, brique, ladrillo, mattone, tijolo",
    "#ca6641": "terracotta, terrakotta, terre cuite, terracota",
    "#be0119": "scarlet, écarlate, escarlata, scarlatto, escarlate",
    "#cea2fd": "lilac, flieder, lilas, lilla, lilás",
    "#c79fef": "lavender, lavendel, lavande, lavanda",
    "#380282": "indigo",
    "#ae7181": "mauve",
    "#c20078": "magenta",
    "#ed0dd9": "fuchsia, fucsia, fúcsia",
    "#ff028d": "hot pink",
    "#00ffff": "cyan, cian, ciano, cyaan",
    "#13eac9": "aqua",
    "#029386": "teal, petrol, bleu canard",
    "#aaff32": "lime, limette",
    "#89fe05": "lime green, limettengrün, verde lima, verde lime, verde limão, limoengroen",
    "#96f97b": "light green, hellgrün, vert clair, verde claro, verde chiaro, lichtgroen, lichtgroene",
    "#0cff0c": "neon green, neongrün",
    "#033500": "dark green, dunkelgrün, vert foncé, verde oscuro, verde scuro, verde escuro, donkergroen, donkergroene",
    "#06470c": "forest green, waldgrün, vert forêt, verde bosque, verde bosco",
    "#044a05": "bottle green",
    "#01a049": "emerald, smaragdgrün, émeraude, esmeralda, smeraldo, smaragd",
    "#677a04": "olive green, olivgrün, vert olive, verde oliva, olijfgroen",
    "#88b378": "sage green",
    "#dbb40c": "gold, golden, or, doré, dorado, oro, dorato, ouro, dourado, goud, gouden",
    "#bf9005": "ochre, ocker, ocre, ocra, oker",
    "#feb308": "amber",
    "#d1b26f": "tan",
    "#fdff38": "lemon yellow",
    "#3d1c02": "chocolate, schokobraun, chocolat, cioccolato",
    "#411900": "chocolate brown",
    "#c5c9c7": "silver, silber, argent, plata, argento, prata, zilver",
    "#343837": "charcoal, anthracite, anthrazit, antracita, antracite, antraciet",
    "#ffffcb": "ivory, elfenbein, ivoire, marfil, avorio, marfim, ivoor",
}  # fmt: skip

_HEX_OF = {key_of(name): colour for colour, names in NAMES.items() for name in names.split(", ")}


def meant_by(phrase: str) -> str | None:
    """The sRGB colour, #rrggbb, that a colour word means (its look-up key); None where a granule has that name."""
    return _HEX_OF.get(phrase)
