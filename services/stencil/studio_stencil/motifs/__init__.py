"""Subjects: their outlines and places."""
