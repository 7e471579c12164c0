"""The Celery app: tasks are found in each app's ``tasks`` module, beat's rhythm is set here."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trunkportal.settings")
app = Celery("trunkportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
