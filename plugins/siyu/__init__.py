"""siyu: nightly member, segment and ROI marts for private-domain (私域) marketing.

Rooms, and which way imports point, are drawn in docs/architecture.md.
"""

__version__ = "0.1.0"
