"""The url map without a page that shows activity."""

from django.urls import include, path

from imageskill import urls

handler404 = urls.handler404
urlpatterns = [path("", include("imageskill.site.overview.urls")), path("", include("accounts.urls"))]
