"""Bringing practices in from files: reading, checking, storing in batches."""
