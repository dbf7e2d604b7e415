/*
 * teller - tells the line of payments (req.<c>.pay), in batches, until each is stored.
 *
 *	teller_tell ─▶ batch of a campaign ─▶ publish ──stored──▶ handler
 *	                                        ▲   │
 *	                                        └───┘ unknown: the same bytes with the same message id
 *
 * Telling twice is harmless (the line remembers payments, refunds have one key), so a batch that
 * cannot be stored for long is given up, and its payments come again with another one.
 */
#ifndef CASHIER_TELLER_H
#define CASHIER_TELLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cashier/books.h"
#include "common/bus.h"

/* Batches under way. */
#define TELLER_BATCHES_MAX 64u

struct teller;

/* Called on the loop once for each payment that was to be told, never from inside teller_tell. */
typedef void (*teller_handler)(
	void *owner, const char *payment_id, enum pay_state state, bool stored);

struct teller *teller_create(struct bus *bus, teller_handler handler, void *owner);
/* Forgets what is under way. NULL is allowed. */
void teller_destroy(struct teller *teller);

/* Whether teller_tell may be called. */
bool teller_has_room(const struct teller *teller);
/* Payments of any campaigns, at most BOOKS_TELLS_MAX. */
void teller_tell(struct teller *teller, const struct tell *tells, size_t count);
uint32_t teller_under_way(const struct teller *teller);

#endif
