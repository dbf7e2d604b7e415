#include "notifier/ledger_sql.h"

/* clang-format would pull the lines of the statements apart. */
/* clang-format off */

/* Every statement takes few rows by an index, whatever the statistics say of a table that has
 * grown by millions since they were made: the planner, left alone, would then read the whole of
 * it. And a statement that nobody waits for any more ends (STATEMENT_TIMEOUT_MS in ledger.c): its locks
 * would stand in the way of the next try. */
const char ledger_sql_plans[] =
	"set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off;"
	" set enable_mergejoin = off; set jit = off; set statement_timeout = 5000";

const char ledger_sql_poll[] =
	"with new as ("
		" insert into notice_positions (campaign)"
		" select c.ordinal from campaigns c"
		" where not exists (select from notice_positions p where p.campaign = c.ordinal)"
		" on conflict do nothing"
	")"
	"select 0, v.channel from (values (0), (1), (2)) v (channel)"
	" where exists (select from notices n"
		" where n.state in (1, 2) and n.channel = v.channel and n.due_at <= now())"
	" union all "
	/* At random: where there are more than fit into a round, none is always the last. */
	"(select c.ordinal, -1 from campaigns c join notice_positions p on p.campaign = c.ordinal"
	" where c.decided_n > p.seen_n order by random() limit 250)";

/* What a message needs from the claimed notices n: the order of enum ledger_column. A person with
 * several contacts of one channel gets the message at the one that was proven last. */
#define DETAILS                                                                                    \
	" n.campaign, n.number, n.template, n.channel, n.attempts, n.ambiguous, n.was_claimed::int,"\
	" (extract(epoch from now() - n.created_at) * 1000)::bigint,"                              \
	" b.status, b.units, b.place, b.rank,"                                                     \
	" (extract(epoch from b.booked_at) * 1000)::bigint,"                                       \
	" (extract(epoch from b.pay_by) * 1000)::bigint,"                                          \
	" c.id, c.title, c.pickup_text, c.time_zone, k.contact, k.locale"                          \
	" from claimed n"                                                                          \
	" join bookings b on b.campaign = n.campaign and b.number = n.number"                      \
	" join campaigns c on c.ordinal = n.campaign"                                              \
	" left join account_merges m on m.old_account = b.account"                                 \
	" left join lateral ("                                                                     \
		" select contact, locale from contacts"                                            \
		" where account = coalesce(m.new_account, b.account) and channel = n.channel"      \
		" order by verified_at desc limit 1"                                               \
	" ) k on true"

/* While one notice of a booking is on its way, the next of that booking and channel waits: mails
 * must not overtake each other.
 *
 * A state is written "+ 0" where a notice is looked for by its key: otherwise notices_open fits too,
 * and the planner, who does not know yet how many are open in a rush, walks through all of them for
 * each. */
#define EARLIER_UNDER_WAY(row, campaign_ordinal)                                                   \
	"exists (select from notices o where o.campaign = " campaign_ordinal                       \
	" and o.number = " row ".number and o.channel = " row ".channel and o.state + 0 = 2)"

const char ledger_sql_look[] =
	"with place as ("
		" select number, change_n, change_position from notice_positions"
		" where campaign = $1 for update skip locked"
	"), campaign as ("
		" select decided_n,"
			" coalesce((definition::jsonb ->> 'price_paise')::bigint, 0) > 0 as has_price,"
			" coalesce(definition::jsonb ->> 'verification', 'either') as verification"
		" from campaigns where ordinal = $1"
	"), fresh as ("
		" select number, account, case when rank is not null then 'waitlisted'"
			" when (select has_price from campaign) then 'held' else 'booked' end as template"
		" from bookings"
		" where campaign = $1 and number > (select number from place)"
		" order by number limit $2::int"
	"), changed as ("
		" select decision_n, position, number, case"
			" when cause in (2, 3) then 'promoted'"
			" when status = 3 then 'booked'"
			" when status = 4 then 'released'"
			" when status = 5 then 'cancelled' end as template"
		" from booking_changes"
		" where campaign = $1 and (decision_n, position) >"
			" ((select change_n from place), (select change_position from place))"
		" order by decision_n, position limit $2::int"
	"), wanted as ("
		" select number, template, account, false as later from fresh"
		" union all"
		" select x.number, x.template, b.account, true from changed x"
		" join bookings b on b.campaign = $1 and b.number = x.number"
		" where x.template is not null"
	"), people as ("
		" select w.number, w.template, w.later, coalesce(m.new_account, w.account) as account"
		" from wanted w left join account_merges m on m.old_account = w.account"
	/* To every contact that is known, and to those that the campaign insists on even if they
	 * are not known yet: they come by another stream, and may be late. */
	"), ways as ("
		" select p.number, p.template, p.later, k.channel from people p"
		" join contacts k on k.account = p.account"
		" union"
		" select p.number, p.template, p.later, v.channel from people p, campaign c,"
			" (values (1, 'email'), (1, 'both'), (2, 'phone'), (2, 'both'))"
			" v (channel, verification)"
		" where v.verification = c.verification"
		" union"
		" select p.number, p.template, p.later, 0 from people p"
		" where (select verification from campaign) = 'either'"
			" and not exists (select from contacts k where k.account = p.account)"
	"), ranked as ("
		" select w.number, w.template, w.channel,"
			" not (w.later and " EARLIER_UNDER_WAY("w", "$1") ") and"
			" row_number() over (partition by w.channel order by w.number) <="
			" case w.channel when 1 then $3::int when 2 then $4::int else 0 end as claim"
		" from ways w"
	"), made as ("
		" insert into notices (campaign, number, template, channel, state, claimed_by, due_at)"
		" select $1, number, template, channel, case when claim then 2 else 1 end,"
			" case when claim then $5::text end,"
			" case when claim then now() + $6::int * interval '1 second'"
				" when channel = 0 then now() + interval '2 seconds' else now() end"
		" from ranked on conflict do nothing"
		" returning *"
	"), claimed as ("
		" select *, false as was_claimed from made where state = 2"
	"), moved as ("
		" update notice_positions p set"
			" number = coalesce((select max(number) from fresh), p.number),"
			" change_n = coalesce(last.decision_n, p.change_n),"
			" change_position = coalesce(last.position, p.change_position),"
			" seen_n = case when (select count(*) from fresh) < $2::int"
				" and (select count(*) from changed) < $2::int"
				" then c.decided_n else p.seen_n end"
		" from place, campaign c left join ("
			" select decision_n, position from changed"
			" order by decision_n desc, position desc limit 1"
		" ) last on true"
		" where p.campaign = $1"
	")"
	"select greatest((select count(*) from fresh), (select count(*) from changed)),"
	DETAILS " where b.campaign = $1";

const char ledger_sql_claim[] =
	"with ready as materialized ("
		" select campaign, number, template, channel, state from notices r"
		" where state in (1, 2) and channel = $1::smallint and due_at <= now()"
			" and (state = 2 or not " EARLIER_UNDER_WAY("r", "r.campaign") ")"
		" order by due_at limit $2::int for update skip locked"
	"), claimed as ("
		" update notices n set state = 2, claimed_by = $3::text,"
			" due_at = now() + $4::int * interval '1 second',"
			" ambiguous = n.ambiguous + (r.state = 2)::int"
		" from ready r"
		" where n.campaign = r.campaign and n.number = r.number"
			" and n.template = r.template and n.channel = r.channel"
		" returning n.*, r.state = 2 as was_claimed"
	")"
	"select 0," DETAILS;

/* One that had no contact, although the same was told later by a way that had become known, is
 * overtaken by that. */
const char ledger_sql_resolve[] =
	"with ready as materialized ("
		" select campaign, number, template, created_at, due_at, exists (select from notices o"
			" where o.campaign = n.campaign and o.number = n.number"
			" and o.template = n.template and o.channel <> 0) as told"
		" from notices n where state = 1 and channel = 0 and due_at <= now()"
		" order by due_at limit $1::int for update skip locked"
	"), found as materialized ("
		" select r.campaign, r.number, r.template, r.created_at, r.due_at, k.channel,"
			" row_number() over (partition by r.campaign, r.number, r.template"
				" order by k.channel) as nth"
		" from ready r"
		" join bookings b on b.campaign = r.campaign and b.number = r.number"
		" left join account_merges m on m.old_account = b.account"
		" join lateral (select distinct channel from contacts"
			" where account = coalesce(m.new_account, b.account)) k on true"
		" where not r.told"
	"), overtaken as ("
		" update notices n set state = 5, settled_at = now() from ready r"
		" where r.told and n.channel = 0 and n.campaign = r.campaign"
			" and n.number = r.number and n.template = r.template"
	"), first as ("
		" update notices n set channel = f.channel from found f"
		" where f.nth = 1 and n.channel = 0 and n.campaign = f.campaign"
			" and n.number = f.number and n.template = f.template"
	"), others as ("
		" insert into notices (campaign, number, template, channel, state, created_at, due_at)"
		" select campaign, number, template, channel, 1, created_at, due_at"
		" from found where nth > 1"
		" on conflict do nothing"
	"), missing as ("
		" update notices n set"
			" state = case when old then 4 else 1 end,"
			" settled_at = case when old then now() end,"
			" error = case when old then 'the account never got a contact'"
				" else 'the account has no contact yet' end,"
			" due_at = now() + (0.5 + random() / 2) * least(interval '15 minutes',"
				" greatest(interval '2 seconds', now() - n.created_at))"
		" from (select *, created_at < now() - $2::int * interval '1 day' as old from ready) r"
		" where not r.told and n.channel = 0 and n.campaign = r.campaign"
			" and n.number = r.number and n.template = r.template"
			" and not exists (select from found f"
				" where f.campaign = r.campaign and f.number = r.number)"
		" returning n.state"
	")"
	"select count(*) from missing where state = 4";

/* A notifier that was frozen may have claimed a notice twice, and have two results of it: that it was
 * sent counts. An update takes one of several rows that fit, and not the better one. */
const char ledger_sql_settle[] =
	"update notices n set state = s.state, attempts = s.attempts,"
	" ambiguous = n.ambiguous + s.unsure,"
	" due_at = now() + s.rest_ms * interval '1 millisecond', claimed_by = null,"
	" settled_at = case when s.state in (3, 4, 5) then now() end,"
	" provider_id = nullif(s.provider_id, ''),"
	" error = coalesce(nullif(s.error, ''), case when s.state = 1 then n.error end)"
	" from (select distinct on (campaign, number, template, channel) *"
		" from unnest($1::int[], $2::bigint[], $3::text[], $4::smallint[], $5::smallint[],"
		" $6::smallint[], $7::smallint[], $8::bigint[], $9::text[], $10::text[])"
		" with ordinality s (campaign, number, template, channel, state, attempts, unsure,"
		" rest_ms, provider_id, error, nth)"
		" order by campaign, number, template, channel, state <> 3, nth) s"
	" where n.campaign = s.campaign and n.number = s.number and n.template = s.template"
	" and n.channel = s.channel"
	" and ((n.state + 0 = 2 and n.claimed_by = $11::text)"
		" or (s.state = 3 and n.state + 0 in (1, 2)))";

const char ledger_sql_count[] =
	"select"
	" (select count(*) from (select from notices"
		" where state = 1 and channel = 1 and due_at <= now() limit 100000) a),"
	" (select count(*) from (select from notices"
		" where state = 1 and channel = 2 and due_at <= now() limit 100000) b),"
	" (select count(*) from (select from notices where state = 1 and channel = 0 limit 100000) c),"
	" coalesce((select extract(epoch from now() - min(d.due_at))::bigint"
		" from (values (1), (2)) v (channel), lateral (select due_at from notices"
			" where state in (1, 2) and channel = v.channel and due_at <= now()"
			" order by due_at limit 1) d), 0),"
	" coalesce((select sum(c.decided_n - p.seen_n)"
		" from notice_positions p join campaigns c on c.ordinal = p.campaign), 0)::bigint";
/* clang-format on */
