"""From identifiers that were seen together to members: who is one person, by which rules, and what changed since.

Here: functions over relations of a connection that the caller holds. Not here: where identifiers and edges come from,
where the answers are kept (models), how an identifier is normalised before it becomes a token (landing).
"""

from siyu.identity.events import identity_events, redirects
from siyu.identity.given import Graph, Rules, TypeRule
from siyu.identity.matching import match_pairs
from siyu.identity.resolution import Resolution, resolve

__all__ = [
    "Graph",
    "Resolution",
    "Rules",
    "TypeRule",
    "identity_events",
    "match_pairs",
    "redirects",
    "resolve",
]
