-- Tables that more than doubled in the night in which new loads came: lawful, and worth a look.
select current.model
from candidate.manifest as current
inner join previous.manifest as earlier
    on current.model = earlier.model
cross join audit.night
where
    earlier.row_count >= 20
    and current.row_count > earlier.row_count * 2
    and night.has_new_loads
