"""What the log leaves out: a request that was refused is one line, without a traceback. Faults of ours keep theirs."""

import logging


class OneLine(logging.Filter):
    """For the logger `django.request`: answers below 500 are what the caller did, not where our code stood."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True
