"""What people do with pictures: their judgement of each, and the links by which they show some to others."""

from django.db import models
from django.db.models import Q

from accounts.models import Agent, Organization, User
from creative.models.asset import Asset
from imageskill.core.ids import PublicIdField


class Rating(models.Model):
    """A workspace's judgement of one picture.

    What the picture cost, and who made it by which model, is settled when it is rated and never changes; it is
    written here so that the cost of what was kept is read from this table alone. Of uploads `model_id` is empty.
    """

    class State(models.TextChoices):
        """A starred picture is a kept one."""

        KEEP = "keep"
        REJECT = "reject"
        STAR = "star"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="ratings")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="ratings")
    state = models.CharField(max_length=6, choices=State)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    model_id = models.CharField(max_length=64, blank=True)
    credits = models.IntegerField()
    rated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    rated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "asset"], name="rating_once"),
            models.CheckConstraint(condition=Q(state__in=["keep", "reject", "star"]), name="rating_state_known"),
            models.CheckConstraint(condition=Q(credits__gte=0), name="rating_credits_not_negative"),
        ]
        indexes = [models.Index(fields=["organization", "state", "-asset"], name="rating_by_state")]


class ShareLink(models.Model):
    """A way for anybody to look at some pictures until it ends: the SHA-256 of its token, never the token.

    `opened` counts how often its page was shown by a browser.
    """

    id = PublicIdField("share", primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="share_links")
    token_sha256 = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    opened = models.IntegerField(default=0)
    last_opened_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organization", "-id"], name="share_link_by_organization")]


class SharedPicture(models.Model):
    """A picture's place in a share link."""

    link = models.ForeignKey(ShareLink, on_delete=models.CASCADE, related_name="pictures")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="shares")
    position = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "position"], name="shared_picture_once_per_place")]
