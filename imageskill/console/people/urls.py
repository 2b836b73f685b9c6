"""Addresses of the search, of the list of agents and of one agent."""

from django.urls import path

from imageskill.console.people import pages, stops

urlpatterns = [
    path("console/search", pages.search, name="console_search"),
    path("console/people", pages.people, name="console_people"),
    path("console/people/<str:agent_id>", pages.agent, name="console_agent"),
    path("console/people/<str:agent_id>/stop", stops.stop, name="console_agent_stop"),
]
