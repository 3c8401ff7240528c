"""Airflow's side of siyu: assets, recorded steps, and the night in one command.

Here: the only room that imports airflow. Not here: what a step does (channels, landing, warehouse, gate, publication).
"""
