"""One simulated brand: its shops, people, purchases and marketing, and the truth about them.

Here: drawing the world and writing its tables (`tables.yml`) and its truth.
Not here: serving it, or anything that knows an API, a connector or a model.
"""

SIZES = {"S": 10_000, "M": 100_000, "L": 1_000_000}  # persons
