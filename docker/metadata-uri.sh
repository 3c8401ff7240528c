#!/bin/sh
# Print the URI of Airflow's metadata database, for AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD.
set -eu
password=$(cat "$SIYU_SECRETS/airflow_database_password")
printf 'postgresql+psycopg://airflow:%s@%s/airflow' "$password" "$SIYU_POSTGRES"
