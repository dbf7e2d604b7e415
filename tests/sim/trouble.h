/*
 * trouble - what goes wrong in a run: which kinds of faults, and how often, by its seed.
 *
 * Swarm testing (Groce, Zhang, Eide, Chen, Regehr: Swarm testing, ISSTA 2012): a run has a random
 * subset of the faults, each at a random rate, because faults of all kinds at once hide those bugs that
 * need many of one kind and none of another. When the time of trouble is over nothing strikes any more,
 * and what was broken is mended; then everything has to come to its end.
 *
 * Who simulates a part asks at each opportunity whether it goes wrong here (trouble_strikes); what acts
 * by itself (crashes, freezes, cuts, clocks) is in trouble.c.
 */
#ifndef TESTS_SIM_TROUBLE_H
#define TESTS_SIM_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

enum trouble {
	/* by themselves, at random times */
	TROUBLE_CRASH,        /* of a node; it starts again after a while */
	TROUBLE_CRASH_OF_ALL, /* all nodes and the broker at once */
	TROUBLE_FREEZE,       /* of a node; it thaws after a while */
	TROUBLE_LONG_FREEZE,  /* of a notifier, until after its claims have run out */
	TROUBLE_LINK_CUT,     /* a connection to the broker breaks */
	TROUBLE_LINK_STALL,   /* nothing gets through for a while, then everything */
	TROUBLE_BROKER_RESTART,
	TROUBLE_CLOCK_STEP, /* of a node */
	TROUBLE_BROKER_CLOCK_STEP,
	TROUBLE_REQUESTS_FULL, /* REQ_ refuses for a while: no room */
	TROUBLE_DECISIONS_FULL,
	TROUBLE_GARBAGE,              /* a message in the line that nobody can read */
	TROUBLE_LEDGER_AWAY,          /* no connection to PostgreSQL for a while */
	TROUBLE_LEDGER_SESSIONS_LOST, /* all sessions end; new ones can be made at once */
	/* a node, at each message that it sends and each transaction that it makes */
	TROUBLE_CRASH_HERE,
	TROUBLE_FREEZE_HERE,
	TROUBLE_LINK_FULL, /* too much is queued: it cannot be sent */
	/* the broker, at each message */
	TROUBLE_ACK_LOST, /* stored, but nobody says so */
	TROUBLE_ACK_LATE, /* after the request has timed out */
	TROUBLE_ACK_TWICE,
	TROUBLE_PUBLISH_LOST,    /* without a break of the connection */
	TROUBLE_PUBLISH_REFUSED, /* "not now": no leader, not ready; nothing was stored */
	TROUBLE_PUBLISH_FORGOTTEN, /* not stored, yet remembered as a duplicate: acknowledged with 0 */
	TROUBLE_DELIVERY_LOST,
	TROUBLE_DELIVERY_TWICE,
	TROUBLE_CONSUMER_GONE,  /* without a word */
	TROUBLE_CONSUMER_ENDED, /* with status 409 */
	TROUBLE_REPUBLISH_LOST,
	TROUBLE_REPUBLISH_TWICE,
	TROUBLE_REPUBLISH_LATE,
	TROUBLE_GET_LOST,
	TROUBLE_GET_LATE,
	TROUBLE_GET_STALE, /* answered by a replica that lags behind */
	/* the way between people and the ingress */
	TROUBLE_ANSWER_LOST, /* the connection breaks before the answer */
	TROUBLE_IMPATIENCE,  /* the person closes the connection, and asks again elsewhere */
	/* PostgreSQL, at each transaction */
	TROUBLE_LEDGER_FAILS_BEFORE, /* the connection breaks; nothing was committed */
	TROUBLE_LEDGER_FAILS_AFTER,  /* committed, but the connection breaks before the answer */
	TROUBLE_LEDGER_SLOW,
	/* mail and SMS, at each message */
	TROUBLE_PROVIDER_REFUSES, /* for now */
	TROUBLE_PROVIDER_REJECTS, /* for good */
	TROUBLE_PROVIDER_SILENT,  /* takes it, and its answer is lost */
	TROUBLE_PROVIDER_HANGS,   /* does not take it, and does not answer for long */
	TROUBLE_PROVIDER_LIES,    /* takes it, and says that it did not, for now */
	TROUBLE_COUNT,
};

/* Draws which faults this run has, and how often, and begins. Ends by itself at until_us. */
void trouble_begin(int64_t until_us);
/* Now, for what is about to happen: goes wrong this way? Counted and traced if so. */
bool trouble_strikes(enum trouble kind);
/* The current node is in the middle of something: now and then it crashes or freezes here, or just
 * after. */
void trouble_step(void);
/* How long something takes that goes wrong: [least, most], mostly short. */
int64_t trouble_duration_us(int64_t least, int64_t most);
/* False before trouble_begin and after its end. */
bool trouble_is_on(void);

const char *trouble_name(enum trouble kind);
/* Over all runs of this process. */
uint64_t trouble_count(enum trouble kind);

#endif
