#include "cashier/books_sql.h"

/* clang-format would pull the lines of the statements apart. */
/* clang-format off */

/* Rows are found by an index, whatever the statistics say. A session that gives no sign of life ends,
 * so that a cashier that is frozen does not keep the lock. */
const char books_sql_session[] =
	"set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off;"
	" set jit = off; set statement_timeout = 8000; set idle_session_timeout = 6000;"
	" set idle_in_transaction_session_timeout = 6000";

const char books_sql_lock[] = "select pg_try_advisory_lock(7267, 1)::int";

const char books_sql_release[] =
	"update payment_orders set due_at = least(due_at, now() + interval '2 seconds')"
	" where state = 2;"
	" update payments set due_at = least(due_at, now() + interval '2 seconds') where todo > 0;"
	" update refunds set due_at = least(due_at, now() + interval '2 seconds') where state = 2";

const char books_sql_positions[] =
	"select source, n, campaign, digest, price_paise, currency, time_zone, free::int"
	" from payment_positions";

/* ---- writing ------------------------------------------------------------------------------------- */

const char books_sql_positions_move[] =
	"with told as materialized ("
		" select * from json_to_recordset($1::json) as t (source text, base bigint, n bigint,"
			" campaign integer, digest text, price bigint, currency text, zone text, free boolean)"
	"), moved as ("
		" insert into payment_positions as p"
			" (source, n, campaign, digest, price_paise, currency, time_zone, free)"
		" select source, n, campaign, decode(digest, 'hex'), price, currency, zone, free from told t"
		" where base = 0 or exists (select from payment_positions o where o.source = t.source)"
		" on conflict (source) do update set n = excluded.n, digest = excluded.digest,"
			" price_paise = excluded.price_paise, currency = excluded.currency,"
			" time_zone = excluded.time_zone, free = excluded.free"
		" where p.n = (select t.base from told t where t.source = p.source)"
		" returning 1"
	")"
	"select (select count(*) from told) - (select count(*) from moved)";

const char books_sql_holds[] =
	"insert into payment_orders (campaign, number, provider, receipt, amount_paise, currency, pay_by)"
	" select campaign, number, $2::text, receipt, nullif(amount, 0), currency,"
		" to_timestamp(pay_by_ms / 1000.0::float8)"
	" from json_to_recordset($1::json) as h (campaign integer, number bigint, receipt text,"
		" amount bigint, currency text, pay_by_ms bigint)"
	" on conflict do nothing";

const char books_sql_price[] =
	"update payment_orders o set amount_paise = s.price_paise * b.units"
	" from payment_positions s, bookings b"
	" where o.amount_paise is null and s.campaign = o.campaign"
		" and b.campaign = o.campaign and b.number = o.number";

#define REFUND_COLUMNS " (provider, payment_id, campaign, number, reason, amount_paise, currency)"

/* Of what was said about one payment at once the last word counts; that it failed, only if there is no
 * other. */
const char books_sql_verdicts[] =
	"with said as materialized ("
		" select distinct on (line_id) line_id, verdict"
		" from rows from (json_to_recordset($1::json) as (line_id uuid, verdict smallint))"
			" with ordinality as v (line_id, verdict, nth)"
		" order by line_id, verdict = 42, nth desc"
	"), decided as ("
		" update payments p set verdict = s.verdict from said s"
		" where p.line_id = s.line_id and (s.verdict <> 42 or p.verdict is null)"
		" returning p.*"
	")"
	"insert into refunds" REFUND_COLUMNS
	" select provider, payment_id, campaign, number,"
		" case verdict when 41 then 'refund_due' when 43 then 'mismatch' else 'not_found' end,"
		" amount_paise, currency"
	" from decided where state = 4 and verdict in (31, 41, 43) on conflict do nothing";

const char books_sql_cancels[] =
	"with gone as materialized ("
		" select * from json_to_recordset($1::json) as g (campaign integer, number bigint)"
	"), dropped as ("
		" update payment_orders o set state = ($2::smallint[])[o.state][6], due_at = null"
		" from gone g where o.campaign = g.campaign and o.number = g.number"
			" and ($2::smallint[])[o.state][6] > 0"
	")"
	"insert into refunds" REFUND_COLUMNS
	" select p.provider, p.payment_id, p.campaign, p.number, 'cancelled', p.amount_paise, p.currency"
	" from gone g join payments p on p.campaign = g.campaign and p.number = g.number"
	" where p.state = 4 and p.verdict = 40 on conflict do nothing";

/* What follows for order and refund when payments k stand as they do now. */
#define CONSEQUENCES(moves)                                                                        \
	", paid as ("                                                                              \
		" update payment_orders o set state = (" moves "::smallint[])[o.state][7], due_at = null" \
		" from kept k where k.state = 4 and k.problem is null"                             \
			" and o.campaign = k.campaign and o.number = k.number"                     \
			" and (" moves "::smallint[])[o.state][7] > 0"                             \
	"), back as ("                                                                             \
		" insert into refunds" REFUND_COLUMNS                                              \
		" select provider, payment_id, campaign, number, problem, amount_paise, currency"  \
		" from kept where state = 4 and problem is not null and campaign is not null"      \
		" on conflict do nothing"                                                          \
	")"

const char books_sql_payments[] =
	"with heard as materialized ("
		" select distinct on (payment_id) * from json_to_recordset($1::json) as h (provider text,"
			" payment_id text, line_id uuid, order_id text, state smallint, amount bigint,"
			" currency text, time_ms bigint, by_asking boolean)"
		" order by payment_id, state desc"
	"), kept as ("
		" insert into payments as p (provider, payment_id, line_id, order_id, campaign, number,"
			" state, amount_paise, currency, problem, due_at, happened_at, by_asking)"
		" select h.provider, h.payment_id, h.line_id, h.order_id, o.campaign, o.number, h.state,"
			" h.amount, h.currency,"
			" case when h.order_id = '' then 'foreign'"
				" when h.amount <> o.amount_paise then 'amount'"
				" when h.currency <> o.currency then 'currency' end,"
			" now() + case h.state when 2 then $4::int else 0 end * interval '1 millisecond',"
			" to_timestamp(h.time_ms / 1000.0::float8), h.by_asking"
		" from heard h"
		" left join payment_orders o on o.provider = h.provider and o.order_id = h.order_id"
		" on conflict (provider, payment_id) do update set state = excluded.state,"
			" amount_paise = excluded.amount_paise, currency = excluded.currency,"
			" campaign = coalesce(p.campaign, excluded.campaign),"
			" number = coalesce(p.number, excluded.number),"
			" problem = coalesce(p.problem, excluded.problem), due_at = excluded.due_at,"
			" happened_at = excluded.happened_at, by_asking = excluded.by_asking"
		" where ($2::smallint[])[p.state][excluded.state] > 0"
		" returning p.*"
	")" CONSEQUENCES("$3")
	"select count(*), count(*) filter (where by_asking), count(*) filter (where problem is not null)"
	" from kept";

/* That it was made counts most of what is told of one at once. */
const char books_sql_orders[] =
	"with became as materialized ("
		" select distinct on (campaign, number) * from json_to_recordset($1::json) as b"
			" (campaign integer, number bigint, event smallint, order_id text, checkout text,"
			" error text, wait_ms bigint, at_once boolean)"
		" order by campaign, number, event <> 2"
	")"
	"update payment_orders o set state = ($2::smallint[])[o.state][b.event],"
		" order_id = coalesce(nullif(b.order_id, ''), o.order_id),"
		" checkout = coalesce(nullif(b.checkout, ''), o.checkout),"
		" error = nullif(b.error, ''),"
		" opened_at = case b.event when 2 then now() else o.opened_at end,"
		" due_at = case ($2::smallint[])[o.state][b.event]"
			" when 1 then now() + b.wait_ms * interval '1 millisecond'"
			" when 3 then case when b.at_once then now()"
				" else o.pay_by + ($3::bigint[])[1] * interval '1 second' end end"
	" from became b where o.campaign = b.campaign and o.number = b.number"
		" and ($2::smallint[])[o.state][b.event] > 0";

const char books_sql_looks[] =
	"with looked as materialized ("
		" select distinct on (campaign, number) * from json_to_recordset($1::json) as l"
			" (campaign integer, number bigint, wait_ms bigint)"
		" order by campaign, number, wait_ms"
	"), last as ("
		" select o.campaign, o.number, l.wait_ms, l.wait_ms = 0"
			" and o.looks + 1 >= cardinality($3::bigint[]) as is_last"
		" from looked l join payment_orders o on o.campaign = l.campaign and o.number = l.number"
		" where o.state = 3"
	")"
	"update payment_orders o set looks = o.looks + (l.wait_ms = 0)::int,"
		" state = case when l.is_last then ($2::smallint[])[o.state][8] else o.state end,"
		" due_at = case when l.is_last then null"
			" when l.wait_ms > 0 then now() + l.wait_ms * interval '1 millisecond'"
			" else greatest(now(), o.pay_by) + (($3::bigint[])[o.looks + 2]"
				" - ($3::bigint[])[o.looks + 1]) * interval '1 second' end"
	" from last l where o.campaign = l.campaign and o.number = l.number";

const char books_sql_told[] =
	"update payments p set told = greatest(p.told, t.told),"
		" due_at = now() + t.wait_ms * interval '1 millisecond'"
	" from (select distinct on (payment_id) * from json_to_recordset($1::json) as t"
		" (payment_id text, told smallint, wait_ms bigint) order by payment_id, told desc) t"
	" where p.provider = $2::text and p.payment_id = t.payment_id";

const char books_sql_rests[] =
	"with rested as materialized ("
		" select distinct on (payment_id) * from json_to_recordset($1::json) as r (payment_id text,"
			" error text, wait_ms bigint, campaign integer, number bigint, foreign_order boolean)"
		" order by payment_id, number desc"
	"), kept as ("
		" update payments p set due_at = now() + r.wait_ms * interval '1 millisecond',"
			" error = nullif(r.error, ''),"
			" campaign = coalesce(p.campaign, r.ours), number = coalesce(p.number, r.ours_number),"
			" problem = coalesce(p.problem, case when p.campaign is not null then null"
				" when r.foreign_order then 'foreign'"
				" when r.number = 0 then null"
				" when r.ours is null then 'foreign'"
				" when r.ours_order is distinct from p.order_id then 'order'"
				" when r.ours_amount <> p.amount_paise then 'amount'"
				" when r.ours_currency <> p.currency then 'currency' end)"
		" from (select r.*, o.campaign as ours, o.number as ours_number, o.order_id as ours_order,"
				" o.amount_paise as ours_amount, o.currency as ours_currency"
			" from rested r left join payment_orders o"
				" on o.campaign = r.campaign and o.number = r.number) r"
		" where p.provider = $3::text and p.payment_id = r.payment_id"
		" returning p.*"
	")" CONSEQUENCES("$2")
	"select count(*) filter (where problem is not null) from kept";

const char books_sql_refunds[] =
	"with heard as materialized ("
		" select distinct on (payment_id) * from json_to_recordset($1::json) as h (provider text,"
			" payment_id text, event smallint, refund_id text, error text, amount bigint,"
			" wait_ms bigint)"
		" order by payment_id, event desc"
	"), foreign_ones as ("
		" insert into refunds (provider, payment_id, campaign, number, reason, amount_paise, currency,"
			" state, refund_id, due_at)"
		" select p.provider, p.payment_id, p.campaign, p.number, 'by hand', h.amount, p.currency,"
			" ($2::smallint[])[1][h.event], h.refund_id, now() + $3::int * interval '1 second'"
		" from heard h join payments p on p.provider = h.provider and p.payment_id = h.payment_id"
		" where p.state = 4 and p.campaign is not null and ($2::smallint[])[1][h.event] > 2"
		" on conflict do nothing"
	"), moved as ("
		" update refunds r set state = ($2::smallint[])[r.state][h.event],"
			" refund_id = coalesce(nullif(h.refund_id, ''), r.refund_id),"
			" error = nullif(h.error, ''),"
			" settled_at = case when ($2::smallint[])[r.state][h.event] in (4, 5) then now() end,"
			" due_at = case ($2::smallint[])[r.state][h.event]"
				" when 1 then now() + h.wait_ms * interval '1 millisecond'"
				" when 3 then now() + $3::int * interval '1 second' end"
		" from heard h where r.provider = h.provider and r.payment_id = h.payment_id"
			" and ($2::smallint[])[r.state][h.event] > 0"
		" returning r.state"
	")"
	"select count(*) from moved where state = 5";

/* ---- claiming ------------------------------------------------------------------------------------ */

#define ORDERS_DUE " payment_orders where state in (1, 2) and due_at <= now() and amount_paise is not null"
#define LOOKS_DUE " payment_orders where state = 3 and due_at <= now()"
#define TELLS_DUE " payments where todo = 1 and due_at <= now()"
#define PAYMENTS_DUE " payments where todo in (2, 3) and due_at <= now()"
#define REFUNDS_DUE " refunds where state in (1, 2, 3) and due_at <= now()"

const char books_sql_poll[] =
	"select exists (select from" ORDERS_DUE ")::int, exists (select from" LOOKS_DUE ")::int,"
	" exists (select from" TELLS_DUE ")::int, exists (select from" PAYMENTS_DUE ")::int,"
	" exists (select from" REFUNDS_DUE ")::int";

#define CLAIM_ENDS " due_at = now() + $2::int * interval '1 second'"
#define LIMIT " order by due_at limit $1::int for update skip locked"
#define MS(time) " (extract(epoch from " time ") * 1000)::bigint"

/* The columns of an order o in campaign s: the order of enum job_column. */
#define ORDER_JOB(kind)                                                                            \
	" returning " kind ", o.campaign, o.number, substr(s.source, 5), s.time_zone, o.receipt,"  \
	" o.order_id, null, o.currency, o.amount_paise," MS("o.pay_by") ","                        \
	MS("now() - o.created_at")

const char books_sql_claim_orders[] =
	"with ready as materialized (select campaign, number from" ORDERS_DUE LIMIT ")"
	"update payment_orders o set state = ($3::smallint[])[o.state][1],"
		" attempts = least(o.attempts + 1, 30000)," CLAIM_ENDS
	" from ready r, payment_positions s"
	" where o.campaign = r.campaign and o.number = r.number and s.campaign = o.campaign"
	ORDER_JOB("0") ", o.attempts, 0";

const char books_sql_claim_looks[] =
	"with ready as materialized (select campaign, number from" LOOKS_DUE LIMIT ")"
	"update payment_orders o set" CLAIM_ENDS
	" from ready r, payment_positions s"
	" where o.campaign = r.campaign and o.number = r.number and s.campaign = o.campaign"
	ORDER_JOB("1") ", o.looks, 0";

const char books_sql_claim_payments[] =
	"with ready as materialized (select provider, payment_id from" PAYMENTS_DUE LIMIT "),"
	" claimed as (update payments p set" CLAIM_ENDS
		" from ready r where p.provider = r.provider and p.payment_id = r.payment_id returning p.*)"
	"select p.todo, p.campaign, p.number, substr(s.source, 5), s.time_zone, o.receipt, p.order_id,"
		" p.payment_id, p.currency, p.amount_paise," MS("o.pay_by") ","
		MS("now() - p.seen_at") ", 0, 0"
	" from claimed p"
	" left join payment_orders o on o.campaign = p.campaign and o.number = p.number"
	" left join payment_positions s on s.campaign = p.campaign";

/* A provider forgets keys after a day. */
const char books_sql_claim_refunds[] =
	"with ready as materialized ("
		"select provider, payment_id, state = 3 or asked_at < now() - interval '20 hours' as may_exist"
		" from" REFUNDS_DUE LIMIT "),"
	" claimed as (update refunds f set state = ($3::smallint[])[f.state][1],"
		" attempts = least(f.attempts + 1, 30000), asked_at = coalesce(f.asked_at, now()),"
		CLAIM_ENDS
		" from ready r where f.provider = r.provider and f.payment_id = r.payment_id"
		" returning f.*, r.may_exist)"
	"select 4, f.campaign, f.number, substr(s.source, 5), s.time_zone, null, null, f.payment_id,"
		" f.currency, f.amount_paise, null," MS("now() - f.created_at") ", f.attempts,"
		" coalesce(f.may_exist, false)::int"
	" from claimed f left join payment_positions s on s.campaign = f.campaign";

const char books_sql_claim_tells[] =
	"with ready as materialized (select provider, payment_id from" TELLS_DUE LIMIT "),"
	" claimed as (update payments p set" CLAIM_ENDS
		" from ready r where p.provider = r.provider and p.payment_id = r.payment_id returning p.*)"
	"select substr(s.source, 5), p.number, p.payment_id, p.line_id, p.state, p.amount_paise"
	" from claimed p join payment_positions s on s.campaign = p.campaign order by p.campaign";

#define COUNT(rows) " (select count(*) from (select from " rows " limit 10000) c)"

const char books_sql_count[] =
	"select" COUNT("payment_orders where state in (1, 2)") ","
	COUNT("payment_orders where state = 3") ","
	COUNT("payments where todo = 1") ","
	COUNT("refunds where state in (1, 2, 3)") ","
	COUNT("refunds where state = 5");
/* clang-format on */
