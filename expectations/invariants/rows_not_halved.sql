-- No table has lost more than half of the rows of the previous publication.
-- An earlier business day has fewer rows by right, and ten rows say nothing.
select current.model
from candidate.manifest as current
inner join previous.manifest as earlier
    on current.model = earlier.model
cross join audit.night
where
    earlier.row_count >= 20
    and current.row_count * 2 < earlier.row_count
    and night.as_of_date >= night.previous_as_of_date
