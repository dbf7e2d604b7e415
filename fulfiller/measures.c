#include "fulfiller/measures.h"

struct fulfiller_measures fulfiller_measures;

#define CAMPAIGNS "firstcome_fulfiller_campaigns", "state=\""
#define CAMPAIGNS_HELP "Campaigns by what this fulfiller does for them."

const struct metric fulfiller_measures_table[MEASURES_COUNT] = {
	{"firstcome_fulfiller_decisions_total", "", "Decisions written to the ledger.",
		METRIC_COUNTER, &fulfiller_measures.decisions, NULL},
	{"firstcome_fulfiller_bookings_total", "", "Bookings written to the ledger.",
		METRIC_COUNTER, &fulfiller_measures.bookings, NULL},
	{"firstcome_fulfiller_changes_total", "", "Changes of bookings written to the ledger.",
		METRIC_COUNTER, &fulfiller_measures.changes, NULL},
	{"firstcome_fulfiller_transactions_total", "", "Transactions that wrote decisions.",
		METRIC_COUNTER, &fulfiller_measures.transactions, NULL},
	{"firstcome_fulfiller_moved_total", "",
		"Plans dropped because the position had moved meanwhile.", METRIC_COUNTER,
		&fulfiller_measures.moved, NULL},
	{CAMPAIGNS "following\"", CAMPAIGNS_HELP, METRIC_GAUGE,
		&fulfiller_measures.campaigns_following, NULL},
	{CAMPAIGNS "waiting\"", CAMPAIGNS_HELP, METRIC_GAUGE, &fulfiller_measures.campaigns_waiting,
		NULL},
	{CAMPAIGNS "stopped\"", CAMPAIGNS_HELP, METRIC_GAUGE, &fulfiller_measures.campaigns_stopped,
		NULL},
	{"firstcome_fulfiller_database_available", "", "1 while the database answers.",
		METRIC_GAUGE, &fulfiller_measures.database_available, NULL},
	{"firstcome_fulfiller_contacts_total", "", "Proven contacts written to the database.",
		METRIC_COUNTER, &fulfiller_measures.contacts, NULL},
	{"firstcome_fulfiller_contacts_unreadable_total", "",
		"Messages in ACCOUNTS that went to the dead letters.", METRIC_COUNTER,
		&fulfiller_measures.contacts_unreadable, NULL},
	{"firstcome_fulfiller_transaction_seconds", "", "How long a transaction took.",
		METRIC_HISTOGRAM, NULL, &fulfiller_measures.transaction_us},
	{"firstcome_fulfiller_lag_seconds", "", "From the log time of a decision to its commit.",
		METRIC_HISTOGRAM, NULL, &fulfiller_measures.lag_us},
};
