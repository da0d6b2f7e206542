"""The surface as an installer can lay it: rules, inspection, cleaning."""
