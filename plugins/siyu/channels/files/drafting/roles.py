"""Which column plays which role, from headers and evidence together, one column one role.

Here: the judgement, and how sure it is. Not here: vocabulary (words.py), measurements (values.py, evidence.py), YAML.
"""

from dataclasses import dataclass

from siyu.channels.files.drafting.evidence import Product, Sum
from siyu.channels.files.drafting.samples import Sample
from siyu.channels.files.drafting.values import Column
from siyu.channels.files.drafting.words import ROLES, VOID

SURE = 0.85  # a header that fits this well leaves no doubt
LIKELY = 0.6  # and one that fits this well says so
_CLOSE = 0.7  # a second candidate nearer than this is named beside the first
_HEADER, _CLAIMED = 3.0, 2.0  # what a header weighs against what values say
_FEW_STATES = 12  # words that a status is one of
_STEADY = 0.97  # share of keys within which something does not change, before it belongs to the key
_RESTS = {  # part + rest = whole: what was to be paid, by the role of the rest
    "refund_amount": ("whole", "and {} looks like refunds"),
    "-tax": ("whole", "and {} looks like a tax"),
    "freight_amount": ("whole", "freight is paid too"),
    "discount_amount": ("part", "the discount is not paid"),
}


@dataclass(kw_only=True)
class Choice:
    """A column for a role. An empty `guess` means sure; else it says why it was taken."""

    column: Column
    guess: str = ""
    others: tuple[str, ...] = ()  # headers that it could be instead


class Roles:
    """The columns of one sample, judged role by role: each step knows what the steps before it found.

    Args:
        sample: Whose columns.
        hints: By place: the role that another file gives a column.
    """

    def __init__(self, sample: Sample, hints: dict[int, str]) -> None:
        self.sample = sample
        self.chosen: dict[str, Choice] = {}
        self._evidence = sample.evidence
        self._fits = {c.place: {hints[c.place]: 1.0} if c.place in hints else c.said for c in sample.columns}
        self._filled = [column for column in sample.columns if column.filled]
        self._choose_time()
        self._products = self._find_products()
        self._choose_keys()
        order = self.column("order_id")
        self.is_line_level = order is not None and order.distinct_share < 0.98  # several rows make one order
        self._choose_quantity()
        self._choose_money()
        self._choose_status()
        self._choose_named()
        self._choose_product()

    def column(self, role: str) -> Column | None:
        """The column that plays a role, if one does."""
        return self.chosen[role].column if role in self.chosen else None

    @property
    def free(self) -> list[Column]:
        """Columns without a role."""
        taken = [choice.column for choice in self.chosen.values()]
        return [column for column in self.sample.columns if column not in taken]

    def _fit(self, column: Column, *roles: str) -> float:
        """How well the header says one of these roles."""
        return max(self._fits[column.place].get(role, 0.0) for role in roles)

    def _header(self, column: Column, *roles: str) -> float:
        """What the header speaks for these roles, less what it speaks for another one."""
        fit = self._fit(column, *roles)
        other = max((fit for role, fit in self._fits[column.place].items() if role not in roles), default=0.0)
        return _HEADER * fit - (_CLAIMED * other if other > fit else 0.0)

    def _choose(self, role: str, scores: dict[Column, float], *, least: float, why: str) -> None:
        """Take the best candidate, when it is good enough; those close behind become its alternatives."""
        ranked = sorted((c for c in scores if scores[c] >= least), key=lambda c: (-scores[c], c.place))
        if not ranked:
            return
        best, *rest = ranked
        fit = self._fit(best, role)
        near = scores[best] - (_CLOSE if fit >= SURE else 2 * _CLOSE)
        others = tuple(column.header for column in rest if scores[column] > near)[:3]
        guess = "" if fit >= SURE and not others else "by its header" if fit >= LIKELY else why
        self.chosen[role] = Choice(column=best, guess=guess, others=others)

    def _choose_time(self) -> None:
        """Of several times that of the order is the first in most rows."""
        times = [column for column in self._filled if column.is_time]
        scores = {}
        for column in times:
            first = [self._evidence.is_earlier(column, other) for other in times if other is not column]
            scores[column] = self._header(column, "ordered_at") + column.filled_share
            scores[column] += sum(first) / max(len(first), 1) - (column.kinds == 1 < column.filled)
        self._choose("ordered_at", scores, least=0.0, why="its values are dates")

    def _find_products(self) -> list[Product]:
        """Every quantity × price = amount, the likeliest first."""
        numbers = [column for column in self._filled if column.is_number and not column.is_time]
        whole = [column for column in numbers if column.is_small and not column.has_cents]
        sums = [column for column in numbers if not (column.is_integer and column.is_code)]
        return self._evidence.products(whole[:8], sums[:12])

    def _choose_keys(self) -> None:
        """Order id, then the customer that does not change within it."""
        keys = [c for c in self._filled if c.may_name or (c.is_time and self._fit(c, "order_id") >= SURE)]
        why = "its values are unique, or keep together what belongs to one order"
        self._choose("order_id", {key: self._order_score(key) for key in keys}, least=0.8, why=why)
        why = "its values come back on other days"
        customers = {key: self._customer_score(key) for key in keys if key is not self.column("order_id")}
        self._choose("customer_id", customers, least=0.75, why=why)

    def _order_score(self, column: Column) -> float:
        """High where values are unique, or keep one time together."""
        score = self._header(column, "order_id") - 2 * (column.filled_share < 0.98)
        score -= column.length > 40 or column.looks_like is not None or column.is_small
        time = self.column("ordered_at")
        if column.distinct_share == 1:
            return score + 0.9 - 0.4 * column.counts_rows
        within = self._evidence.constant_within(column, time) if time else None
        if within is None:
            return score - (1 - column.distinct_share)
        return score + (1.4 if within >= _STEADY else max(-3 * (1 - within), -1.5))

    def _customer_score(self, column: Column) -> float:
        """High where values come back at other times, one per order, and are no product, points or free text."""
        score = max(self._header(column, "customer_id"), 0.8 * self._header(column, "phone", "email"))
        score += 0.3 * column.filled_share - 0.8 * (column.length > 30 or column.has_blanks)
        score -= 0.8 * column.counts_rows + column.is_small
        order, time = self.column("order_id"), self.column("ordered_at")
        if time is not None:
            within = self._evidence.constant_within(column, time)
            score += 0.0 if within is None else 0.5 if within < 0.9 else -0.7
        if order is not None:
            within = self._evidence.constant_within(order, column)
            score += 0.0 if within is None else 0.6 if within >= _STEADY else -2.5 * (1 - within)
        if column.is_integer:  # points and rounded sums come back on other days too
            money = [other for other in self._filled if other.has_cents]
            score -= 2.0 * any(self._evidence.follows(column, other) > 0.9 for other in money)
        # customers are fewer than orders (or rows) but no mere handful
        ratio = column.kinds / (order.kinds if order else column.filled)
        return score + (-1.5 if ratio < 0.02 or column.kinds < 5 else 0.2 * min(ratio, 1))

    def _choose_quantity(self) -> None:
        order = self.column("order_id")
        money = [column for column in self.free if column.has_cents]
        scores = {}
        for column in self.free:
            if column.is_integer and not (column.is_time or column.has_cents) and column.filled_share >= 0.9:
                counts = order is not None and self._evidence.counts_within(column, order)
                scores[column] = (
                    self._header(column, "quantity")
                    + 2.0 * any(column is product.quantity for product in self._products[:1])
                    + 0.5 * (column.middle <= 12)
                    + 0.5 * (column.usual in ("1", "1.0"))
                    + 0.5 * any(self._evidence.is_more_with(one, column) for one in money)
                    - 1.5 * (column.largest <= 1 or column.kinds == 1)
                    - 2.0 * (counts or column.is_code)
                )
        self._choose("quantity", scores, least=1.0, why="its values are small whole numbers")

    def _choose_money(self) -> None:
        numbers = [column for column in self.free if column.is_number and not column.is_time]
        quantity, order = self.column("quantity"), self.column("order_id")
        product = next((product for product in self._products if product.quantity is quantity), None)
        scores = {column: self._amount_score(column, product) for column in numbers}
        if order is not None and self.is_line_level and order.filled - order.kinds >= 10:
            # a sum that never changes within an order is the order's: its lines would repeat it
            same = [c for c in numbers if (self._evidence.constant_within(order, c) or 0.0) >= _STEADY]
            of_orders = {column: scores.pop(column) for column in same}
            self._choose("order_amount", of_orders, least=0.4, why="it does not change within an order")
        self._choose("amount", scores, least=0.4, why="its values look like money")
        if product is not None:
            if self.column("amount") is product.amount and product.share >= 0.98:  # it leaves no doubt
                self.chosen["amount"] = Choice(column=product.amount)
                self.chosen["quantity"] = Choice(column=product.quantity)
            if product.price in self.free:
                self.chosen["unit_price"] = Choice(column=product.price)
        self._settle_sums(numbers)
        if product is None and quantity is not None:
            self._settle_price(quantity)

    def _amount_score(self, column: Column, product: Product | None) -> float:
        score = self._header(column, "amount") + 0.5 * column.has_cents - column.zero_share
        score -= (column.kinds == 1) + 1.5 * (column.is_integer and (column.is_code or column.counts_rows))
        score += 0.01 * column.place  # what stands last is what it comes to
        if product is not None:
            score += 1.5 * (column is product.amount) - 1.5 * (column is product.price)
        return score

    def _settle_sums(self, numbers: list[Column]) -> None:
        """Of part + rest = whole, which one was to be paid: before refunds, with taxes and freight, discounts off."""
        may_be = [*self.free, self.column("amount")]
        numbers = [
            column for column in numbers if column in may_be and not (column.is_integer and column.is_code)
        ]
        for total in self._evidence.sums(numbers[:10]):
            amount = self.column("amount")
            if amount is None or amount not in (total.part, total.whole):
                continue
            role, right, why = self._meaning(total)
            is_certain = self._fit(amount, "amount") >= SURE > self._fit(right, "amount")
            if is_certain and role in ("", "discount_amount"):
                continue  # a header that leaves no doubt wins over arithmetic that does
            if right is not amount:
                self.chosen["amount"] = Choice(column=right, guess=why, others=(amount.header,))
            elif {total.part.header, total.whole.header} & set(self.chosen["amount"].others):
                self.chosen["amount"].guess = why
            if role and role[0] != "-" and role not in self.chosen and total.rest in self.free:
                is_sure = self._fit(total.rest, role) >= SURE
                self.chosen[role] = Choice(column=total.rest, guess="" if is_sure else why)

    def _meaning(self, total: Sum) -> tuple[str, Column, str]:
        """The role of the rest (empty: unknown), what was to be paid, and why."""
        said = {role: fit for role, fit in self._fits[total.rest.place].items() if fit >= LIKELY}
        role = max(said, key=lambda one: said[one], default="refund_amount" if total.takes_all else "")
        beside = f"{total.part.header} + {total.rest.header} = {total.whole.header}"
        if role in _RESTS:
            right, why = _RESTS[role]
            return role, getattr(total, right), f"{beside}, {why.format(total.rest.header)}"
        return "", max(total.part, total.whole, key=lambda column: column.place), beside

    def _settle_price(self, quantity: Column) -> None:
        """One sum of money beside a quantity: of the line, or of one piece?"""
        choice = self.chosen.get("amount")
        if choice is None or self._fit(choice.column, "amount") >= LIKELY:
            return
        # within one product, where a column may name them: the one within which the money changes least
        named = [column for column in self.free if column.filled and 0.001 < column.distinct_share < 0.7]
        steady = {column: self._evidence.constant_within(column, choice.column) or 0.0 for column in named}
        product = max(steady, key=lambda column: steady[column], default=None)
        grows = self._evidence.grows_with(choice.column, quantity, product)
        if grows is None:
            choice.guess = "of the line, or the price of one piece? its values do not say"
        elif not grows:
            choice.guess = "it stays the same when the quantity grows"
            self.chosen["unit_price"] = self.chosen.pop("amount")

    def _choose_status(self) -> None:
        """Whatever its header says: a few words, of which one says that an order does not count."""
        said = [column for column in self.free if self._fit(column, "order_status") >= LIKELY]
        few = [
            c for c in self.free if not (c.is_number or c.is_time) and 1 < c.kinds <= _FEW_STATES < c.filled
        ]
        void = [column for column in few if any(map(VOID.search, self.sample.words(column)))]
        if void and not said:
            self.chosen["order_status"] = Choice(column=void[0], guess="by its values")

    def _choose_named(self) -> None:
        """Roles that a header says where the values can be that, and those that values show by their form."""
        wanted: list[tuple[float, Column, str, str]] = []
        for column in self._filled:
            fits = self._fits[column.place]
            for role, fit in fits.items():
                if fit >= LIKELY and fit == max(fits.values()) and _can_be(role, column):
                    is_region = role == "address" and column.kinds <= 80 and column.length <= 12
                    guess = "" if fit >= SURE else "by its header"
                    wanted.append((fit, column, "province" if is_region else role, guess))
            if column.looks_like and not fits:
                wanted.append((LIKELY, column, column.looks_like, "by its values"))
        for _, column, role, guess in sorted(wanted, key=lambda one: (-one[0], one[1].place)):
            if role not in self.chosen and column in self.free:
                self.chosen[role] = Choice(column=column, guess=guess)

    def _choose_product(self) -> None:
        """In a file of lines, what differs within an order and goes with the price."""
        order = self.column("order_id")
        if order is None or not self.is_line_level or "product_id" in self.chosen:
            return
        name, price = self.column("product_name"), self.column("unit_price") or self.column("amount")
        scores = {}
        for column in self.free if name is None else [*self.free, name]:
            within = self._evidence.constant_within(order, column)
            if within is None or within > 0.9 or self._evidence.counts_within(column, order):
                continue
            is_list = column.kinds >= 3 and column.distinct_share <= 0.98 and column.filled_share >= 0.9
            if is_list and column.may_name and not column.is_small:
                steady = self._evidence.constant_within(column, price) if price else None
                scores[column] = self._header(column, "product_id") + (steady or 0.0)
                scores[column] += 0.5 * (not column.has_blanks) - 0.02 * min(column.length, 40)
        self._choose("product_id", scores, least=0.2, why="its values differ within an order")
        if name is not None and name is self.column("product_id"):
            del self.chosen["product_name"]


def _can_be(role: str, column: Column) -> bool:
    """Whether values are of the type of a role. Order and customer are judged already."""
    if role.startswith("-") or role in ("order_id", "customer_id"):
        return False
    match ROLES[role].type:
        case "timestamp" | "date":
            return column.is_time
        case "amount" | "decimal":
            return column.is_number and not column.is_time
        case "integer":
            return column.is_integer
        case _:
            return True
