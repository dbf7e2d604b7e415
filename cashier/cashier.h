/*
 * cashier - brings together who reads, who asks the provider, who tells the line, and the books.
 *
 *	lines (decisions) ──┐                               ┌──▶ clerk ──▶ provider
 *	webhooks ───────────┼──▶ tray ──▶ books_round ──────┼──▶ teller ──▶ req.<c>.pay
 *	clerk, teller ──────┘   (one at a time, on a        └──▶ payable.<ordinal>
 *	    (what became of it)  worker thread)
 *
 *	          another one has the lock           a round failed
 *	             ┌─────────┐                    ┌──────────────┐
 *	             ▼         │                    ▼              │
 *	(start) ──▶ opening ───┴── lock, positions ──▶ active ─────┴──▶ opening
 *
 * Nothing is kept in memory that is not in the books, in the streams or at the provider: so after a
 * round of which nobody knows whether it was written, everything is forgotten and read again from
 * the positions, as at the start, and by whoever takes over. Nothing is said to anybody (provider,
 * line, buyers) before the round that decided it is committed.
 *
 * While news come in, rounds follow each other at once; else every FIRSTCOME_POLL_MS.
 */
#ifndef CASHIER_CASHIER_H
#define CASHIER_CASHIER_H

#include "common/service.h"

/* The hooks of the program; there is one cashier in a process. */
void cashier_prepare(struct service *service);
void cashier_start(struct service *service);
/* Claims no more, lets what is under way end (in bounded time), and writes it. */
void cashier_drain(struct service *service);
void cashier_stop(struct service *service);

#endif
