"""The assets that wake DAGs. An event only wakes: what happens then is read from load records and builds."""

from airflow.sdk import Asset

from siyu.channel_settings import CHANNELS

RAW_FILES = Asset("raw.files")
RAW = {channel: Asset(f"raw.{channel}") for channel in CHANNELS}
WAREHOUSE_BUILT = Asset("warehouse.built")
MARTS_PUBLISHED = Asset("marts.published")
