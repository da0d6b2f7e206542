"""The palette clients see: the 21 granule colours on sale, in display order. A change here is a change of product."""

import re

from studio_contracts.palette import BY_CODE, PALETTE

ON_SALE = """
RH30 #E4C4AA  RH31 #E8E3D8  RH41 #FFD833  RH40 #E5A144  RH50 #F15B32  RH01 #A5362F  RH02 #E21F2F
RH90 #E8457E  RH21 #493D8C  RH20 #0075BC  RH22 #47AFE3  RH23 #039DC4  RH26 #00A6A3  RH12 #006C55
RH10 #609B63  RH11 #3BB44A  RH32 #8B5F3C  RH65 #D9D9D6  RH61 #939598  RH60 #59595B  RH70 #231F20
"""


def test_the_palette_is_what_is_on_sale_in_display_order() -> None:
    assert [part for colour in PALETTE for part in (colour.code, colour.hex)] == ON_SALE.split()


def test_codes_names_and_colours_are_each_unique() -> None:
    for values in zip(*PALETTE, strict=True):
        assert len(set(values)) == len(PALETTE)
    assert list(BY_CODE.values()) == list(PALETTE)


def test_components_are_those_of_the_hex() -> None:
    assert BY_CODE["RH50"].rgb == (0xF1, 0x5B, 0x32)
    for colour in PALETTE:
        assert re.fullmatch(r"#[0-9A-F]{6}", colour.hex)
        assert "#{:02X}{:02X}{:02X}".format(*colour.rgb) == colour.hex
