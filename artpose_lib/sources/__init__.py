"""Museums and catalogues, a small module each, behind one protocol: `search(query)` gives artworks."""

from artpose_lib.sources.artic import Artic
from artpose_lib.sources.base import Artwork, Fault, Key, Source
from artpose_lib.sources.census import Census
from artpose_lib.sources.cleveland import Cleveland
from artpose_lib.sources.commons import Commons
from artpose_lib.sources.europeana import Europeana
from artpose_lib.sources.harvard import Harvard
from artpose_lib.sources.met import Met
from artpose_lib.sources.nga import NGA
from artpose_lib.sources.rijksmuseum import Rijksmuseum
from artpose_lib.sources.searchculture import SearchCulture
from artpose_lib.sources.smk import SMK
from artpose_lib.sources.wga import WGA

__all__ = ["SOURCES", "Artwork", "Fault", "Key", "Source"]

# The thesis' eight (Section 2.1), then the ones that this project adds.
SOURCES: dict[str, type[Source]] = {source.name: source for source in (
    Rijksmuseum, Met, WGA, Harvard, SearchCulture, Artic, SMK, Census, Commons, Cleveland, NGA, Europeana)}
