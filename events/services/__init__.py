"""The verbs of events. Each checks its actor, changes, records and tells in one transaction."""
