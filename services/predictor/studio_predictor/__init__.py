"""Predictor: buys pictures from the provider."""
