"""What Airflow must know of siyu to run its DAGs. Airflow executes this file by its bare name; logic lives in siyu."""

from airflow.plugins_manager import AirflowPlugin

from siyu.orchestration.deadline import PublicationDue


class SiyuPlugin(AirflowPlugin):
    """Registers the deadline of a night: Airflow makes no run with a deadline that it does not know."""

    name = "siyu"
    deadline_references = [PublicationDue]  # noqa: RUF012 - Airflow's own form
