-- Money: orders, payments and refunds of campaigns with a price, and a view that must balance.
--
-- Written by the cashier alone, of whom one is active. The truth of who has what is the line, the
-- truth of money is the provider's: here stand both sides. States move forward only, as the tables
-- in cashier/moves.c say; amounts are in the smallest unit of the currency (paise).

-- How far the cashier has read: decisions of each campaign, and what the provider told. They move
-- conditionally on their old value, in the transaction of what was read.
create table payment_positions (
	source text primary key,                -- 'PAYMENTS', or 'DEC_' and the campaign's id
	n bigint not null,                      -- the last message that is in the tables below
	campaign integer unique,                -- ordinal; PAYMENTS has none
	digest bytea,                           -- of decision n: books and log belong together
	price_paise bigint,                     -- of a unit, as decision n knows it
	currency text,
	time_zone text,
	free boolean not null default false     -- opened without a price: not read any further
);

-- One order for each hold. A booking is held at most once in its life.
create table payment_orders (
	campaign integer not null,
	number bigint not null,                 -- booking number
	provider text not null,
	receipt text not null unique,           -- what the provider calls our name for it: the booking ID
	state smallint not null default 1,      -- 1 wanted, 2 asked for, 3 open, 4 paid, 5 silent (nobody
	                                        -- paid), 6 dropped (never made)
	amount_paise bigint,                    -- null until the ledger says how many units were promoted
	currency text not null,
	pay_by timestamptz not null,            -- not made any more after that
	order_id text,                          -- the provider's name for it
	checkout text,                          -- how to pay, the JSON for the buyer
	attempts smallint not null default 0,   -- times that it was asked for
	looks smallint not null default 0,      -- times that it was asked whether it was paid
	due_at timestamptz default now(),       -- wanted: not to be tried before. Asked for: until when.
	                                        -- Open: when to be asked about. Null: nothing to do
	error text,                             -- why the last attempt failed
	created_at timestamptz not null default now(),
	opened_at timestamptz,
	primary key (campaign, number)
);
create index payment_orders_unpriced on payment_orders (campaign, number)
	where amount_paise is null;
create unique index payment_orders_id on payment_orders (provider, order_id);
create index payment_orders_due on payment_orders (due_at) where state in (1, 2);
create index payment_orders_open on payment_orders (due_at) where state = 3;

-- Each try to pay, as far as the provider told of it.
create table payments (
	provider text not null,
	payment_id text not null,               -- the provider's
	line_id uuid not null unique,           -- what the line calls it: cashier/news.h
	order_id text not null,                 -- '' where it belongs to none
	campaign integer,                       -- of the order; null: not ours, or not known yet
	number bigint,
	state smallint not null,                -- 1 failed, 2 authorised, 3 lapsed, 4 captured
	amount_paise bigint not null,
	currency text not null,
	problem text,                           -- why the line never hears of it: 'amount', 'currency',
	                                        -- 'order' (another one of the same booking), 'foreign'
	told smallint not null default 0,       -- the last state that the line was told
	verdict smallint,                       -- what the line said (common/pure/messages.h): 40 paid,
	                                        -- 41 refund due, 42 noted, 43 mismatch, 31 not found
	due_at timestamptz not null default now(), -- when to do it
	error text,
	happened_at timestamptz not null,       -- by the provider's clock
	seen_at timestamptz not null default now(),
	by_asking boolean not null,             -- no webhook had told of this state
	-- What is to be done with it: 1 tell the line, 2 capture it, 3 find out whose it is, 0 nothing.
	todo smallint not null generated always as (case
		when problem is not null then 0
		when campaign is null then 3
		when state in (1, 4) and told < state then 1
		when state = 2 then 2
		else 0 end) stored,
	primary key (provider, payment_id)
);
create index payments_todo on payments (todo, due_at) where todo > 0;
create index payments_booking on payments (campaign, number);

-- Money that has to go back: one refund for a payment, whatever the reasons.
create table refunds (
	provider text not null,
	payment_id text not null,
	campaign integer not null,
	number bigint not null,
	reason text not null,                   -- 'refund_due', 'mismatch', 'not_found', 'cancelled',
	                                        -- a problem of the payment, or 'by hand'
	amount_paise bigint not null,
	currency text not null,
	state smallint not null default 1,      -- 1 due, 2 asked for, 3 pending, 4 processed, 5 failed
	refund_id text,
	attempts smallint not null default 0,
	asked_at timestamptz,                   -- the first time: the provider forgets keys after a day
	due_at timestamptz default now(),       -- as in payment_orders
	error text,
	created_at timestamptz not null default now(),
	settled_at timestamptz,
	primary key (provider, payment_id)
);
create index refunds_due on refunds (due_at) where state in (1, 2, 3);

-- Whether every rupee has a booking or goes back. At rest undecided and difference are 0; while
-- something is on its way, the fulfiller may be a moment ahead or behind.
create view money as
select c.id as campaign,
	p.captured,                             -- what came in
	b.booked,                               -- bookings by their price
	r.refunded,                             -- gone back
	r.refund_due,                           -- to go back: also what failed, and a person must look at
	p.undecided,                            -- captured, and the line has not said yet what for
	p.captured - b.booked - r.refunded - r.refund_due - p.undecided as difference
from payment_positions s
join campaigns c on c.ordinal = s.campaign
cross join lateral (
	select coalesce(sum(amount_paise), 0)::bigint as captured,
		coalesce(sum(amount_paise) filter (where coalesce(verdict, 42) = 42 and problem is null), 0)::bigint
			as undecided
	from payments where campaign = s.campaign and state = 4
) p
cross join lateral (
	select coalesce(sum(units), 0)::bigint * s.price_paise as booked
	from bookings where campaign = s.campaign and status = 3
) b
cross join lateral (
	select coalesce(sum(amount_paise) filter (where state = 4), 0)::bigint as refunded,
		coalesce(sum(amount_paise) filter (where state <> 4), 0)::bigint as refund_due
	from refunds where campaign = s.campaign
) r
where s.price_paise > 0;

-- Who may do what. The page of a buyer shows how to pay.
grant usage on schema public to firstcome_cashier;
grant select, insert, update on payment_positions, payment_orders, payments, refunds
	to firstcome_cashier;
grant select on campaigns, bookings, money to firstcome_cashier;
grant select on payment_orders to firstcome_ingress;
