with

customers as (

    select * from {{ ref('stg_files__customers') }}

),

told as (

    select
        identifier,
        full_name_token,
        birth_date_token,
        address_token,
        province,
        _load_id
    from customers
    where
        {{ 'true' if var('match_members') else 'false' }}
        and not is_excluded
        -- two accounts are compared where they agree in two of these
        and cast(full_name_token is not null as integer)
        + cast(birth_date_token is not null as integer)
        + cast(address_token is not null as integer) >= 2

)

select * from told
