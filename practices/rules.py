"""Who may do what with practices. Roles per network and city build on these predicates."""

import rules


@rules.predicate
def is_public(user, practice):
    return practice.is_public


@rules.predicate
def is_administrator(user, practice):
    return user.is_authenticated and user.is_active and user.is_superuser


can_view = is_public | is_administrator
can_change = is_administrator

rules.add_perm("practices.read_practice", can_view)
rules.add_perm("practices.edit_practice", can_change)
