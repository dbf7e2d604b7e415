-- The ledger: campaigns, bookings and how far the log has been written into it.
--
-- Everything here is written by the fulfiller alone, and derived from the decisions in DEC_<c>: it
-- could be made again from the log. Positions move in the same transaction as the rows they cover.

create table campaigns (
	ordinal integer primary key,            -- sequence in the stream CAMPAIGNS; part of booking IDs
	id text not null unique,
	definition text not null,               -- the JSON as published, byte for byte
	definition_hash bytea not null,
	title text not null,
	pickup_text text not null,
	time_zone text not null,
	state smallint not null,                -- campaign_state in common/pure/messages.h
	available bigint not null,
	held bigint not null,
	sold bigint not null,
	waiting bigint not null,
	decided_n bigint not null default 0,    -- position: the last decision that is in the ledger
	decided_at timestamptz,                 -- its log time
	decided_digest bytea                    -- its digest: a ledger and a log that do not belong
	                                        -- together are found out at once
);

-- The number comes first in the key, because a partition has one campaign only: so it is what is
-- compared, and new entries go to the end.
create table bookings (
	campaign integer not null,              -- campaigns.ordinal
	number bigint not null,                 -- booking number, from 1
	account uuid not null,                  -- booking_owners finds it by that
	status smallint not null,               -- booking_status in common/pure/messages.h, now
	units smallint not null,
	place bigint not null,                  -- place in line among all requests, from 1
	decision_n bigint not null,             -- the decision that made it
	booked_at timestamptz not null,         -- log time of that decision
	pay_by timestamptz,                     -- the deadline of a hold, also after it
	rank bigint,                            -- place on the waiting list when it was made
	primary key (number, campaign)
) partition by list (campaign);

-- The way from an account to its bookings; fulfiller/owners.h says how, and why it is no index. A
-- prefix has 24 bits, one booking in the row; 8 bits, bookings of a rush; or 16 bits, the same after
-- fold_owners. An account that has several bookings stands there several times.
create table booking_owners (
	prefix integer not null,                -- first bits of the accounts, below a 1
	campaign integer not null,
	accounts uuid[] not null,
	numbers bigint[] not null               -- of their bookings, in the same order
);
-- At most 256 of both fit into a page: nothing to compress, and nothing to be kept elsewhere. Nor is
-- anything to be known of them for planning, which would be learnt by looking at millions of accounts
-- while they come in.
alter table booking_owners
	alter accounts set storage plain, alter numbers set storage plain,
	alter accounts set statistics 0, alter numbers set statistics 0,
	set (autovacuum_vacuum_insert_threshold = -1); -- see define_campaign
create index booking_owners_prefix on booking_owners (prefix);

-- All prefixes under which an account may stand.
create function owner_prefixes(account uuid) returns integer[] language sql immutable as $$
	select array[
		256 + get_byte(b, 0),
		65536 + get_byte(b, 0) * 256 + get_byte(b, 1),
		16777216 + get_byte(b, 0) * 65536 + get_byte(b, 1) * 256 + get_byte(b, 2)]
	from uuid_send(account) b
$$;

-- Turns the rows of one prefix of 8 bits, of a campaign in which nothing was decided for some time,
-- into rows of 16 bits. False if there are none. Called by the fulfiller in quiet times.
create function fold_owners() returns boolean language plpgsql as $$
declare
	old_prefix integer;
	old_campaign integer;
begin
	select o.prefix, o.campaign into old_prefix, old_campaign
	from booking_owners o join campaigns c on c.ordinal = o.campaign
	where o.prefix < 512 and c.decided_at < now() - interval '10 seconds'
	order by o.prefix limit 1;
	if not found then
		return false;
	end if;
	with old as (
		delete from booking_owners where prefix = old_prefix and campaign = old_campaign
		returning accounts, numbers
	), each as (
		select account, number, (owner_prefixes(account))[2] as prefix
		from old cross join lateral unnest(accounts, numbers) e (account, number)
	), placed as (
		select *, (row_number() over (partition by prefix) - 1) / 256 as part from each
	)
	insert into booking_owners (prefix, campaign, accounts, numbers)
	select prefix, old_campaign, array_agg(account), array_agg(number)
	from placed group by prefix, part;
	return true;
end
$$;

-- What happened to a booking after it was made, in the order of the log.
create table booking_changes (
	campaign integer not null,
	decision_n bigint not null,
	position integer not null,              -- within the decision, from 0
	number bigint not null,
	status smallint not null,               -- the new one
	cause smallint not null,                -- why: effect_kind (1 to 3) or verdict (30 and above)
	                                        -- in common/pure/messages.h
	pay_by timestamptz,                     -- the deadline that the change set, if it set one
	changed_at timestamptz not null,        -- log time
	primary key (campaign, decision_n, position)
);
create index booking_changes_number on booking_changes (campaign, number);

-- One row for each transaction of the fulfiller: when a decision reached the ledger.
create table drains (
	campaign integer not null,
	last_n bigint not null,
	persisted_at timestamptz not null default clock_timestamp(),
	primary key (campaign, last_n)
);

-- Called by the fulfiller for each definition that the line accepted; makes the campaign's partition
-- of bookings. Runs with the owner's rights, so that the fulfiller needs none to change the schema.
-- The partition is made apart and attached: that way others may go on reading and writing bookings.
--
-- Bookings that only came are neither vacuumed nor analysed, for that would take processor time in the
-- very rush that brings them: there is nothing dead among them, nobody reads them by their index alone,
-- and every statement finds them by their key, whatever the statistics say. Rows that changed, as those
-- of a paid campaign do, are vacuumed as everywhere; and what has become old is frozen before its
-- transactions wrap around (autovacuum_freeze_max_age), whatever is set here.
create function define_campaign(
	new_ordinal integer, new_id text, new_definition text, new_hash bytea, new_title text,
	new_pickup_text text, new_time_zone text
) returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
	insert into campaigns (ordinal, id, definition, definition_hash, title, pickup_text, time_zone,
		state, available, held, sold, waiting)
	values (new_ordinal, new_id, new_definition, new_hash, new_title, new_pickup_text, new_time_zone,
		1, 0, 0, 0, 0)
	on conflict (ordinal) do update set
		definition = excluded.definition, definition_hash = excluded.definition_hash,
		title = excluded.title, pickup_text = excluded.pickup_text,
		time_zone = excluded.time_zone;
	if to_regclass(format('bookings_%s', new_ordinal)) is null then
		execute format('create table bookings_%s (like bookings including all)'
			' with (autovacuum_vacuum_insert_threshold = -1,'
			' autovacuum_analyze_threshold = 1000000000)', new_ordinal);
		execute format('alter table bookings attach partition bookings_%s for values in (%s)',
			new_ordinal, new_ordinal);
	end if;
end
$$;
revoke all on function define_campaign from public;
