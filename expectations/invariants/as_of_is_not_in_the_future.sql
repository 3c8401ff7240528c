-- The last business day has begun somewhere on earth.
select night.as_of_date
from audit.night
where night.as_of_date > night.latest_date
