"""Keeps the museums' keys to itself: out of what is stored, out of messages and out of the libraries' logs."""

import json
import logging
import re
from urllib.parse import quote, quote_plus

LIBRARIES = ("requests", "requests_cache", "urllib3")


class Keys(logging.Filter):
    """The keys of one session, and what takes them out. Until `close` the loggers of LIBRARIES use it as a filter."""

    def __init__(self) -> None:
        super().__init__()
        self._forms: set[str] = set()
        self._pattern: re.Pattern[bytes] | None = None
        # A filter of a logger does not see what its children are told.
        self._loggers = [logging.getLogger(name) for name in sorted(logging.root.manager.loggerDict)
                         if name.partition(".")[0] in LIBRARIES]
        for logger in self._loggers:
            logger.addFilter(self)

    def close(self) -> None:
        for logger in self._loggers:
            logger.removeFilter(self)

    def add(self, key: str) -> None:
        """From now on the key is taken out: plain, as in an address, and as in JSON, where some write "/" as "\\/"."""
        quoted = json.dumps(key)[1:-1]
        self._forms |= {key, quote(key), quote(key, safe=""), quote_plus(key), quoted, quoted.replace("/", "\\/")}
        longest_first = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(re.escape(form.encode()) for form in longest_first), re.IGNORECASE)

    def clean(self, data: bytes) -> bytes:
        """The same with "REDACTED" for each key."""
        return self._pattern.sub(b"REDACTED", data) if self._pattern else data

    def clean_text(self, said: str) -> str:
        """The same with "REDACTED" for each key."""
        return self.clean(said.encode(errors="backslashreplace")).decode()

    def filter(self, record: logging.LogRecord) -> bool:
        if self._pattern:  # a traceback would be put into words later, where nothing cleans it
            record.msg, record.args, record.exc_info = self.clean_text(record.getMessage()), (), None
        return True
