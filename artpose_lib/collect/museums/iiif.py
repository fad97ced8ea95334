"""What a manifest of IIIF's Presentation API 3 says of a work: texts by language, and its first picture."""

import re
from html import unescape

from artpose_lib.collect.answers import addresses, dig, entries, plain, text


def said(languages: object) -> str:
    """A text that is given by language, in English where it can be; its markup is left in."""
    ordered = ("en-US", "en", "none", *languages) if isinstance(languages, dict) else ()
    values = (value for language in ordered for value in entries(languages, language))
    return next((value for value in values if isinstance(value, str) and value.strip()), "")


def metadata(manifest: object) -> dict[str, str]:
    """Label and value of each line of the manifest's list; the markup of a value is left in."""
    return {plain(said(dig(entry, "label"))): said(dig(entry, "value")) for entry in entries(manifest, "metadata")}


def nested(html: str, name: str) -> str:
    """The values under a name within one value: the Census has whole records in nested spans there."""
    found = re.findall(rf"<i>\s*{name}\s*</i>\s*</span>\s*(?:<a[^<>]*>)?([^<>]*)", html)
    return text([unescape(value) for value in found])


def pictures(manifest: object) -> tuple[str, ...]:
    """Addresses of the first picture: the file itself, a smaller version where a service makes one, the thumbnail."""
    bodies = entries(dig(manifest, "items", 0, "items", 0, "items", 0), "body")
    picture = bodies[0] if bodies else None
    services = [text(dig(service, "id"), dig(service, "@id")) for service in entries(picture, "service")]
    return addresses([dig(picture, "id"), *(f"{service}/full/1000,/0/default.jpg" for service in services),
                      dig(manifest, "thumbnail", 0, "id")])
