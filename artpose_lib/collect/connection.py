"""Connections that reach public addresses only, and whose answers cannot take for ever."""

import http.client
import io
import ipaddress
import socket
import time

from urllib3.connection import HTTPConnection, HTTPSConnection

from artpose_lib.collect.answers import Fault

# An answer has so many seconds, and more while it brings so many bytes a second, up to an hour.
PATIENCE, SLOWEST, LONGEST = 60, 10_000, 3600


class Hurried(io.RawIOBase):
    """The bytes of an answer while it has time left: a read time-out alone starts anew with every byte."""

    def __init__(self, source: io.RawIOBase):
        self._source, self._start, self._received = source, time.monotonic(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int | None:
        if time.monotonic() - self._start > min(PATIENCE + self._received / SLOWEST, LONGEST):
            raise TimeoutError("the answer takes too long")
        count = self._source.readinto(buffer)
        self._received += count or 0
        return count

    def readall(self) -> bytes:
        raise OSError("an answer is read in pieces")  # http.client would read all there is for a chunk of -1 bytes

    def close(self) -> None:
        self._source.close()
        super().close()


class Answer(http.client.HTTPResponse):
    """An answer in a hurry, from its first line on."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fp = io.BufferedReader(Hurried(self.fp.detach()))


class AnyHTTP(HTTPConnection):
    """Speaks to any address: for the loopback server of tests."""

    response_class = Answer


class PublicHTTP(AnyHTTP):
    """Speaks to public addresses only, whatever the name of a museum's host is said to stand for."""

    def _new_conn(self) -> socket.socket:
        peer = super()._new_conn()
        if not ipaddress.ip_address(peer.getpeername()[0]).is_global:
            peer.close()
            raise Fault("elsewhere", f"{self.host} stands for an address that is not public.")
        return peer


class PublicHTTPS(PublicHTTP, HTTPSConnection):
    """The same over TLS."""
