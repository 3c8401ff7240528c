{% set has_wecom = 'wecom' in var('channels') %}
{% if has_wecom %}

    with

    notes as (

        select distinct
            guide_key,
            {{ identifier('customer', 'channel_code', 'external_userid_token') }}
                as left_identifier,
            {{ identifier('phone', "'global'", 'phone_token') }} as right_identifier
        from {{ ref('stg_wecom__contact_phones') }}
        where
            external_userid_token is not null
            and phone_token is not null

    ),

    cards as (

        select * from {{ ref('stg_files__customers') }}

    ),

    links as (

        select * from {{ ref('stg_files__identifier_links') }}

    ),

    store_terms as (

        select * from {{ ref('int_store_terms') }}

    ),

    -- where the holder of a number joined
    cities_of_numbers as (

        select distinct
            links.right_identifier,
            store_terms.city
        from links
        inner join cards
            on 'm' || {{ short_hash('links.left_identifier') }} = cards.customer_key
        inner join store_terms
            on
                cards.brand_code = store_terms.brand_code
                and cards.store_id = store_terms.store_code
                and store_terms.valid_before is null
        where
            links.link_source = 'profile'
            and store_terms.city is not null

    ),

    numbers_per_city as (

        select
            notes.guide_key,
            cities_of_numbers.city,
            count(distinct notes.right_identifier) as number_count
        from notes
        inner join cities_of_numbers
            on notes.right_identifier = cities_of_numbers.right_identifier
        group by notes.guide_key, cities_of_numbers.city

    ),

    -- where a guide works, as the numbers tell that the guide noted
    cities_of_guides as (

        select
            guide_key,
            city,
            sum(number_count) over (partition by guide_key) as located_count,
            number_count
            >= {{ var('note_city_share') }} * sum(number_count) over (partition by guide_key)
                as is_theirs
        from numbers_per_city

    ),

    notes_elsewhere as (

        select
            notes.guide_key,
            notes.left_identifier,
            notes.right_identifier
        from notes
        inner join cities_of_numbers
            on notes.right_identifier = cities_of_numbers.right_identifier
        inner join cities_of_guides
            on
                notes.guide_key = cities_of_guides.guide_key
                and cities_of_numbers.city = cities_of_guides.city
        where cities_of_guides.located_count >= {{ var('note_city_minimum_numbers') }}
        group by notes.guide_key, notes.left_identifier, notes.right_identifier
        having not bool_or(cities_of_guides.is_theirs)

    ),

    -- another guide may have noted the same at home
    noted_elsewhere_alone as (

        select
            notes.left_identifier,
            notes.right_identifier
        from notes
        left join notes_elsewhere
            on
                notes.guide_key = notes_elsewhere.guide_key
                and notes.left_identifier = notes_elsewhere.left_identifier
                and notes.right_identifier = notes_elsewhere.right_identifier
        group by notes.left_identifier, notes.right_identifier
        having bool_and(notes_elsewhere.guide_key is not null)

    )

    select * from noted_elsewhere_alone

{% else %}

    {{ no_rows({'left_identifier': 'varchar', 'right_identifier': 'varchar'}) }}

{% endif %}
