"""The least that finds out who is one person: what `siyu bench identity` is held against.

`python bench/identity_baseline.py FOLDER THREADS`: reads edges.parquet and identifiers.parquet, maps the strings to
integers, calls scipy, writes labels.parquet (identifier, label). No rules, no ids that last, no validity.
"""

import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

folder, threads = Path(sys.argv[1]), int(sys.argv[2])
connection = duckdb.connect(config={"threads": threads})
connection.execute(
    """
    create table nodes as
    select cast(row_number() over () - 1 as integer) as node, identifier from read_parquet($identifiers)
    """,
    {"identifiers": str(folder / "identifiers.parquet")},
)
pairs = connection.execute(
    """
    select left_nodes.node as left_node, right_nodes.node as right_node
    from read_parquet($edges) as edges
    inner join nodes as left_nodes on edges.left_identifier = left_nodes.identifier
    inner join nodes as right_nodes on edges.right_identifier = right_nodes.identifier
    """,
    {"edges": str(folder / "edges.parquet")},
).fetchnumpy()
(count,) = connection.execute("select count(*) from nodes").fetchone()
ones = np.ones(len(pairs["left_node"]), dtype=np.int8)
graph = csr_array((ones, (pairs["left_node"], pairs["right_node"])), shape=(count, count))
labels = pa.table({"node": np.arange(count), "label": connected_components(graph, directed=False)[1]})
connection.sql("select identifier, label from nodes inner join labels using (node)").write_parquet(
    str(folder / "labels.parquet")
)
