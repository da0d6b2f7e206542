"""The page that designers use."""
