"""Mail out: rows written in the transaction of the change they tell of, handed to the mail server by the workers.

The rows are the truth; tasks are only hints that there is something to do. See docs/decisions/0006-outbox.md.
"""
