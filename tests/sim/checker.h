/*
 * checker - looks at everything after a run, and says which of the promises was broken.
 *
 *	checker.c		the streams: what people were told, the order, a second decision of each request
 *	checker_ledger.c	the ledger holds what was decided, once
 *	checker_notices.c	who is owed a message got it, and nobody got it twice
 */
#ifndef TESTS_SIM_CHECKER_H
#define TESTS_SIM_CHECKER_H

#include <stdbool.h>
#include <stdint.h>

enum zero {
	ZERO_OVERSOLD,
	ZERO_UNDERSOLD,
	ZERO_OUT_OF_ORDER,
	ZERO_LOST, /* acknowledged, but lost */
	ZERO_NOTIFIED_TWICE,
	ZERO_DIVERGED, /* two that must be the same are not */
	ZERO_STUCK,    /* no progress though nothing goes wrong any more */
	ZERO_COUNT,
};

/* A promise was broken; format gives a sentence with the names of what it is about. */
void violation(enum zero zero, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Of this run so far. */
uint32_t violations(void);
void checker_begin(void);

/* Everybody is where everybody should be in the end: the run may be over. */
bool checker_is_done(void);
/* It took too long: says who is not there. */
void checker_explain(void);
/* After the end. */
void checker_run(void);

/* ---- of the ledger and the notices, called by the above ---------------------------------------- */

/* All decisions are in the ledger, and no notice is due or on its way. */
bool checker_ledger_is_done(void);
bool checker_notices_are_done(void);
void checker_ledger(void);
void checker_notices(void);

#endif
