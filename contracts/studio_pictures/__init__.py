"""Foreign picture files: their outside is bounded before a decoder sees a byte. Needs numpy and Pillow."""
