-- Notices: one row for each message that a booking owes its person, claimed before it is sent and
-- settled after. The primary key is the promise that nobody is told the same twice.

create table notices (
	campaign integer not null,
	number bigint not null,                 -- booking number
	template text not null,                 -- 'booked', 'held', 'waitlisted', 'promoted', 'released', 'cancelled'
	channel smallint not null,              -- 1 email, 2 SMS; 0: the account has no contact yet
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
