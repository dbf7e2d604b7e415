/*
 * counts - how much of everything happened in all runs of this process, as a table.
 *
 * A simulation that never sees a promotion proves nothing about promotions.
 */
#ifndef TESTS_SIM_COUNTS_H
#define TESTS_SIM_COUNTS_H

#include "common/pure/messages.h"

void counts_run(void); /* one more */
void counts_decision(const struct decision *decision);
void counts_print(void);

#endif
