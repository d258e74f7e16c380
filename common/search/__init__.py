"""Language analysis for search: the same forms of a word at index time and at query time."""
