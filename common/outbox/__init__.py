"""Transactional mail: written as rows in the sender's transaction, sent by the workers, accounted for one by one."""
