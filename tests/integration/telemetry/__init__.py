"""Tests of what a studio shows of itself; a package, so that its files can share a studio that ends with them."""
