"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from duebook.project.thread_ends import closing_at_its_end

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duebook.project.settings")

application = closing_at_its_end(get_wsgi_application())
