/*
 * ledger_model - what the probe looks at in a ledger, real or simulated.
 */
#ifndef TESTS_PIPELINE_LEDGER_MODEL_H
#define TESTS_PIPELINE_LEDGER_MODEL_H

#include "notifier/notice.h"

/* No real campaign comes to it: locks are of the whole database, whose own fulfiller is at work. */
#define MODEL_ORDINAL 900000u

void model_begin(const char *url);
void model_end(void);
/* Makes all notices in that state an hour older. */
void model_age(enum delivery_state state);
/* So that a database's choice among equals does not matter: notices that are due get an order. */
void model_rest(void);
/* The state of that notice's row. */
enum delivery_state model_state(const struct notice *notice);
/* Prints all tables, without the times that come from now(). */
void model_dump(void);

#endif
