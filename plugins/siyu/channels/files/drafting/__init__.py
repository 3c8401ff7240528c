"""A first mapping for one or several files, from their headers and values: a proposal, with its guesses marked.

samples.py reads the first rows, words.py knows what headers say, values.py what one column holds, evidence.py what
columns show together; roles.py judges, tables.py sees how several files belong together, writing.py makes the YAML.
"""

from siyu.channels.files.drafting.tables import draft_mapping

__all__ = ["draft_mapping"]
