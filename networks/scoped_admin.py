"""Admin pages that coordinators share with administrators: what is not of their networks is nowhere on them."""

from django.http import Http404

from networks.models import Network
from networks.rules import editable_networks, roles_of


class ScopedAdmin:
    """Mixin before an admin class. Administrators may all that the class allows; coordinators what is named here.

    `scope(user)` is a queryset of the records a coordinator keeps; lists, forms, look-ups, actions and history go by
    it, so a foreign record answers like one that does not exist.
    """

    coordinators_may = frozenset({"view"})
    """Of "view", "add", "change", "delete"."""

    def scope(self, user):
        raise NotImplementedError

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        if roles_of(request.user).is_administrator:
            return queryset
        return queryset.filter(pk__in=self.scope(request.user).values("pk"))

    def has_module_permission(self, request):
        return self.has_view_permission(request)

    def has_view_permission(self, request, obj=None):
        return self._may("view", request, obj, super().has_view_permission)

    def has_add_permission(self, request, obj=None):
        roles = roles_of(request.user)
        return roles.is_administrator or (roles.is_coordinator and "add" in self.coordinators_may)

    def has_change_permission(self, request, obj=None):
        return self._may("change", request, obj, super().has_change_permission)

    def has_delete_permission(self, request, obj=None):
        return self._may("delete", request, obj, super().has_delete_permission)

    def _may(self, what, request, obj, otherwise):
        roles = roles_of(request.user)
        if roles.is_administrator:
            return otherwise(request, obj)
        if not roles.is_coordinator or what not in self.coordinators_may:
            return False
        return obj is None or self.scope(request.user).filter(pk=obj.pk).exists()

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        # Django would lead to the first page with a message that repeats the id.
        raise Http404

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.related_model is Network:
            kwargs.setdefault("queryset", editable_networks(request.user))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class ScopedInline:
    """Mixin before an inline: whoever may change the record may change what belongs to it."""

    def has_view_permission(self, request, obj=None):
        return self._keeps_networks(request)

    def has_add_permission(self, request, obj=None):
        return self._keeps_networks(request)

    def has_change_permission(self, request, obj=None):
        return self._keeps_networks(request)

    def has_delete_permission(self, request, obj=None):
        return self._keeps_networks(request)

    @staticmethod
    def _keeps_networks(request):
        return roles_of(request.user).keeps_networks
