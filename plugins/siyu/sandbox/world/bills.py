"""WeCom outward payments: bills to guides, their refunds, and the movements of the merchant's account.

Rare trouble is in it: bills of nothing that was sold, bills of another amount than the sale's.
"""

# bills: the payer is the person's WeCom account, also where the till knew a card.
TABLES = """
create table draft.bills as
with paid as (
    select
        order_id, orders.channel, guide_id, orders.paid, paid_amount - second_payment as amount, friend.account_id,
        order_id % 997 = 7 as is_off
    from draft.orders
    join draft.order_truth using (order_id)
    join draft.accounts as friend on friend.person_id = order_truth.person + 1 and friend.channel = 3
    where paid_to_guide and paid < getvariable('world_end')
)
select *, row_number() over (order by moment, account_id, order_id) as bill_id from (
    select
        account_id, guide_id, paid as moment, amount - if(is_off, 100, 0) as amount, order_id,
        if(channel = 0, order_id, null) as receipt, dice(order_id, 30) % 4 as kind
    from paid
    union all  -- paid to a guide, never sold
    select account_id, guide_id, paid + 7200, 8800, null, null, 0 from paid
    where order_id % 499 = 3 and paid + 7200 < getvariable('world_end')
);
create view world.bills as
select
    bill_id, '4200' || padded(bill_id * 7919, 24) as transaction_id, 'WX' || padded(bill_id, 16) as out_trade_no,
    account_id, guide_id as payee_staff_id, utc(moment) as paid_at, amount as amount_fen, kind as payment_type,
    order_id, if(receipt is null, null, 'receipt ' || receipt) as remark
from draft.bills;

create table draft.bill_refunds as
select
    row_number() over (order by succeeded, order_id, line_no) as bill_refund_id, bill_id, guide_id, refund_id, asked,
    succeeded, refunds.amount
from draft.refunds
join draft.refund_numbers using (order_id, line_no)
join draft.bills using (order_id)
where succeeded < getvariable('world_end') and order_id % 997 <> 7;
create view world.bill_refunds as
select
    bill_refund_id, bill_id, 'WXR' || padded(bill_refund_id, 15) as out_refund_no, refund_id, guide_id as staff_id,
    utc(asked) as requested_at, utc(succeeded) as succeeded_at, amount as amount_fen
from draft.bill_refunds;

-- On the first of a month what is older than 60 days and was not refunded leaves the account.
create table draft.flow as
with moves as (
    select moment, 'receipt' as kind, amount, bill_id, null as bill_refund_id from draft.bills
    union all
    select succeeded, 'refund', -amount, bill_id, bill_refund_id from draft.bill_refunds
),
kept as (
    select bill_id, any_value(bills.amount) - coalesce(sum(back.amount), 0) as amount, any_value(moment) as moment
    from draft.bills left join draft.bill_refunds as back using (bill_id) group by bill_id
),
withdrawals as (
    select 86400 * (cast(date_trunc('month', on_day(moment // 86400 + 92)) as date) - date '1970-01-01') as moment,
        sum(amount) as amount
    from kept group by 1
)
select *, row_number() over (order by moment, kind, bill_id, bill_refund_id) as flow_id from (
    select * from moves
    union all
    select moment, 'withdrawal', -amount, null, null from withdrawals where amount > 0
)
where moment < getvariable('world_end');
create view world.fund_flow as
select
    flow_id, utc(moment) as happened_at, kind, amount as amount_fen,
    sum(amount) over (order by flow_id) as balance_fen, bill_id, bill_refund_id
from draft.flow;
"""
