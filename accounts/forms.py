"""Forms of the pages of people: the library's, in our words, and our own."""

from typing import Any

from allauth.account import forms as account_forms
from allauth.mfa.base import forms as factor_forms
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms

from accounts.models import Role

_ONE_TIME = {"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}


class _InOurWords(forms.Form):
    """Takes the library's placeholders away, which repeat the labels, and sets our labels."""

    labels: dict[str, str] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - whatever the library passes
        """Change the fields after the library made them."""
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in self.labels:
                field.label = self.labels[name]
            if name == "code":
                field.widget.attrs.update(_ONE_TIME, **{"class": "code"})


class SignUp(_InOurWords, account_forms.SignupForm):  # type: ignore[misc] # the library has no types
    """Make an account: an address is enough."""

    labels = {"email": "E-mail address"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as above
        """Ask for no password."""
        super().__init__(*args, **kwargs)
        self.fields.pop("password1", None)


class PasswordSignIn(_InOurWords, account_forms.LoginForm):  # type: ignore[misc]
    """Sign in by password."""

    labels = {"login": "E-mail address", "password": "Password", "remember": "Stay signed in"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as above
        """Leave the link to a new password to the page."""
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class CodeRequest(_InOurWords, account_forms.RequestLoginCodeForm):  # type: ignore[misc]
    """Ask for a code."""

    labels = {"email": "E-mail address"}


class SignInCode(_InOurWords, account_forms.ConfirmLoginCodeForm):  # type: ignore[misc]
    """Type the code of a sign-in."""


class AddressCode(_InOurWords, account_forms.ConfirmEmailVerificationCodeForm):  # type: ignore[misc]
    """Type the code that shows an address."""


class PasswordCode(_InOurWords, account_forms.ConfirmPasswordResetCodeForm):  # type: ignore[misc]
    """Type the code for a new password."""


class OtherAddress(_InOurWords, account_forms.ChangeEmailForm):  # type: ignore[misc]
    """Have the code sent elsewhere."""

    labels = {"email": "Other address"}


class NewAddress(_InOurWords, account_forms.AddEmailForm):  # type: ignore[misc]
    """Change the address."""

    labels = {"email": "New address"}


class PasswordReset(_InOurWords, account_forms.ResetPasswordForm):  # type: ignore[misc]
    """Ask for a new password."""

    labels = {"email": "E-mail address"}


class PasswordSet(_InOurWords, account_forms.SetPasswordForm):  # type: ignore[misc]
    """Set a first password."""

    labels = {"password1": "Password", "password2": "The same again"}


class PasswordAfterCode(_InOurWords, account_forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """Set a password after its code."""

    labels = {"password1": "Password", "password2": "The same again"}


class PasswordChange(_InOurWords, account_forms.ChangePasswordForm):  # type: ignore[misc]
    """Change the password."""

    labels = {"oldpassword": "Password now", "password1": "New password", "password2": "The same again"}


class FactorCode(_InOurWords, factor_forms.AuthenticateForm):  # type: ignore[misc]
    """Type digits of the app, or a recovery code."""


class FactorCodeAgain(_InOurWords, factor_forms.ReauthenticateForm):  # type: ignore[misc]
    """The same, to show again who one is."""


class AppSetUp(_InOurWords, ActivateTOTPForm):  # type: ignore[misc]
    """Type the first digits of a new app."""

    labels = {"code": "Six digits"}


class PasskeyAdd(_InOurWords, AddWebAuthnForm):  # type: ignore[misc]
    """Add a passkey, one that signs in by itself unless told otherwise."""

    labels = {"passwordless": "Sign in with it alone"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as above
        """Say what the choice means."""
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True
        self.fields["passwordless"].help_text = "Otherwise it is the second step after a code."


class FreshCode(_InOurWords):
    """Type the code that shows again who one is."""

    code = forms.CharField(max_length=32)


class WorkspaceName(forms.Form):
    """Name a workspace."""

    name = forms.CharField(max_length=120, label="Name", help_text="People and receipts call it so.")


class Invite(forms.Form):
    """Invite somebody."""

    email = forms.EmailField(max_length=254, label="E-mail address")
    role = forms.ChoiceField(choices=Role.choices, initial=Role.VIEWER)


class RoleChoice(forms.Form):
    """Choose a member's role."""

    role = forms.ChoiceField(choices=Role.choices)
