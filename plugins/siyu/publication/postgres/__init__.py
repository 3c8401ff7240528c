"""The marts in PostgreSQL, for BI: who may do what there, and how a publication arrives without a torn read.

Here: connecting, installing, loading, merging. Not here: when to publish (publish), what stands elsewhere (serving).
"""
