"""Where rows come from: files that a mapping describes, and platforms that a connector speaks to.

files/ reads exports; api/ is what connectors share, catalogue.py lists them; configured.py says which accounts a home
reads, due.py which windows are still to be read. No Airflow.
"""
