"""One module per channel: what the channel sends → canonical records and rejects, in memory. No state, no Airflow."""
