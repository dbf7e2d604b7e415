#include "notifier/ledger_sql.h"

/* clang-format would pull the lines of the statements apart. */
/* clang-format off */

#define DIGITS(number) #number
#define DIGITS_OF(macro) DIGITS(macro)

/* Every statement takes few rows by an index, whatever the statistics say of a table that has
 * grown by millions since they were made: the planner, left alone, would then read the whole of
 * it. And a statement that nobody waits for any more ends: its locks would stand in the way of the
 * next try. */
const char ledger_sql_plans[] =
	"set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off;"
	" set enable_mergejoin = off; set jit = off;"
	" set statement_timeout = " DIGITS_OF(LEDGER_SQL_TIMEOUT_MS);

const char ledger_sql_poll[] =
	"with new as ("
		" insert into notice_positions (campaign)"
		" select c.ordinal from campaigns c"
		" where not exists (select from notice_positions p where p.campaign = c.ordinal)"
		" on conflict do nothing"
	")"
	"select 0, 0 where exists (select from contact_news)"
	" union all "
	"select 0, v.channel from (values (1), (2)) v (channel)"
	" where exists (select from notices n"
		" where n.state in (1, 2) and n.channel = v.channel and n.due_at <= now())"
	" union all "
	/* At random: where there are more than fit into a round, none is always the last. */
	"(select c.ordinal, -1 from campaigns c join notice_positions p on p.campaign = c.ordinal"
	" where c.decided_n > p.seen_n order by random() limit 250)";

/* ---- who is owed what -------------------------------------------------------------------------- */

#define HAS_PRICE " coalesce((c.definition::jsonb ->> 'price_paise')::bigint, 0) > 0"

/* What a new booking b tells. */
#define TEMPLATE_OF_BOOKING(has_price)                                                             \
	"case when b.rank is not null then 'waitlisted'"                                           \
	" when " has_price " then 'held' else 'booked' end as template"

/* By which channels the person of booking b can be told, each a bit; null: by none yet. */
#define CHANNELS_OF_BOOKING                                                                        \
	" cross join lateral (select bit_or(channel) as channels"                                  \
	" from contacts where account = b.person) k"

/* What a message needs from the claimed notices n: the order of enum ledger_column. A person with
 * several contacts of one channel gets the message at the one that was proven last. */
#define DETAILS                                                                                    \
	" n.campaign, n.number, n.template, n.channel, n.attempts, n.ambiguous, n.was_claimed::int,"\
	" b.status, b.units, b.place, b.rank, b.booked_at_ms, b.pay_by_ms,"                        \
	" b.id, b.title, b.pickup_text, b.time_zone, k.contact, k.locale"
#define DETAILS_OF_CLAIMED(campaign_ordinal)                                                       \
	" claimed n"                                                                               \
	" join notice_bookings b on b.campaign = " campaign_ordinal " and b.number = n.number"     \
	" left join lateral ("                                                                     \
		" select contact, locale from contacts"                                            \
		" where account = b.person and channel = n.channel"                                \
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

/* The first $2 that can be told, among the next $7: whoever has no contact costs no more than it takes
 * to see that. The limits are over rows in the order of their index, so that no more are read than it
 * takes; the changes are read a second time only if they were read to the end. */
const char ledger_sql_look[] =
	"with place as ("
		" select number, change_n, change_position from notice_positions"
		" where campaign = $1 for update skip locked"
	"), campaign as ("
		" select decided_n," HAS_PRICE " as has_price from campaigns c where ordinal = $1"
	"), fresh as ("
		" select b.number, k.channels,"
			" " TEMPLATE_OF_BOOKING("(select has_price from campaign)")
		" from notice_bookings b" CHANNELS_OF_BOOKING
		" where b.campaign = $1 and b.number > (select number from place)"
			" and b.number <= (select number + $7::int from place)"
			" and k.channels is not null"
		" order by b.number limit $2::int"
	"), next as not materialized ("
		" select decision_n, position, number, template from notice_changes"
		" where campaign = $1 and (decision_n, position) >"
			" ((select change_n from place), (select change_position from place))"
		" order by decision_n, position limit $7::int"
	"), changed as ("
		" select x.decision_n, x.position, x.number, x.template, k.channels"
		" from next x"
		" join notice_bookings b on b.campaign = $1 and b.number = x.number"
		CHANNELS_OF_BOOKING
		" where x.template is not null and k.channels is not null"
		" order by x.decision_n, x.position limit $2::int"
	"), reached as ("
		" select case when (select count(*) from fresh) = $2::int"
			" then (select max(number) from fresh)"
			" else greatest(p.number, least(p.number + $7::int, coalesce("
				"(select max(number) from bookings where campaign = $1), 0))) end as number,"
			" coalesce(last.decision_n, p.change_n) as change_n,"
			" coalesce(last.position, p.change_position) as change_position"
		" from place p left join lateral ("
			" select decision_n, position from changed"
			" where (select count(*) from changed) = $2::int"
			" union all"
			" select decision_n, position from next"
			" where (select count(*) from changed) < $2::int"
			" order by decision_n desc, position desc limit 1"
		" ) last on true"
	"), ways as ("
		" select number, template, later, channel from ("
			" select number, template, channels, false as later from fresh"
			" union"
			" select number, template, channels, true from changed"
		" ) w join (values (1), (2)) v (channel) on channels & channel <> 0"
	"), ranked as ("
		" select w.number, w.template, w.channel,"
			" not (w.later and " EARLIER_UNDER_WAY("w", "$1") ") and"
			" row_number() over (partition by w.channel order by w.number) <="
			" case w.channel when 1 then $3::int else $4::int end as claim"
		" from ways w"
	"), made as ("
		" insert into notices (campaign, number, template, channel, state, claimed_by, due_at)"
		" select $1, number, template, channel, case when claim then 2 else 1 end,"
			" case when claim then $5::text end,"
			" case when claim then now() + $6::int * interval '1 second' else now() end"
		" from ranked on conflict do nothing"
		" returning *"
	"), claimed as ("
		" select *, false as was_claimed from made where state = 2"
	"), moved as ("
		" update notice_positions p set number = r.number, change_n = r.change_n,"
			" change_position = r.change_position,"
			" seen_n = case when more.decisions then p.seen_n else c.decided_n end"
		" from reached r, campaign c, lateral (select"
			" exists (select from bookings b where b.campaign = $1 and b.number > r.number)"
			" or exists (select from booking_changes x where x.campaign = $1"
				" and (x.decision_n, x.position) > (r.change_n, r.change_position))"
			" as decisions"
		" ) more"
		" where p.campaign = $1"
		" returning more.decisions,"
			" r.number - (select number from place) - (select count(*) from fresh) as untold"
	")"
	"select o.decisions::int, o.untold," DETAILS
	" from moved o left join (" DETAILS_OF_CLAIMED("$1") ") on true";

/* A contact may have been written while a look passed its bookings: neither saw the other. So this
 * looks at all bookings of the account, whatever the positions say; what a look does not see, this
 * sees, or the other way round, and what both see is made once.
 * By all channels of the account if nobody was told yet; later only by those that the campaign insists
 * on: who adds a phone number after a month is not told again what he knows. */
const char ledger_sql_late[] =
	"with news as materialized ("
		" delete from contact_news where ctid = any (array("
			" select ctid from contact_news limit $1::int for update skip locked))"
		" returning account"
	"), people (account, booked_by) as ("
		" select account, account from news"
		" union"
		" select m.new_account, m.old_account from account_merges m"
		" join news w on w.account = m.new_account"
	"), named as ("
		" select p.account, o.campaign, o.numbers[found.nth] as number"
		" from people p cross join lateral ("
			" select campaign, accounts, numbers from booking_owners"
			" where prefix = any (owner_prefixes(p.booked_by)) offset 0"
		" ) o cross join lateral unnest(array_positions(o.accounts, p.booked_by)) found (nth)"
	"), owed as ("
		" select n.account, n.campaign, n.number, " TEMPLATE_OF_BOOKING(HAS_PRICE)
		" from named n join campaigns c on c.ordinal = n.campaign"
		" join bookings b on b.campaign = n.campaign and b.number = n.number"
		" union"
		" select n.account, n.campaign, n.number, x.template"
		" from named n join notice_changes x"
			" on x.campaign = n.campaign and x.number = n.number"
	"), ways as ("
		" select distinct o.campaign, o.number, o.template, k.channel"
		" from owed o join contacts k on k.account = o.account"
		" join campaigns c on c.ordinal = o.campaign"
		" where o.template is not null and ("
			" not exists (select from notices t where t.campaign = o.campaign"
				" and t.number = o.number and t.template = o.template)"
			" or c.definition::jsonb ->> 'verification' in"
				" ('both', case k.channel when 1 then 'email' else 'phone' end))"
	")"
	"insert into notices (campaign, number, template, channel, state)"
	" select campaign, number, template, channel, 1 from ways"
	" order by campaign, number on conflict do nothing";

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
	"select 0, 0," DETAILS " from" DETAILS_OF_CLAIMED("n.campaign");

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
	" coalesce((select extract(epoch from now() - min(d.due_at))::bigint"
		" from (values (1), (2)) v (channel), lateral (select due_at from notices"
			" where state in (1, 2) and channel = v.channel and due_at <= now()"
			" order by due_at limit 1) d), 0),"
	" coalesce((select sum(c.decided_n - p.seen_n)"
		" from notice_positions p join campaigns c on c.ordinal = p.campaign), 0)::bigint";
/* clang-format on */
