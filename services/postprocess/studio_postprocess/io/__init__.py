"""Picture bytes in and out: download, decode, encode."""
