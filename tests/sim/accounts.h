/*
 * accounts - the work queue ACCOUNTS in short: contacts that people have proven, on their way to the
 * fulfillers.
 *
 * A contact that is not acknowledged comes again, and now and then one comes twice.
 */
#ifndef TESTS_SIM_ACCOUNTS_H
#define TESTS_SIM_ACCOUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "common/pure/messages.h"

void accounts_begin(void);
void accounts_end(void);
/* A person has proven a contact. It reaches the queue after a while. */
void accounts_append(const struct verified_contact *contact);

/* Gives the contacts that are there now, with their names for accounts_acknowledge. */
size_t accounts_take(struct verified_contact *contacts, size_t *names, size_t count_max);
void accounts_acknowledge(const size_t *names, size_t count);
/* How many are not acknowledged yet. */
size_t accounts_left(void);

#endif
