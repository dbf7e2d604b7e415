-- Notices: one row for each message that a booking owes its person, claimed before it is sent and
-- settled after. The primary key is the promise that nobody is told the same twice.
--
-- A booking whose person has no contact has no row: it is found again by contact_news.

create table notices (
	campaign integer not null,
	number bigint not null,                 -- booking number
	template text not null,                 -- 'booked', 'held', 'waitlisted', 'promoted', 'released', 'cancelled'
	channel smallint not null,              -- 1 email, 2 SMS
	state smallint not null,                -- delivery_state in notifier/delivery.h:
	                                        -- 1 due, 2 claimed, 3 sent, 4 failed, 5 overtaken
	attempts smallint not null default 0,
	ambiguous smallint not null default 0,  -- times that nobody knows whether it was sent: its
	                                        -- notifier died, or the provider's answer got lost
	created_at timestamptz not null default now(),
	due_at timestamptz not null default now(), -- due: not to be tried before. Claimed: until when
	claimed_by text,                        -- which process, while claimed
	settled_at timestamptz,                 -- when it was sent, failed or overtaken
	provider_id text,                       -- what the provider called it
	error text,                             -- why the last attempt failed; no contact in it
	primary key (campaign, number, template, channel)
);
-- What is to be sent, the oldest first, and claims that ran out.
create index notices_open on notices (channel, due_at) where state in (1, 2);

-- How far the notifier has looked: bookings by number, changes by their place in the log.
create table notice_positions (
	campaign integer primary key,
	number bigint not null default 0,
	change_n bigint not null default 0,
	change_position integer not null default -1,
	seen_n bigint not null default 0        -- all up to this decision was looked at: campaigns whose
	                                        -- decided_n is above it have news
);

-- Bookings, with whose they are now, and what a message says of them. What is joined here from the
-- left costs nothing where it is not asked for.
create view notice_bookings as
	select b.campaign, b.number, coalesce(m.new_account, b.account) as person, b.status, b.units,
		b.place, b.rank, (extract(epoch from b.booked_at) * 1000)::bigint as booked_at_ms,
		(extract(epoch from b.pay_by) * 1000)::bigint as pay_by_ms,
		c.id, c.title, c.pickup_text, c.time_zone
	from bookings b left join account_merges m on m.old_account = b.account
		left join campaigns c on c.ordinal = b.campaign;

-- Changes, with the template that tells of them; null if nobody is told.
create view notice_changes as
	select campaign, decision_n, position, number,
		case
			when cause in (2, 3) then 'promoted' -- see booking_changes
			when status = 3 then 'booked'
			when status = 4 then 'released'
			when status = 5 then 'cancelled'
		end as template
	from booking_changes;
