"""What is sold: styles, their articles in colours and sizes, and their prices over time."""

from dataclasses import dataclass

import numpy as np

from siyu.sandbox.world.draft import Array, World

SEASON_DAYS = 120  # from launch to past season


@dataclass(frozen=True, kw_only=True)
class Products:
    """Articles as arrays, position = id - 1. `price_from` and `price` hold a style's terms: [style, term]."""

    per_style: int  # articles of a style, next to each other
    cost: Array
    price_from: Array
    price: Array
    retired: Array  # day on which a style is past season

    def price_on(self, style: Array, day: Array) -> Array:
        """Price of one piece in fen; before the launch it is the launch price."""
        term = np.zeros(len(style), dtype=np.int64)
        for later in range(1, self.price_from.shape[1]):
            term += day >= self.price_from[style, later]
        return self.price[style, term]


def draw_products(world: World) -> Products:
    """Tables products, skus, product_prices."""
    draws, preset = world.draws("products"), world.preset
    styles, per_style = preset.styles, preset.colours * len(preset.sizes)
    season = np.arange(styles) % 5
    season = np.where(len(preset.sizes) > 1, season, 4)
    launched = np.where(
        season == 4,
        world.first_day - draws.integers(100, 900, styles),
        world.first_day - 120 + draws.integers(0, world.days + 120, styles),
    )
    retired = np.where(season == 4, world.end_day + 10_000, launched + SEASON_DAYS)
    yuan = np.round(preset.price_yuan * draws.lognormal(0, preset.price_spread, styles))
    launch_price = np.maximum(yuan.astype(np.int64), 8) * 100 - 10
    marked = (launch_price * draws.integers(50, 80, styles) // 100 // 10) * 10
    revised = (launch_price * draws.integers(95, 112, styles) // 100 // 10) * 10
    revised_from = np.maximum(launched + 1, world.first_day + draws.integers(30, 400, styles))
    price_from = np.stack([launched, np.where(season == 4, revised_from, retired)], axis=1)
    price = np.stack([launch_price, np.where(season == 4, revised, marked)], axis=1)
    low, high = preset.cost_share
    cost = (launch_price * draws.uniform(low, high, styles)).astype(np.int64)
    baby_age = draws.integers(0, 5, styles) * 6
    world.put(
        "products",
        {
            "product_id": np.arange(1, styles + 1),
            "category": np.arange(styles) % len(preset.categories),
            "season": season,
            "launched": launched,
            "retired": retired,
            "role": np.searchsorted([0.6, 0.75, 0.9], draws.random(styles)),
            "age_from": np.where(preset.for_children, baby_age, -1),
        },
    )
    style = np.repeat(np.arange(styles), per_style)
    world.put(
        "skus",
        {
            "sku_id": np.arange(1, styles * per_style + 1),
            "product_id": style + 1,
            "colour": np.tile(np.repeat(np.arange(preset.colours), len(preset.sizes)), styles),
            "size": np.tile(np.array(preset.sizes, dtype=object), styles * preset.colours),
            "cost": cost[style],
        },
    )
    world.put(
        "prices",
        {
            "product_id": np.repeat(np.arange(1, styles + 1), 2),
            "term": np.tile([0, 1], styles),
            "day": price_from.reshape(-1),
            "price": price.reshape(-1),
        },
    )
    world.sql(TABLES)
    return Products(
        per_style=per_style, cost=cost[style], price_from=price_from, price=price, retired=retired
    )


TABLES = """
create view world.products as
select
    product_id, 'P' || padded(product_id, 5) as product_code,
    pick('style_words', product_id * 5) || pick('goods', category) || padded(product_id, 4) as name,
    pick('categories', category) as category, pick('seasons', season) as season,
    year(on_day(launched)) as season_year, pick('goods_roles', role) as goods_role,
    if(age_from >= 0, age_from, null) as age_from_months, if(age_from >= 0, age_from + 12, null) as age_to_months,
    on_day(launched) as launched_on, before_end(on_day(retired)) as retired_on,
    610000000000 + product_id as taobao_num_iid, 410000000 + product_id as youzan_item_id
from draft.products;

create view world.skus as
select
    sku_id, product_id, 'P' || padded(product_id, 5) || '-' || (colour + 1) || '-' || size as sku_code,
    '690' || padded(sku_id, 10) as barcode, pick('colour_names', colour) as colour, size, cost as unit_cost_fen,
    4600000000000 + sku_id as taobao_sku_id, 36000000 + sku_id as youzan_sku_id
from draft.skus;

create view world.product_prices as
select
    product_id, on_day(day) as valid_from_on,
    before_end(on_day(lead(day) over (partition by product_id order by term))) as valid_to_on, price as price_fen,
    price < first_value(price) over (partition by product_id order by term) as is_markdown
from draft.prices
where day < getvariable('end_day') or term = 0;
"""
