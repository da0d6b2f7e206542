"""Motifs: flat drawings of named things, and how they become parts that an installer can lay."""
