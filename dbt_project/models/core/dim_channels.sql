with

brands as (

    select * from {{ ref('brands') }}

),

channels as (

    select * from {{ ref('channels') }}

),

channel_overrides as (

    select * from {{ ref('channel_overrides') }}

),

-- a brand may see a surface differently from the common seed, for itself alone
channels_of_brands as (

    select
        brands.brand_code,
        channels.channel_code,
        channels.platform,
        channels.surface,
        channels.name_en,
        channels.name_zh,
        coalesce(channel_overrides.is_owned, channels.is_owned) as is_owned,
        coalesce(channel_overrides.is_reusable, channels.is_reusable) as is_reusable,
        coalesce(channel_overrides.is_free, channels.is_free) as is_free,
        coalesce(channel_overrides.public_board, channels.public_board) as public_board
    from brands
    cross join channels
    left join channel_overrides
        on
            brands.brand_code = channel_overrides.brand_code
            and channels.channel_code = channel_overrides.channel_code

),

classified as (

    select
        brand_code,
        channel_code,
        platform,
        surface,
        name_en,
        name_zh,
        is_owned,
        is_reusable,
        is_free,
        case
            when is_owned and is_reusable and is_free then 'private'
            else 'public'
        end as domain_type,
        case
            when is_owned and is_reusable and is_free then null
            else coalesce(public_board, 'other')
        end as public_board
    from channels_of_brands

)

select * from classified
