-- No table has more than twice the rows of the previous publication, unless something has landed since:
-- a year of history that lands in one night is lawful, the same loads giving twice the rows is not.
select current.model
from candidate.manifest as current
inner join previous.manifest as earlier
    on current.model = earlier.model
cross join audit.night
where
    earlier.row_count >= 20
    and current.row_count > earlier.row_count * 2
    and night.as_of_date = night.previous_as_of_date
    and not night.has_new_loads
