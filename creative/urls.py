"""Paths of the third floor."""

from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from creative.views import assets, feedback
from creative.views.catalogue import CapabilityList, CapabilityShow, ModelList, ModelShow
from creative.views.creating import Create, Edit
from creative.views.jobs import JobCancel, JobList, JobShow
from creative.views.media import Media
from creative.views.reading import ActivityList, ActivityShow
from creative.views.uploading import Upload

urlpatterns = [
    path("v1/create", Create.as_view()),
    path("v1/edit", Edit.as_view()),
    path("v1/upload", Upload.as_view()),
    path("v1/models", ModelList.as_view()),
    path("v1/models/<str:reference>", ModelShow.as_view()),
    path("v1/capabilities", CapabilityList.as_view()),
    path("v1/capabilities/<str:reference>", CapabilityShow.as_view()),
    path("v1/assets", assets.AssetList.as_view()),
    path("v1/assets/<str:reference>", assets.asset),
    path("v1/jobs", JobList.as_view()),
    path("v1/jobs/<str:reference>", JobShow.as_view()),
    path("v1/jobs/<str:reference>/cancel", JobCancel.as_view()),
    path("v1/activity", ActivityList.as_view()),
    path("v1/activity/<str:reference>", ActivityShow.as_view()),
    path("v1/feedback", feedback.feedback),
    path("v1/feedback/<str:reference>", feedback.FeedbackShow.as_view()),
    path("a/<str:name>", csrf_exempt(Media.as_view())),
]
