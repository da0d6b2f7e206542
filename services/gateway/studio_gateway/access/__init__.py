"""Who calls, what the caller may do, and whose jobs the caller sees."""
