"""Tests of the `studio` command; a package, so that its files can share a studio that ends with them."""
