"""The library's index and the questions it answers. Reads of lists go through here, never through the wide table."""
