"""Ways to spoil an answer: functions from the right `Reply` to a wrong one, and functions that make such functions."""

import gzip
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace

from museum_base import Reply

JSON = "application/json"
HTML = b"<!DOCTYPE html><html><body><h1>One moment, please</h1></body></html>"
CHALLENGE = b'<html><body><iframe src="/_Incapsula_Resource?incident_id=1">Request unsuccessful.</iframe></body></html>'


def same(answer):
    return answer


def page(body: bytes, status: int = 200, kind: str = "text/html", **headers: str) -> Callable[[Reply], Reply]:
    """Another answer in place of the right one."""
    named = {"Content-Type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda reply: Reply(body, status, named)


def error(status: int, **headers: str) -> Callable[[Reply], Reply]:
    return page(b'{"message": "something is wrong"}', status, JSON, **headers)


def redirect(address: str) -> Callable[[Reply], Reply]:
    return page(b"", 302, Location=address)


def sent_round(reply: Reply) -> Reply:
    return Reply(b"", 302, {"Location": reply.target})


def broken(change: Callable[[bytes], bytes]) -> Callable[[Reply], Reply]:
    """Other bytes under the same headers."""
    return lambda reply: replace(reply, body=change(reply.body))


def half(body: bytes) -> bytes:
    return body[:len(body) // 2]


def cut_off(reply: Reply) -> Reply:
    """Half of the body, under the length of the whole."""
    return replace(reply, body=half(reply.body), headers=reply.headers | {"Content-Length": str(len(reply.body))})


def edited(change: Callable[[dict], object]) -> Callable[[Reply], Reply]:
    """The same JSON, with some of it changed."""
    return broken(lambda body: json.dumps(change(json.loads(body))).encode())


def next_is_itself(reply: Reply) -> Reply:
    following = {"next": {"id": f"https://data.rijksmuseum.nl{reply.target}", "type": "OrderedCollectionPage"}}
    return edited(lambda found: found | following)(reply)


def hang_up(reply: Reply) -> Reply:
    return replace(reply, status=0)


def endless(reply: Reply) -> Reply:
    return replace(reply, body=None)


def gzip_bomb(reply: Reply) -> Reply:
    """A gigabyte of zeros in a megabyte."""
    packed = gzip.compress(bytes(10 << 20)) * 100
    return replace(reply, body=packed, headers=reply.headers | {"Content-Encoding": "gzip"})


def png_bomb() -> bytes:
    """A PNG of a few bytes that claims 50,000 x 50,000 pixels."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def first_only(spoil: Callable[[Reply], Reply]) -> Callable[[Reply], Reply]:
    """Spoils the best of a picture's addresses, not the others."""
    return lambda reply: reply if reply.second_best else spoil(reply)
