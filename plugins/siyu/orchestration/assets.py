"""The assets that wake DAGs. An event only wakes: what happens then is read from load records and builds."""

from airflow.sdk import Asset

RAW_FILES = Asset("raw.files")
WAREHOUSE_BUILT = Asset("warehouse.built")
MARTS_PUBLISHED = Asset("marts.published")
