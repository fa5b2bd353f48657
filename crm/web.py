"""Settings of the web server: gunicorn reads this module as `python:crm.web`.

Two processes with four threads each, loaded once and frozen, so that they share memory and the garbage
collector never walks what was loaded.
"""

import gc
import os
from pathlib import Path

from gunicorn.arbiter import Arbiter

wsgi_app = "crm.wsgi:application"
bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_WORKERS", "2"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "4"))
preload_app = True
timeout = 60
graceful_timeout = 10
keepalive = 5
loglevel = "warning"
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


def when_ready(server: Arbiter) -> None:
    gc.collect()
    gc.freeze()
