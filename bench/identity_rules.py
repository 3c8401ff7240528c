"""Who is one person by siyu's rules, with ids and validity: what `siyu bench identity` measures.

`python bench/identity_rules.py FOLDER THREADS MEMORY RULES`: reads edges.parquet and identifiers.parquet, resolves them
by the rules below (RULES `on`) or by none (`off`), writes members.parquet and conflicts.parquet.
"""

import sys
from pathlib import Path

import duckdb

from siyu.identity import Graph, Rules, TypeRule, resolve

RULES = Rules(
    types={
        "unionid": TypeRule(priority=1, max_per_member=1),
        "card": TypeRule(priority=2, max_per_member=1),
        "open_id": TypeRule(priority=3, max_per_member=2),
        "external_userid": TypeRule(priority=4, max_per_member=1),
        "open_uid": TypeRule(priority=5, max_per_member=2),
        "phone": TypeRule(priority=6, max_per_member=4, recycle_days=90, max_degree=12),
    }
)

folder, threads, memory_limit, rules = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
connection = duckdb.connect(config={"threads": threads, "memory_limit": memory_limit})
graph = Graph(
    identifiers=connection.read_parquet(str(folder / "identifiers.parquet")),
    edges=connection.read_parquet(str(folder / "edges.parquet")),
)
answer = resolve(connection, graph, RULES if rules == "on" else Rules())
answer.members.write_parquet(str(folder / "members.parquet"))
answer.conflicts.write_parquet(str(folder / "conflicts.parquet"))
