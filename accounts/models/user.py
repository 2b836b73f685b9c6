"""The human who signs in with an e-mail address."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils import timezone

from imageskill.core.ids import PublicIdField


class UserManager(BaseUserManager["User"]):
    """Makes users; an address is kept as typed and compared without case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":  # noqa: ANN401 - columns
        """Make a user; without a password one signs in by mailed code only."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":  # noqa: ANN401
        """Make a superuser (Django's `createsuperuser`)."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a user by the address, whatever its case."""
        # As the constraint has it, whose index serves this; `iexact` compares capitals, which no index holds.
        given = Lower(Value(username, output_field=models.EmailField()))
        return self.alias(lowered=Lower("email")).get(lowered=given)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by a verified address."""

    id = PublicIdField("usr", primary_key=True)
    email = models.EmailField(unique=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]
