"""The bench room: figures that a choice or a budget rests on, both sides measured in one run on this machine.

    night.py      a night through Airflow, directly, and as plain SQL; their figures and whether their tables are equal
    generated.py  the order log that a night is measured over, at any size
    steps.py      siyu's steps in one process without Airflow, as a program
    plain.py      bench/plain_night.sql in one process, as a program
    measure.py    wall time, CPU, memory and bytes of a program and all that it starts
    figures.py    what was found, the budgets, and the results that are kept
    build.py      one dbt build against one process per model
    extract.py    what reading the platforms of a served world takes

Here: measuring what other rooms do. Not here: arguments and printing (cli), the page that shows results (docs).
"""
