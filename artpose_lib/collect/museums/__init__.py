"""Museums and catalogues, a small module each, behind one protocol: `search(query)` yields artworks."""

from artpose_lib.collect.museums.artic import Artic
from artpose_lib.collect.museums.census import Census
from artpose_lib.collect.museums.cleveland import Cleveland
from artpose_lib.collect.museums.commons import Commons
from artpose_lib.collect.museums.europeana import Europeana
from artpose_lib.collect.museums.harvard import Harvard
from artpose_lib.collect.museums.met import Met
from artpose_lib.collect.museums.nga import NGA
from artpose_lib.collect.museums.rijksmuseum import Rijksmuseum
from artpose_lib.collect.museums.searchculture import SearchCulture
from artpose_lib.collect.museums.smk import SMK
from artpose_lib.collect.museums.wga import WGA
from artpose_lib.collect.source import Source

# The thesis' eight (Section 2.1), then the ones that this project adds.
SOURCES: dict[str, type[Source]] = {source.name: source for source in (
    Rijksmuseum, Met, WGA, Harvard, SearchCulture, Artic, SMK, Census, Commons, Cleveland, NGA, Europeana)}
