#include "fulfiller/measures.h"

struct measures measures;

#define CAMPAIGNS "firstcome_fulfiller_campaigns", "state=\""
#define CAMPAIGNS_HELP "Campaigns by what this fulfiller does for them."

const struct metric measures_table[MEASURES_COUNT] = {
	{"firstcome_fulfiller_decisions_total", "", "Decisions written to the ledger.",
		METRIC_COUNTER, &measures.decisions, NULL},
	{"firstcome_fulfiller_bookings_total", "", "Bookings written to the ledger.",
		METRIC_COUNTER, &measures.bookings, NULL},
	{"firstcome_fulfiller_changes_total", "", "Changes of bookings written to the ledger.",
		METRIC_COUNTER, &measures.changes, NULL},
	{"firstcome_fulfiller_transactions_total", "", "Transactions that wrote decisions.",
		METRIC_COUNTER, &measures.transactions, NULL},
	{"firstcome_fulfiller_moved_total", "",
		"Plans dropped because the position had moved meanwhile.", METRIC_COUNTER,
		&measures.moved, NULL},
	{CAMPAIGNS "following\"", CAMPAIGNS_HELP, METRIC_GAUGE, &measures.campaigns_following,
		NULL},
	{CAMPAIGNS "waiting\"", CAMPAIGNS_HELP, METRIC_GAUGE, &measures.campaigns_waiting, NULL},
	{CAMPAIGNS "stopped\"", CAMPAIGNS_HELP, METRIC_GAUGE, &measures.campaigns_stopped, NULL},
	{"firstcome_fulfiller_database_available", "", "1 while the database answers.",
		METRIC_GAUGE, &measures.database_available, NULL},
	{"firstcome_fulfiller_contacts_total", "", "Proven contacts written to the database.",
		METRIC_COUNTER, &measures.contacts, NULL},
	{"firstcome_fulfiller_contacts_unreadable_total", "",
		"Messages in ACCOUNTS that went to the dead letters.", METRIC_COUNTER,
		&measures.contacts_unreadable, NULL},
	{"firstcome_fulfiller_transaction_seconds", "", "How long a transaction took.",
		METRIC_HISTOGRAM, NULL, &measures.transaction_us},
	{"firstcome_fulfiller_lag_seconds", "", "From the log time of a decision to its commit.",
		METRIC_HISTOGRAM, NULL, &measures.lag_us},
};
