"""Tests of the page in a browser; a package, so that its files can share a studio that ends with them."""
