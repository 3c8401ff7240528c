"""Which column plays which role, from headers and evidence together, one column one role.

Here: the judgement, and how sure it is. Not here: vocabulary (words.py), measurements (evidence.py), YAML (writing.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from siyu.channels.files.drafting import evidence
from siyu.channels.files.drafting.evidence import Product, constant_within
from siyu.channels.files.drafting.samples import Column, Sample
from siyu.channels.files.drafting.words import roles_of

Hints = dict[int, str]  # by place: the role that another file gives a column

_SURE = 0.85  # a header that fits this well says it by itself
_LIKELY = 0.6
_CLOSE = 0.7  # a second candidate nearer than this is named beside the first
_HEADER, _CLAIMED = 3.0, 2.0  # what a header weighs against what values say
_MONEY = (
    "amount",
    "unit_price",
    "discount_amount",
    "freight_amount",
    "unit_cost",
    "refund_amount",
    "cost_amount",
)
_TIMES = (
    "paid_at",
    "cancelled_at",
    "updated_at",
    "refunded_at",
    "enrolled_at",
    "added_at",
    "birth_date",
    "touched_at",
)
_WORDS = (
    *("refund_id", "line_id", "product_id", "product_name", "category", "order_status", "province"),
    *(
        "currency_code",
        "phone",
        "email",
        "full_name",
        "address",
        "refund_reason",
        "touch_id",
        "campaign_code",
    ),
    *("campaign_name", "arm", "is_holdout", "cost_id", "cost_type", "cost_purpose"),
)


@dataclass(kw_only=True)
class Choice:
    """A column for a role. An empty `guess` means sure; else it says why it was taken."""

    column: Column
    guess: str = ""
    others: tuple[str, ...] = ()  # headers that it could be instead


@dataclass(kw_only=True)
class Roles:
    """The roles of one sample."""

    sample: Sample
    chosen: dict[str, Choice] = field(default_factory=dict)
    is_line_level: bool = False  # several rows make one order

    def column(self, role: str) -> Column | None:
        """The column that plays a role, if one does."""
        return self.chosen[role].column if role in self.chosen else None

    @property
    def free(self) -> list[Column]:
        """Columns without a role."""
        taken = {choice.column.place for choice in self.chosen.values()}
        return [column for column in self.sample.columns if column.place not in taken]


def find_roles(sample: Sample, hints: Hints) -> Roles:
    """Judge every column of a sample."""
    return _Judge(sample, hints).judged()


class _Judge:
    """One sample being judged, role by role: each step may use what the steps before it found."""

    def __init__(self, sample: Sample, hints: Hints) -> None:
        self.sample = sample
        self.roles = Roles(sample=sample)
        self.fits = {column.place: roles_of(column.header) for column in sample.columns}
        for place, role in hints.items():
            self.fits[place] = {role: max(1.0, self.fits[place].get(role, 0.0))}
        self.filled = [column for column in sample.columns if column.filled]
        self.products: list[Product] = []

    def judged(self) -> Roles:
        """All roles, the ones that others lean on first."""
        self._find_time()
        self._find_products()
        self._find_keys()
        self._find_quantity()
        self._find_money()
        self._find_named()
        self._find_product()
        return self.roles

    def fit(self, column: Column, *roles: str) -> float:
        """How well the header says one of these roles."""
        return max(self.fits[column.place].get(role, 0.0) for role in roles)

    def by_header(self, column: Column, *roles: str) -> float:
        """What the header speaks for these roles, less what it speaks for another one."""
        other = max((fit for role, fit in self.fits[column.place].items() if role not in roles), default=0.0)
        fit = self.fit(column, *roles)
        return _HEADER * fit - (_CLAIMED * other if other > fit else 0.0)

    def choose(self, role: str, scored: dict[Column, float], *, least: float, why: str) -> None:
        """The best candidate, when it is good enough; those close behind become its alternatives."""
        ranked = sorted(scored.items(), key=lambda item: (-item[1], item[0].place))
        if not ranked or ranked[0][1] < least:
            return
        (best, score), *rest = ranked
        fit = self.fit(best, role)
        near = _CLOSE if fit >= _SURE else 2 * _CLOSE
        others = tuple(column.header for column, value in rest if score - value < near and value >= least)[:3]
        guess = "" if fit >= _SURE and not others else "by its header" if fit >= _LIKELY else why
        self.roles.chosen[role] = Choice(column=best, guess=guess, others=others)

    def _find_time(self) -> None:
        times = [column for column in self.filled if column.is_time]
        scored = {}
        for column in times:
            score = self.by_header(column, "ordered_at") + column.filled_share
            others = [other for other in times if other is not column and not _is_long_ago(other, times)]
            score += sum(evidence.is_earlier(column, other) for other in others) / max(len(others), 1)
            score -= 2 * _is_long_ago(column, times) + (len(column.counts) == 1 and len(column.texts) > 1)
            scored[column] = score
        self.choose("ordered_at", scored, least=0.0, why="its values are dates")

    def _find_products(self) -> None:
        numbers = [column for column in self.filled if column.is_number and not column.is_time]
        whole = [
            column for column in numbers if column.is_integer and not column.has_cents and _is_small(column)
        ]
        numbers = [column for column in numbers if not (column.is_integer and _is_code(column))]
        found = evidence.products(whole[:8], numbers[:12])

        def rank(product: Product) -> float:
            said = self.by_header(product.quantity, "quantity") + self.by_header(product.price, "unit_price")
            return product.share + 0.2 * (said + self.by_header(product.amount, "amount"))

        self.products = sorted(found, key=rank, reverse=True)

    def _find_keys(self) -> None:
        """Order id and customer, chosen together: the customer does not change within an order."""
        keys = [column for column in self.filled if self._may_be_key(column)]
        alone = {column: self._customer_score(column) for column in keys}
        customers = {
            order: {c: alone[c] + self._pair_score(order, c) for c in keys if c is not order}
            for order in (None, *keys)
        }
        best = {
            key: self._order_score(key) + 0.3 * (max(customers[key].values(), default=0.0) > 1)
            for key in keys
        }
        self.choose(
            "order_id",
            best,
            least=0.8,
            why="its values are unique, or keep together what belongs to one order",
        )
        order = self.roles.column("order_id")
        self.choose("customer_id", customers[order], least=0.75, why="its values come back on other days")
        if order is not None:
            self.roles.is_line_level = order.distinct_share < 0.98

    def _may_be_key(self, column: Column) -> bool:
        if column.is_clock or (column.is_time and self.fit(column, "order_id") < _SURE):
            return False
        if column is self.roles.column("ordered_at"):
            return False
        if any(column in (p.price, p.amount, p.quantity) for p in self.products):
            return False
        if len(column.counts) < 2 and self.fit(column, "order_id", "customer_id") < _SURE:
            return False
        return not column.has_cents and (not column.is_number or column.is_integer)

    def _order_score(self, column: Column) -> float:
        score = self.by_header(column, "order_id")
        time = self.roles.column("ordered_at")
        score -= 2 * (column.filled_share < 0.98)
        score -= 1.0 * (_length(column) > 40 or column.looks_like != "" or _is_small(column))
        if column.distinct_share == 1:
            score += 0.9 - 0.4 * evidence.counts_rows(column)
        elif time is not None:
            within = constant_within(column, time)
            if within is not None:
                score += 1.4 if within >= 0.97 else max(-3 * (1 - within), -1.5)
            score -= 1.5 * (column.distinct_share < 0.02)
        else:
            score -= 1 - column.distinct_share
        if time is not None:
            score += max(0.0, evidence.rises_with(column, time) - 0.6)
        return score

    def _customer_score(self, column: Column) -> float:
        score = self.by_header(column, "customer_id")
        score = max(score, 0.8 * self.by_header(column, "phone", "email")) + 0.3 * column.filled_share
        time = self.roles.column("ordered_at")
        if time is not None:
            within = constant_within(column, time)
            score += 0.0 if within is None else 0.5 if within < 0.9 else -0.7
        score -= any((constant_within(column, product.price) or 0.0) > 0.9 for product in self.products[:1])
        score += 0.4 * (column.looks_like in ("phone", "email"))
        if column.is_integer:  # points and rounded sums come back on other days too
            money = [other for other in self.filled if other.has_cents]
            score -= 2.0 * any(evidence.follows(column, other) > 0.9 for other in money)
        score -= 0.8 * (_length(column) > 30 or _has_blanks(column)) + 0.8 * evidence.counts_rows(column)
        return score - 1.0 * _is_small(column)

    def _pair_score(self, order: Column | None, customer: Column) -> float:
        """An order has one customer, and customers are fewer than orders (or rows) but no mere handful."""
        within = None if order is None else constant_within(order, customer)
        score = 0.0 if within is None else 0.6 if within >= 0.97 else -2.5 * (1 - within)
        ratio = len(customer.counts) / (len(customer.filled) if order is None else len(order.counts))
        if ratio < 0.02 or len(customer.counts) < 5:
            return score - 1.5
        return score - 0.4 if ratio < 0.08 else score + 0.2 * min(ratio, 1)

    def _find_quantity(self) -> None:
        order = self.roles.column("order_id")
        scored = {}
        money = [column for column in self.roles.free if column.is_number and column.has_cents]
        for column in self.roles.free:
            if not column.is_integer or column.is_time or column.filled_share < 0.9 or column.has_cents:
                continue
            values = [abs(number) for number in column.numbers if number is not None]
            score = self.by_header(column, "quantity")
            score += 2.0 * any(column is product.quantity for product in self.products[:1])
            score += 0.5 * (median(values) <= 12) + 0.5 * (column.counts.most_common(1)[0][0] in ("1", "1.0"))
            score += 0.5 * any(evidence.is_more_with(one, column) for one in money)
            score -= 1.5 * (max(values) <= 1 or len(column.counts) == 1) + 2.0 * _is_code(column)
            if order is not None:
                score -= 2.0 * evidence.counts_within(column, order)
                within = constant_within(order, column)
                score -= 0.7 * (self.roles.is_line_level and within is not None and within > 0.95)
            scored[column] = score
        self.choose("quantity", scored, least=1.0, why="its values are small whole numbers")

    def _find_money(self) -> None:
        free = [column for column in self.roles.free if column.is_number and not column.is_time]
        quantity = self.roles.column("quantity")
        triple = next((product for product in self.products if product.quantity is quantity), None)
        amounts = {column: self._amount_score(column, triple) for column in free}
        self._set_order_amounts_aside(amounts)
        self.choose("amount", amounts, least=0.4, why="its values look like money")
        if triple is not None:
            self._settle_product(triple)
        self._settle_sums(free)
        if triple is None and quantity is not None:
            self._amount_or_price(quantity)

    def _set_order_amounts_aside(self, amounts: dict[Column, float]) -> None:
        """In a file of lines, a sum that never changes within an order is the order's: its lines would repeat it."""
        order = self.roles.column("order_id")
        if order is None or not self.roles.is_line_level:
            return
        several = sum(count > 1 for count in order.counts.values())
        whole = {
            c: s for c, s in amounts.items() if several >= 10 and (constant_within(order, c) or 0.0) >= 0.97
        }
        for column in whole:
            del amounts[column]
        self.choose("order_amount", whole, least=0.4, why="it does not change within an order")

    def _amount_score(self, column: Column, triple: Product | None) -> float:
        known = [number for number in column.numbers if number is not None]
        score = self.by_header(column, "amount") + 0.5 * column.has_cents + 0.3 * (column.currency != "")
        score -= sum(not number for number in known) / len(known) + (len(column.counts) == 1)
        score -= 1.5 * (column.is_integer and (_is_code(column) or evidence.counts_rows(column)))
        score -= 1.0 * (not column.has_cents and max(map(abs, known)) <= 31)
        order = self.roles.column("order_id")
        if order is not None:
            score -= 2.0 * evidence.counts_within(column, order)
        if triple is not None:
            score += 1.5 * (column is triple.amount) - 1.5 * (column is triple.price)
        return score

    def _settle_product(self, triple: Product) -> None:
        """The price is the price, and the amount is what it makes, unless a header says better."""
        amount = self.roles.column("amount")
        if amount is triple.price:
            self.roles.chosen["amount"] = Choice(column=triple.amount, guess="it is quantity × price")
        if self.roles.column("amount") is triple.amount and triple.share >= 0.98:
            self.roles.chosen["amount"].guess = ""
            self.roles.chosen["amount"].others = ()
            self.roles.chosen["quantity"].guess = ""
            self.roles.chosen["quantity"].others = ()
        if triple.price not in [choice.column for choice in self.roles.chosen.values()]:
            self.roles.chosen["unit_price"] = Choice(column=triple.price)

    def _settle_sums(self, numbers: list[Column]) -> None:
        """Of part + rest = whole, which one was to be paid: before refunds, with taxes and freight, discounts off."""
        amount = self.roles.column("amount")
        if amount is None:
            return
        taken = [self.roles.column("unit_price"), self.roles.column("quantity")]
        numbers = [c for c in numbers if c not in taken and not (c.is_integer and _is_code(c))][:10]
        for balance in evidence.balances(numbers[:7]):
            if amount is balance.part and self.fit(amount, "amount") <= self.fit(balance.whole, "amount"):
                parts = f"{balance.part.header} + {balance.plus.header} - {balance.minus.header}"
                self.roles.chosen["amount"] = Choice(
                    column=balance.whole, guess=f"it is {parts}", others=(balance.part.header,)
                )
                return
        found = evidence.sums(numbers)
        for total in found:
            if amount not in (total.part, total.whole):
                continue
            role, right, why = self._meaning_of_rest(total)
            says_itself = self.fit(amount, "amount") >= _SURE > self.fit(right, "amount")
            if says_itself and role in ("", "discount_amount"):
                continue  # a header that leaves no doubt wins over arithmetic that does
            if right is not amount:
                self.roles.chosen["amount"] = Choice(column=right, guess=why, others=(amount.header,))
                amount = right
            elif {total.part.header, total.whole.header} & set(self.roles.chosen["amount"].others) and why:
                self.roles.chosen["amount"].guess = why
            if (
                role
                and role not in self.roles.chosen
                and total.rest not in [c.column for c in self.roles.chosen.values()]
            ):
                self.roles.chosen[role] = Choice(
                    column=total.rest, guess="" if self.fit(total.rest, role) >= _SURE else why
                )

    def _meaning_of_rest(self, total: evidence.Sum) -> tuple[str, Column, str]:
        rest = total.rest
        said = max(self.fits[rest.place].items(), key=lambda item: item[1], default=("", 0.0))
        beside = f"{total.part.header} + {rest.header} = {total.whole.header}"
        role = said[0] if said[1] >= _LIKELY else ""
        if role == "refund_amount" or (not role and evidence.takes_all_back(total)):
            return "refund_amount", total.whole, f"{beside}, and {rest.header} looks like refunds"
        if role == "-tax" or (not role and evidence.is_rate(total)):
            return "", total.whole, f"{beside}, and {rest.header} looks like a tax"
        if role == "freight_amount":
            return role, total.whole, f"{beside}, freight is paid too"
        if role == "discount_amount":
            return role, total.part, f"{beside}, the discount is not paid"
        # nothing says what the rest is: what stands last is what it comes to
        last = max(total.part, total.whole, key=lambda column: column.place)
        return "", last, beside

    def _amount_or_price(self, quantity: Column) -> None:
        """One sum of money beside a quantity: of the line, or of one piece?"""
        choice = self.roles.chosen.get("amount")
        prices = {
            c: self.by_header(c, "unit_price") for c in self.roles.free if c.is_number and c is not quantity
        }
        price = max(prices, key=lambda column: prices[column], default=None)
        if choice is None or (
            price is not None and prices[price] > self.by_header(choice.column, "amount") + 1
        ):
            if price is not None and prices[price] > 1:
                self.roles.chosen.pop("amount", None)
                self.roles.chosen["unit_price"] = Choice(column=price)
            return
        if self.fit(choice.column, "amount") >= _LIKELY:
            return
        grows = evidence.grows_with(choice.column, quantity, self._priced_product(choice.column, quantity))
        if grows is None:
            choice.guess = "of the line, or the price of one piece? its values do not say"
        elif not grows:
            del self.roles.chosen["amount"]
            self.roles.chosen["unit_price"] = Choice(
                column=choice.column, guess="it stays the same when the quantity grows", others=choice.others
            )

    def _priced_product(self, money: Column, quantity: Column) -> Column | None:
        """The column within which money changes least, among those that may name a product."""
        shares = {
            column: constant_within(column, money) or 0.0
            for column in self.roles.free
            if column not in (money, quantity) and 0.001 < column.distinct_share < 0.7
        }
        return max(shares, key=lambda column: shares[column], default=None)

    def _find_named(self) -> None:
        """Roles that a header says, where the values can be that."""
        wanted: list[tuple[float, str, Column]] = []
        for column in self.filled:
            for role, fit in self.fits[column.place].items():
                if role.startswith("-") or fit < _LIKELY or fit < max(self.fits[column.place].values()):
                    continue
                if _can_be(role, column):
                    is_region = role == "address" and len(column.counts) <= 80 and _length(column) <= 12
                    wanted.append((fit, "province" if is_region else role, column))
            if column.looks_like and not self.fits[column.place]:
                wanted.append((_LIKELY, column.looks_like, column))
        for fit, role, column in sorted(wanted, key=lambda item: (-item[0], item[2].place)):
            if role not in self.roles.chosen and column in self.roles.free:
                guess = (
                    "" if fit >= _SURE else "by its header" if self.fits[column.place] else "by its values"
                )
                self.roles.chosen[role] = Choice(column=column, guess=guess)

    def _find_product(self) -> None:
        order = self.roles.column("order_id")
        if order is None or not self.roles.is_line_level or "product_id" in self.roles.chosen:
            return
        scored = {}
        for column in [*self.roles.free, *filter(None, [self.roles.column("product_name")])]:
            if column.is_time or column.has_cents or (column.is_number and not column.is_integer):
                continue
            within = constant_within(order, column)
            if within is None or within > 0.9 or len(column.counts) < 3 or column.distinct_share > 0.98:
                continue
            if evidence.counts_within(column, order) or column.filled_share < 0.9 or _is_small(column):
                continue
            price = self.roles.column("unit_price") or self.roles.column("amount")
            score = self.by_header(column, "product_id") + (
                constant_within(column, price) or 0.0 if price else 0.0
            )
            scored[column] = score + 0.5 * (not _has_blanks(column)) - 0.02 * min(_length(column), 40)
        self.choose("product_id", scored, least=0.2, why="its values differ within an order")
        name = self.roles.chosen.get("product_name")
        if name is not None and name.column is self.roles.column("product_id"):
            del self.roles.chosen["product_name"]


def _can_be(role: str, column: Column) -> bool:
    if role in _TIMES or role == "ordered_at":
        return column.is_time
    if role in _MONEY or role == "planned_share":
        return column.is_number and not column.is_time
    if role == "quantity":
        return column.is_integer
    if role in ("order_id", "customer_id"):
        return False  # judged already
    return role in _WORDS


def _is_long_ago(column: Column, times: Iterable[Column]) -> bool:
    """Whether a time lies years before every other one, as birthdays do."""
    others = [_middle(other) for other in times if other is not column]
    return bool(others) and all(other - _middle(column) > 10 for other in others)


def _middle(column: Column) -> float:
    return median(moment.year for moment in column.moments if moment is not None)


def _is_small(column: Column) -> bool:
    """Whole numbers as few as pieces in a basket."""
    if not column.is_integer or column.is_time:
        return False
    return median(abs(number) for number in column.numbers if number is not None) <= 50


def _is_code(column: Column) -> bool:
    """Whole numbers that are all of one length and long, or never repeat: they name something."""
    lengths = {len(text) for text in column.filled}
    return (len(lengths) == 1 and lengths.pop() >= 5) or (
        column.distinct_share == 1 and len(column.filled) > 20
    )


def _length(column: Column) -> float:
    return sum(map(len, column.filled)) / max(len(column.filled), 1)


def _has_blanks(column: Column) -> bool:
    return sum(" " in text for text in column.filled) > 0.5 * len(column.filled)
