"""One running studio for all tests of the folder."""

from studio_support.shared_studio import studio

__all__ = ["studio"]
