{#
    Episodes of a snapshot: the unbroken stays of each key in a list that is read whole, again and again.

    sightings: CTE with account_id, the columns of the key and _observed_at: who was in the list, each time.
    observations: CTE with account_id, observed_at (one row each) and is_complete: each reading of the list.
    key: columns that name one thing within an account.
    started_at: column of the sightings in which the source tells when the stay began; none where it does not.

    A key that a complete reading lacks has gone; one that an incomplete reading lacks may be there. A later
    start than was told before, after the last sighting, is a return between two readings.
    What comes of it, one row per stay: account_id, the key, and
      episode_number        from 1, in the order of time
      started_at            the start that the source tells; first_seen_at where it tells none, or one that
                            belongs to an earlier stay (then not is_start_known)
      first_seen_at, last_seen_at
      ended_before          the first complete reading without it, or the return; null while it lasts
      is_gap                whether readings were missed between last_seen_at and ended_before
#}
{% macro snapshot_episodes(sightings, observations, key, started_at=none) -%}
    {%- set key_columns = key | join(', ') -%}
    {%- set of_one_key = 'partition by account_id, ' ~ key_columns -%}
    with

    -- how many complete readings there were up to each
    observations_counted as (

        select
            account_id,
            observed_at,
            cast(is_complete as integer) as complete_here,
            sum(cast(is_complete as integer)) over (
                partition by account_id
                order by observed_at
                rows between unbounded preceding and current row
            ) as complete_count
        from {{ observations }}

    ),

    sightings_counted as (

        select
            {{ sightings }}.account_id,
            {% for column in key -%}
            {{ sightings }}.{{ column }},
            {% endfor -%}
            {{ sightings ~ '.' ~ started_at if started_at else 'cast(null as timestamp)' }}
                as told_start_at,
            observations_counted.observed_at,
            observations_counted.complete_count,
            observations_counted.complete_count - observations_counted.complete_here
                as complete_before_count
        from {{ sightings }}
        inner join observations_counted
            on
                {{ sightings }}.account_id = observations_counted.account_id
                and {{ sightings }}._observed_at = observations_counted.observed_at

    ),

    sightings_in_turn as (

        select
            *,
            lag(observed_at) over ({{ of_one_key }} order by observed_at) as previous_observed_at,
            lag(told_start_at) over ({{ of_one_key }} order by observed_at) as previous_start_at,
            lag(complete_count) over ({{ of_one_key }} order by observed_at)
                as previous_complete_count
        from sightings_counted

    ),

    sightings_numbered as (

        select
            *,
            sum(
                case
                    when previous_observed_at is null then 1
                    when complete_before_count > previous_complete_count then 1
                    when told_start_at > greatest(previous_start_at, previous_observed_at) then 1
                    else 0
                end
            ) over (
                {{ of_one_key }}
                order by observed_at
                rows between unbounded preceding and current row
            ) as episode_number
        from sightings_in_turn

    ),

    stays as (

        select
            account_id,
            {{ key_columns }},
            episode_number,
            min(told_start_at) as told_start_at,
            min(observed_at) as first_seen_at,
            max(observed_at) as last_seen_at,
            max(complete_count) as complete_count
        from sightings_numbered
        group by account_id, {{ key_columns }}, episode_number

    ),

    stays_in_turn as (

        select
            *,
            lag(last_seen_at) over ({{ of_one_key }} order by episode_number) as previous_seen_at,
            lead(first_seen_at) over ({{ of_one_key }} order by episode_number) as next_seen_at,
            lead(told_start_at) over ({{ of_one_key }} order by episode_number) as next_start_at
        from stays

    ),

    stays_ended as (

        select
            stays_in_turn.*,
            coalesce(
                told_start_at is not null
                and (previous_seen_at is null or told_start_at > previous_seen_at),
                false
            ) as is_start_known,
            case
                when next_seen_at is null or next_complete.observed_at < next_seen_at
                    then next_complete.observed_at
                else next_start_at
            end as ended_before
        from stays_in_turn
        left join observations_counted as next_complete
            on
                stays_in_turn.account_id = next_complete.account_id
                and stays_in_turn.complete_count + 1 = next_complete.complete_count
                and next_complete.complete_here = 1

    )

    select
        account_id,
        {{ key_columns }},
        cast(episode_number as integer) as episode_number,
        case when is_start_known then told_start_at else first_seen_at end as started_at,
        is_start_known,
        first_seen_at,
        last_seen_at,
        ended_before,
        coalesce(
            {{ add_hours_to_timestamp('last_seen_at', var('snapshot_gap_hours')) }} < ended_before,
            false
        ) as is_gap
    from stays_ended
{%- endmacro %}
