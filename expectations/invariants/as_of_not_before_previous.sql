-- The last business day is not earlier than the one already published.
select night.as_of_date
from audit.night
where night.as_of_date < night.previous_as_of_date
