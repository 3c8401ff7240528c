with

counts as (

    select * from {{ source('raw', 'files__footfall') }}

),

-- a document is what one load says about one store's day in one version: it wins or loses whole
documents as (

    select
        channel_code,
        store_id,
        visit_date,
        _load_id,
        _group_hash,
        max(updated_at) as updated_at,
        sum(visit_count) as visit_count
    from counts
    group by channel_code, store_id, visit_date, _load_id, _group_hash

),

documents_ranked as (

    select
        *,
        row_number() over (
            partition by channel_code, store_id, visit_date
            order by
                updated_at desc nulls last,
                -- without a change time: a counter grows until the day is over
                visit_count desc,
                _group_hash desc,
                _load_id asc
        ) as version_rank
    from documents

),

-- an hour that is written twice counts once
counts_ranked as (

    select
        counts.*,
        row_number() over (
            partition by counts.channel_code, counts.store_id, counts.visit_date, counts.visit_hour
            order by counts.visit_count desc, counts._row_hash desc, counts._source_row asc
        ) as hour_rank
    from counts
    inner join documents_ranked
        on
            counts.channel_code = documents_ranked.channel_code
            and counts.store_id = documents_ranked.store_id
            and counts.visit_date = documents_ranked.visit_date
            and counts._load_id = documents_ranked._load_id
            and counts._group_hash = documents_ranked._group_hash
    where documents_ranked.version_rank = 1

),

newest as (

    select
        -- ids
        channel_code || '|' || store_id || '|' || visit_date
        || '|' || coalesce(cast(visit_hour as varchar), 'day') as footfall_key,
        store_id,
        brand_code,
        channel_code,

        -- how many
        visit_count,
        tried_count,
        passer_count,

        -- when
        visit_date,
        visit_hour,
        updated_at,

        -- does it count
        is_excluded,
        exclusion_reason,

        -- the pipeline's own
        _load_id,
        _source_row
    from counts_ranked
    where hour_rank = 1

)

select * from newest
