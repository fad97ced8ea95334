"""Ways to spoil a museum's answer: functions from the right `Reply` to a wrong one, and functions that make such."""

import gzip
import io
import json
import struct
import zlib
from collections.abc import Callable
from itertools import count

from PIL import Image
from recorded import Reply, make_reply

HTML = b"<!DOCTYPE html><html><body><h1>One moment, please</h1></body></html>"
CHALLENGE = b'<html><body><iframe src="/_Incapsula_Resource?incident_id=1">Request unsuccessful.</iframe></body></html>'


def instead(body: bytes, kind: str = "text/html", status: int = 200, **headers: str) -> Callable[[Reply], Reply]:
    """Another answer in place of the right one."""
    return lambda reply: make_reply(body, kind, status, **headers)


def error(status: int, **headers: str) -> Callable[[Reply], Reply]:
    return instead(b'{"message": "something is wrong"}', "application/json", status, **headers)


def redirect(address: str) -> Callable[[Reply], Reply]:
    return instead(b"", status=302, Location=address)


def for_a_while(spoil: Callable[[Reply], Reply], times: int = 2) -> Callable[[Reply], Reply]:
    """Spoil so many answers and no more."""
    number = count(1)
    return lambda reply: spoil(reply) if next(number) <= times else reply


def changed(change: Callable[[bytes], bytes]) -> Callable[[Reply], Reply]:
    """Other bytes under the same headers."""
    return lambda reply: reply._replace(body=change(reply.body))


def edited(change: Callable[[dict], object]) -> Callable[[Reply], Reply]:
    """The same JSON, with some of it changed."""
    return changed(lambda body: json.dumps(change(json.loads(body))).encode())


def fields(name: str = "", **values: object) -> Callable[[Reply], Reply]:
    """Other values of some fields of a record, or of each record in the list at `name`."""
    def change(found: dict) -> dict:
        return found | ({name: [record and record | values for record in found[name]]} if name else values)
    return edited(change)


def half(reply: Reply) -> Reply:
    """Half of the body, under the length of the whole."""
    return reply._replace(body=reply.body[:len(reply.body) // 2],
                          headers=reply.headers | {"Content-Length": str(len(reply.body))})


def hang_up(reply: Reply) -> Reply:
    return reply._replace(status=0)


def gzip_bomb(reply: Reply) -> Reply:
    """A gigabyte of zeros in a megabyte."""
    packed = gzip.compress(bytes(10 << 20)) * 100
    return reply._replace(body=packed, headers=reply.headers | {"Content-Encoding": "gzip"})


def png_bomb() -> bytes:
    """A PNG of a few bytes that claims 50,000 x 50,000 pixels."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def stored(form: str = "JPEG", mode: str = "RGB", side: int = 800, **options: object) -> Callable[[Reply], Reply]:
    """The same picture in another form, or of another size."""
    def save(body: bytes) -> bytes:
        shown = Image.open(io.BytesIO(body))
        shown = shown.resize((side, side * shown.height // shown.width)).convert(mode)
        file = io.BytesIO()
        shown.save(file, form, **options)
        return file.getvalue()
    return lambda reply: make_reply(save(reply.body), f"image/{form.lower()}")
