-- The till system's tables as of the end of variable last_day in Shanghai: what began later is not there, what happened
-- later has not happened. Money in yuan with two decimals, moments as China's wall clocks show them.

create macro last_moment() as cast(getvariable('last_day') as timestamp) + interval 16 hour;  -- UTC, exclusive
create macro seen(moment) as case when moment < last_moment() then moment end;
create macro seen_day(day) as case when day <= getvariable('last_day') then day end;
create macro wall_clock(moment) as strftime(moment + interval 8 hour, '%Y-%m-%d %H:%M:%S');
create macro yuan(fen) as cast(fen * 0.01 as decimal(18, 2));

-- Receipts of the tills alone: what is paid to a guide in WeCom and rung up nowhere is not theirs.
create view pos.till_orders as
select
    order_id, order_no, store_code, guide.staff_code as guide_code, cashier.staff_code as cashier_code, pos_card_no,
    created_at, seen(orders.paid_at) as paid_at, seen(orders.closed_at) as closed_at,
    list_fen, line_discount_fen + order_discount_fen as discount_fen, paid_fen,
    greatest(created_at, seen(orders.paid_at), seen(orders.closed_at)) as changed_at
from world.orders
left join world.stores using (store_id)
left join world.staff as guide on guide.staff_id = orders.guide_staff_id
left join world.staff as cashier on cashier.staff_id = orders.cashier_staff_id
left join world.accounts using (account_id)
where orders.channel_code = 'pos' and created_at < last_moment();

create view pos.receipts as
select
    order_no as 小票号, store_code as 门店编码, cashier_code as 收银员工号, guide_code as 导购工号, pos_card_no as 会员卡号,
    wall_clock(created_at) as 开单时间, wall_clock(paid_at) as 付款时间, wall_clock(closed_at) as 作废时间,
    case when closed_at is not null then '作废' when paid_at is not null then '已完成' else '未付款' end as 状态,
    yuan(list_fen) as 原价金额, yuan(discount_fen) as 优惠金额, yuan(paid_fen) as 实收金额,
    wall_clock(changed_at) as 修改时间
from pos.till_orders;

create view pos.receipt_lines as
select
    order_no as 小票号, line_no as 行号, product_code as 款号, products.name as 商品名称, category as 类别,
    sku_code as SKU编码, barcode as 条码, colour as 颜色, size as 尺码, quantity as 数量, yuan(price_fen) as 单价,
    yuan(line.line_discount_fen + line.order_discount_fen) as 行优惠, yuan(line.paid_fen) as 行实收,
    yuan(unit_cost_fen) as 成本价, wall_clock(changed_at) as 修改时间
from world.order_lines as line
join pos.till_orders using (order_id)
join world.skus using (sku_id)
join world.products using (product_id);

create view pos.payments as
select
    'ZF' || lpad(cast(payment_id as varchar), 12, '0') as 支付流水号, order_no as 小票号,
    case payments.method
        when 'wechat' then '微信支付' when 'alipay' then '支付宝' when 'card' then '银行卡' when 'cash' then '现金'
        when 'stored_value' then '储值卡' else '企业微信收款'
    end as 支付方式,
    yuan(amount_fen) as 支付金额, wall_clock(payments.paid_at) as 支付时间
from world.payments join pos.till_orders using (order_id)
where payments.paid_at < last_moment();

create view pos.returns as
select
    refund_no as 退货单号, order_no as 小票号, line.line_no as 行号, product_code as 款号, sku_code as SKU编码, size as 尺码,
    refunds.quantity as 退货数量, yuan(amount_fen) as 退款金额,
    case reason
        when 'size' then '尺码不合' when 'quality' then '质量问题' when 'not_liked' then '不喜欢' when 'late' then '来晚了'
        when 'price' then '价格' else '其他'
    end as 退货原因,
    wall_clock(refunds.created_at) as 申请时间, wall_clock(seen(succeeded_at)) as 退款时间,
    case when seen(succeeded_at) is not null then '已退款' else '处理中' end as 状态,
    wall_clock(
        greatest(refunds.created_at, seen(agreed_at), seen(returned_at), seen(refused_at), seen(succeeded_at))
    ) as 修改时间
from world.refunds
join pos.till_orders using (order_id)
join world.order_lines as line using (order_id, line_no)
join world.skus using (sku_id)
join world.products using (product_id)
where refunds.created_at < last_moment();

create view pos.members as
select
    pos_card_no as 会员卡号, if(seen(phone_changed_at) is null, phone, new_phone) as 手机号, accounts.name as 姓名,
    birth_on as 生日, accounts.province as 省份, accounts.city as 城市, store_code as 开卡门店,
    wall_clock(seen(joined_at)) as 开卡时间, wall_clock(seen(left_at)) as 退会时间,
    wall_clock(greatest(registered_at, seen(joined_at), seen(phone_changed_at), seen(left_at))) as 修改时间
from world.accounts
left join world.memberships using (account_id)
left join world.stores on stores.store_id = accounts.home_store_id
where channel_code = 'pos' and registered_at < last_moment();

-- Guides enter what a customer asked under the card that has the number they noted; without such a card it is not entered.
create view pos.consults as
select
    'ZX' || lpad(cast(chat_id as varchar), 12, '0') as 咨询单号, pos_card_no as 会员卡号, staff_code as 导购工号,
    store_code as 门店编码, wall_clock(chats.started_at) as 咨询时间, wall_clock(seen(replied_at)) as 回复时间,
    wall_clock(greatest(chats.started_at, seen(replied_at))) as 修改时间
from world.chats
join world.contacts using (contact_id)
join world.staff using (staff_id)
join world.accounts as cards
    on
        cards.channel_code = 'pos'
        and cards.registered_at <= chats.started_at
        and contacts.remark_phone = case
            when cards.phone_changed_at <= chats.started_at then cards.new_phone else cards.phone
        end
left join world.staff_assignments as places
    on places.staff_id = staff.staff_id and places.valid_from_on <= cast(chats.started_at + interval 8 hour as date)
left join world.stores using (store_id)
where is_consult and chats.started_at < last_moment()
-- of several cards with the number the oldest; of a guide's stores the last
qualify row_number() over (
    partition by chat_id order by cards.registered_at, cards.account_id, places.valid_from_on desc
) = 1;

create view pos.stores as
select
    store_code as 门店编码, stores.name as 门店名称, regions.name as 大区, province as 省份, city as 城市,
    area_m2 as "面积(平方米)", yuan(monthly_rent_fen) as "月租金(元)", valid_from_on as 起始日期, opened_on as 开业日期,
    seen_day(closed_on) as 关店日期
from world.stores
join world.store_leases using (store_id)
left join world.regions using (region_id)
where valid_from_on <= getvariable('last_day');

create view pos.staff as
select
    staff_code as 工号, staff.name as 姓名, store_code as 门店编码,
    case role when 'guide' then '导购' when 'manager' then '店长' else '其他' end as 岗位,
    if(employment_share < 1, '兼职', '全职') as 用工形式, hired_on as 入职日期, seen_day(left_on) as 离职日期,
    greatest(hired_on, valid_from_on, seen_day(left_on)) as 修改日期
from world.staff
join world.staff_assignments using (staff_id)
join world.stores using (store_id)
where hired_on <= getvariable('last_day') and valid_from_on <= getvariable('last_day')
qualify row_number() over (partition by staff_id order by valid_from_on desc) = 1;

create view pos.rosters as
select
    staff_code as 工号, store_code as 门店编码, duty_on as 日期,
    cast(sum(date_diff('minute', starts_at, ends_at)) / 60 as decimal(6, 2)) as 工时
from world.roster join world.staff using (staff_id) join world.stores using (store_id)
where duty_on <= getvariable('last_day')
group by staff_code, store_code, duty_on;

create view pos.footfall as
select store_code as 门店编码, counted_on as 日期, visitors as 进店人数, passers_by as 路过人数
from world.footfall join world.stores using (store_id)
where counted_on <= getvariable('last_day');

create view pos.targets as
select
    store_code as 门店编码, strftime(month_on, '%Y-%m') as 月份,
    yuan(max(target) filter (where measure = 'net_revenue_fen')) as "销售目标(元)",
    max(target) filter (where measure = 'new_members') as 新会员目标,
    max(target) filter (where measure = 'new_friends') as 新好友目标
from world.targets join world.stores using (store_id)
where month_on <= getvariable('last_day')
group by store_code, month_on;

create view pos.inventory as
select
    counted_on as 盘点日期, store_code as 门店编码, product_code as 款号, sku_code as SKU编码, colour as 颜色, size as 尺码,
    quantity as 库存数量, yuan(unit_cost_fen) as 成本价
from world.stock_counts
join world.stores using (store_id)
join world.skus using (sku_id)
join world.products using (product_id)
where counted_on <= getvariable('last_day');

create view pos.staff_costs as
select
    'GZ' || lpad(cast(cost_id as varchar), 10, '0') as 费用单号, booked_on as 费用日期, store_code as 门店编码,
    staff_code as 工号, yuan(amount_fen) as 金额
from world.costs left join world.stores using (store_id) left join world.staff using (staff_id)
where cost_type = 'wage' and booked_on <= getvariable('last_day');

create view pos.gift_costs as
select
    'ZP' || lpad(cast(cost_id as varchar), 10, '0') as 领用单号, booked_on as 领用日期, store_code as 门店编码,
    staff_code as 工号, quantity as 数量, yuan(amount_fen) as 金额
from world.costs left join world.stores using (store_id) left join world.staff using (staff_id)
where cost_type = 'gift' and booked_on <= getvariable('last_day');
