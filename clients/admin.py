"""Django admin of tenants and people."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from clients.models import Client, Membership, OutboxEntry, Reseller, User, WorkingDay
from trunkportal.admin import LookAdmin, show_history

admin.site.site_header = _("Trunk portal: platform")
admin.site.site_title = _("Trunk portal")
admin.site.index_title = _("Everything")
# Rights come from memberships and from being platform staff.
admin.site.unregister(Group)


class NewUserForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email", "name")

    def clean_email(self) -> str:
        """The address as people log in with it: in lower case."""
        email: str = self.cleaned_data["email"].lower()
        if User.objects.filter(email=email).exists():
            self.add_error("email", _("A user with this address exists already."))
        return email


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """People; a password is set on a page of its own and its hash is shown on none."""

    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "name")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Times"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),
    )
    add_form = NewUserForm


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "reseller", "client", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "reseller", "client")
    search_fields = ("user__email", "user__name", "reseller__reference", "client__reference")
    autocomplete_fields = ("user", "reseller", "client")
    readonly_fields = ("created_at",)


@admin.register(Reseller)
class ResellerAdmin(LookAdmin):
    list_display = ("name", "reference", "parent", "currency", "status", "created_at")
    list_filter = ("status", "currency", "country")
    list_select_related = ("parent",)
    search_fields = ("name", "reference", "email")


@admin.register(Client)
class ClientAdmin(LookAdmin):
    list_display = ("name", "reference", "reseller", "type", "currency", "status", "created_at")
    list_filter = ("type", "status", "billing_mode", "working_schedule")
    list_select_related = ("reseller",)
    search_fields = ("name", "reference", "email", "reseller__reference")


@admin.register(WorkingDay)
class WorkingDayAdmin(LookAdmin):
    list_display = ("client", "day", "intervals", "off_hours_percent")
    list_filter = ("day", "off_hours_percent")
    list_select_related = ("client",)
    search_fields = ("client__name", "client__reference")


@admin.register(OutboxEntry)
class OutboxEntryAdmin(LookAdmin):
    list_display = ("id", "topic", "payload", "created_at", "attempts", "done_at", "last_error")
    list_filter = ("topic", ("done_at", admin.EmptyFieldListFilter))
    search_fields = ("topic", "payload", "last_error")
    ordering = ("-id",)


show_history("clients")
