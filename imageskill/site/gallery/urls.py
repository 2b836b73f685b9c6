"""Addresses of the gallery, and of what it shares."""

from django.urls import path

from imageskill.site.gallery import acting, pages, shares

urlpatterns = [
    path("w/<str:organization_id>/gallery", pages.wall, name="gallery"),
    path("w/<str:organization_id>/gallery/compare", pages.compare, name="gallery_compare"),
    path("w/<str:organization_id>/gallery/costs", pages.costs, name="gallery_costs"),
    path("w/<str:organization_id>/gallery/rate", acting.rate, name="gallery_rate"),
    path("w/<str:organization_id>/gallery/zip", acting.download, name="gallery_zip"),
    path("w/<str:organization_id>/gallery/discard", acting.discard, name="gallery_discard"),
    path("w/<str:organization_id>/gallery/delete", acting.delete, name="gallery_delete"),
    path("w/<str:organization_id>/gallery/shares", shares.links, name="gallery_shares"),
    path("w/<str:organization_id>/gallery/shares/new", shares.new, name="gallery_share_new"),
    path("w/<str:organization_id>/gallery/shares/make", shares.make, name="gallery_share_make"),
    path(
        "w/<str:organization_id>/gallery/shares/<str:link_id>/revoke", shares.revoke, name="gallery_share_revoke"
    ),
    path("w/<str:organization_id>/gallery/<str:asset_id>", pages.picture, name="picture"),
    path("s/<str:token>", shares.shared, name="share"),
    path("s/<str:token>/opened", shares.opened, name="share_opened"),
    path("s/<str:token>/<int:position>-<int:width>", shares.shared_picture, name="share_picture"),
]
