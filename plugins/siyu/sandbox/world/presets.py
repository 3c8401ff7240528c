"""The numbers of a brand: everything a business would call a parameter, read from `presets.yml`."""

from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from siyu.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One brand. Meanings and units stand beside the values of `fashion` in `presets.yml`; shares are 0 to 1."""

    brand: str
    stores: int
    cities: int
    regions: int
    new_store_share: float
    closed_store_share: float
    guides_per_store: int
    part_time_share: float
    leaver_share: float
    rent_fen_per_m2: int
    area_m2: tuple[int, int]
    visitors_per_day: int
    styles: int
    styles_per_store: int
    colours: int
    sizes: tuple[str, ...]
    categories: tuple[str, ...]
    goods: tuple[str, ...]
    price_yuan: float
    price_spread: float
    cost_share: tuple[float, float]
    odd_size_share: float
    female_share: float
    age: tuple[int, int]
    child_share: float
    for_children: bool
    trade_share: float
    homes_per_trade: int
    entered_before_share: float
    never_buys_share: float
    orders_per_year: float
    rate_shape: float
    drop_out: tuple[float, float]
    spend_shape: float
    more_lines: float
    sources: dict[str, float]
    channels: dict[str, float]
    friend_share: float
    follower_share: float
    card_refused_share: float
    never_identified_share: float
    shared_phone_share: float
    changed_phone_share: float
    recycled_phone_share: float
    guide_phone_share: float
    masked_share: float
    no_unionid_share: float
    paid_in_wecom_share: float
    trade_in_share: float
    return_share: float
    split_share: float
    campaign_every_days: int
    campaign_uplift: float
    campaign_slow_days: float
    holdout_share: float
    message_every_days: int
    message_audience: float
    moment_audience: float
    unfriend_chance: float
    service_uplift: float
    service_share: float
    ad_campaigns: int
    ad_uplift: float
    ad_cost_per_click_fen: int
    referral_share: float
    referral_cheat_share: float
    referral_reward_fen: int
    season_strength: float


@cache
def presets() -> dict[str, Preset]:
    """Every preset by name; each but `fashion` says only where it differs from it."""
    content: dict[str, dict[str, Any]] = yaml.safe_load(
        files(__package__).joinpath("presets.yml").read_text(encoding="utf-8")
    )
    names = {item.name for item in fields(Preset)}
    found = {}
    for name, own in content.items():
        values = content["fashion"] | own
        unknown = sorted(set(values) - names)
        if unknown:
            raise UsageError(f"preset {name} sets {', '.join(unknown)}", expected="fields of Preset")
        listed: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        found[name] = Preset(**listed)
    return found


def preset_named(name: str) -> Preset:
    """The preset of that name.

    Raises:
        UsageError: There is none.
    """
    if name not in presets():
        raise UsageError(f"preset {name!r}", expected=f"one of {', '.join(presets())}")
    return presets()[name]
