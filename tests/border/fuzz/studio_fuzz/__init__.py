"""Inputs made at random for everything that reads foreign bytes, each within bounds of time and memory."""
