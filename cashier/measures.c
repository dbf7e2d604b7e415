#include "cashier/measures.h"

#include <assert.h>

struct cashier_measures cashier_measures;

#define COUNTER(name, labels, help, field)                                                         \
	{ "firstcome_cashier_" name, labels, help, METRIC_COUNTER, &cashier_measures.field, NULL }
#define GAUGE(name, help, field)                                                                   \
	{ "firstcome_cashier_" name, "", help, METRIC_GAUGE, &cashier_measures.field, NULL }
#define HISTOGRAM(name, help, field)                                                               \
	{ "firstcome_cashier_" name, "", help, METRIC_HISTOGRAM, NULL, &cashier_measures.field }
#define ANSWER(word, meaning)                                                                      \
	COUNTER("answers_total", "answer=\"" word "\"", "Answers of the payment provider.",        \
		answers[meaning])

const struct metric cashier_measures_table[MEASURES_COUNT] = {
	COUNTER("decisions_total", "", "Decisions read.", decisions),
	COUNTER("webhooks_total", "", "Messages of the stream PAYMENTS read.", webhooks),
	COUNTER("webhooks_unreadable_total", "", "Messages in PAYMENTS that are no event for us.",
		webhooks_unreadable),
	COUNTER("rounds_total", "", "Transactions.", rounds),
	COUNTER("rounds_failed_total", "", "Transactions after which everything was read again.",
		rounds_failed),
	ANSWER("done", PAYMENT_ANSWER_DONE),
	ANSWER("not_found", PAYMENT_ANSWER_NOT_FOUND),
	ANSWER("stale", PAYMENT_ANSWER_STALE),
	ANSWER("refused", PAYMENT_ANSWER_REFUSED),
	ANSWER("later", PAYMENT_ANSWER_LATER),
	ANSWER("misconfigured", PAYMENT_ANSWER_MISCONFIGURED),
	COUNTER("orders_made_total", "", "Holds that can be paid.", orders_made),
	COUNTER("orders_refused_total", "", "Orders that the provider will never make.",
		orders_refused),
	COUNTER("orders_too_late_total", "", "Holds that were over before their order was made.",
		orders_too_late),
	COUNTER("payments_told_total", "", "Payments that the line was told of.", told),
	COUNTER("payments_moved_total", "", "News of payments.", payments_moved),
	COUNTER("payments_by_asking_total", "",
		"Differences: what no webhook had told and asking found.", payments_by_asking),
	COUNTER("payments_problems_total", "",
		"Payments with another amount, currency or order than ours.", payments_problems),
	COUNTER("refunds_made_total", "", "Refunds that the provider has taken.", refunds_made),
	COUNTER("refunds_gone_wrong_total", "", "Refunds that failed: a person must look.",
		refunds_gone_wrong),
	GAUGE("orders_wanted", "Orders to be made.", orders_wanted),
	GAUGE("orders_open", "Orders that may be paid, or are still asked about.", orders_open),
	GAUGE("payments_untold", "Payments that the line is still to be told of.", payments_untold),
	GAUGE("refunds_due", "Refunds on their way.", refunds_due),
	GAUGE("refunds_failed", "Refunds that failed: a person must look.", refunds_failed),
	GAUGE("active", "1 for the cashier that works, 0 for one that stands by.", active),
	GAUGE("provider_failing", "1 while the provider does not answer as it should.",
		provider_failing),
	GAUGE("database_available", "1 while the database answers.", database_available),
	GAUGE("campaigns_stopped", "Campaigns whose log or books a person must look at.",
		campaigns_stopped),
	HISTOGRAM("call_seconds", "How long the provider took for a call.", call_us),
	HISTOGRAM("round_seconds", "How long a transaction took.", round_us),
	HISTOGRAM(
		"payable_seconds", "From the hold in our books until it can be paid.", payable_us),
};

static_assert(
	sizeof cashier_measures_table / sizeof cashier_measures_table[0] == MEASURES_COUNT, "rows");
