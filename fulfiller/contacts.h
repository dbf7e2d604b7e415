/*
 * contacts - carries proven contacts from the work queue ACCOUNTS into PostgreSQL.
 *
 *	pull ──▶ hold, up to CONTACTS_WINDOW ──▶ one transaction ──▶ acknowledge ──▶ pull ...
 *	              └── unreadable ──▶ dead letters ──▶ acknowledge
 *
 * A message is acknowledged only after the transaction that has it, or after the dead letters have it;
 * the queue delivers again what was not. So it may be written twice, which does no harm
 * (remember_contact in deploy/postgres). While the database is away nothing more is pulled.
 */
#ifndef FULFILLER_CONTACTS_H
#define FULFILLER_CONTACTS_H

#include "common/bus.h"
#include "fulfiller/store.h"

struct uv_loop_s;

#define CONTACTS_WINDOW 100u
/* How long a contact waits for others to share its transaction. */
#define CONTACTS_TICK_MS 50

struct contacts;

struct contacts *contacts_create(struct uv_loop_s *loop, struct bus *bus, struct store *store);
/* Frees it in the next turn of the loop. NULL is allowed. */
void contacts_destroy(struct contacts *contacts);
/* Pulls nothing more, and tries once to write what is held. */
void contacts_end(struct contacts *contacts);
/* Why no contacts are written any more, as a sentence; "" while all is well. */
const char *contacts_reason(const struct contacts *contacts);

#endif
