#include "notifier/measures.h"

#include <assert.h>

struct notifier_measures notifier_measures;

#define EMAIL 0
#define SMS 1

#define COUNTER(name, labels, help, field)                                                         \
	{ "firstcome_notifier_" name, labels, help, METRIC_COUNTER, &notifier_measures.field, NULL }
#define GAUGE(name, labels, help, field)                                                           \
	{ "firstcome_notifier_" name, labels, help, METRIC_GAUGE, &notifier_measures.field, NULL }
#define HISTOGRAM(name, labels, help, field)                                                       \
	{                                                                                          \
		"firstcome_notifier_" name, labels, help, METRIC_HISTOGRAM, NULL,                  \
			&notifier_measures.field                                                   \
	}

/* One row for each template. */
#define BY_TEMPLATE(name, help, field, channel, label)                                             \
	COUNTER(name, "channel=\"" label "\",template=\"code\"", help,                             \
		field[(channel)][TEMPLATE_CODE]),                                                  \
		COUNTER(name, "channel=\"" label "\",template=\"booked\"", help,                   \
			field[(channel)][TEMPLATE_BOOKED]),                                        \
		COUNTER(name, "channel=\"" label "\",template=\"held\"", help,                     \
			field[(channel)][TEMPLATE_HELD]),                                          \
		COUNTER(name, "channel=\"" label "\",template=\"waitlisted\"", help,               \
			field[(channel)][TEMPLATE_WAITLISTED]),                                    \
		COUNTER(name, "channel=\"" label "\",template=\"promoted\"", help,                 \
			field[(channel)][TEMPLATE_PROMOTED]),                                      \
		COUNTER(name, "channel=\"" label "\",template=\"released\"", help,                 \
			field[(channel)][TEMPLATE_RELEASED]),                                      \
		COUNTER(name, "channel=\"" label "\",template=\"cancelled\"", help,                \
			field[(channel)][TEMPLATE_CANCELLED])

#define BY_OUTCOME(channel, label)                                                                 \
	COUNTER("attempts_total", "channel=\"" label "\",outcome=\"ok\"", ATTEMPTS_HELP,           \
		attempts[(channel)][OUTCOME_OK]),                                                  \
		COUNTER("attempts_total", "channel=\"" label "\",outcome=\"tempfail\"",            \
			ATTEMPTS_HELP, attempts[(channel)][OUTCOME_TEMPFAIL]),                     \
		COUNTER("attempts_total", "channel=\"" label "\",outcome=\"permfail\"",            \
			ATTEMPTS_HELP, attempts[(channel)][OUTCOME_PERMFAIL])

#define SENT_HELP "Messages that a provider has taken."
#define FAILED_HELP "Messages that were given up."
#define ATTEMPTS_HELP "Tries by what the provider said."
#define DUE_HELP "Notices that could be sent now and wait; counted up to 100000."
#define CLAIMED_HELP "Notices in the hands of this notifier."
#define SLOW_HELP "1 while a provider fails and is asked rarely."
#define SEND_HELP "How long one attempt took."

const struct metric notifier_measures_table[MEASURES_COUNT] = {
	BY_TEMPLATE("sent_total", SENT_HELP, sent, EMAIL, "email"),
	BY_TEMPLATE("sent_total", SENT_HELP, sent, SMS, "sms"),
	BY_TEMPLATE("failed_total", FAILED_HELP, failed, EMAIL, "email"),
	BY_TEMPLATE("failed_total", FAILED_HELP, failed, SMS, "sms"),
	BY_OUTCOME(EMAIL, "email"),
	BY_OUTCOME(SMS, "sms"),
	COUNTER("sms_parts_total", "", "Parts of SMS handed over: what providers charge for.",
		sms_parts),
	COUNTER("unsure_total", "", "Tries whose answer got lost: they may have been taken.",
		unsure),
	COUNTER("ambiguous_total", "",
		"Notices sent again because the notifier that had claimed them died.", ambiguous),
	COUNTER("overtaken_total", "", "Notices that had become untrue before they were sent.",
		overtaken),
	COUNTER("bookings_without_contact_total", "",
		"Bookings whose people had no contact yet: they are told when it comes.",
		without_contact),
	COUNTER("codes_expired_total", "", "One-time codes that could not be sent in time.",
		codes_expired),
	COUNTER("codes_unreadable_total", "", "Messages in CODES that went to the dead letters.",
		codes_unreadable),
	GAUGE("due", "channel=\"email\"", DUE_HELP, due[EMAIL]),
	GAUGE("due", "channel=\"sms\"", DUE_HELP, due[SMS]),
	GAUGE("unseen_decisions", "", "Decisions in the ledger that were not looked at yet.",
		unseen),
	GAUGE("oldest_due_seconds", "", "For how long the oldest due notice has been waiting.",
		oldest_due_seconds),
	GAUGE("claimed", "channel=\"email\"", CLAIMED_HELP, claimed[EMAIL]),
	GAUGE("claimed", "channel=\"sms\"", CLAIMED_HELP, claimed[SMS]),
	GAUGE("slow", "channel=\"email\",what=\"notices\"", SLOW_HELP, slow_notices[EMAIL]),
	GAUGE("slow", "channel=\"sms\",what=\"notices\"", SLOW_HELP, slow_notices[SMS]),
	GAUGE("slow", "channel=\"email\",what=\"codes\"", SLOW_HELP, slow_codes[EMAIL]),
	GAUGE("slow", "channel=\"sms\",what=\"codes\"", SLOW_HELP, slow_codes[SMS]),
	GAUGE("database_available", "", "1 while the database answers.", database_available),
	HISTOGRAM(
		"code_seconds", "", "From the wish for a code to the provider's answer.", code_us),
	HISTOGRAM("send_seconds", "channel=\"email\"", SEND_HELP, send_us[EMAIL]),
	HISTOGRAM("send_seconds", "channel=\"sms\"", SEND_HELP, send_us[SMS]),
};

_Static_assert(sizeof notifier_measures_table / sizeof notifier_measures_table[0] == MEASURES_COUNT,
	"rows");

size_t channel_index(enum channel channel) {
	assert(channel == CHANNEL_EMAIL || channel == CHANNEL_SMS);
	return channel == CHANNEL_EMAIL ? EMAIL : SMS;
}
