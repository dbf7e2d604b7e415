/*
 * tray - what one round takes along: the news, and whom to tell how to pay once they are in the books.
 */
#ifndef CASHIER_TRAY_H
#define CASHIER_TRAY_H

#include <stddef.h>
#include <stdint.h>

#include "cashier/news.h"
#include "common/pure/messages_payment.h"

/* An order that is there. */
struct tray_payable {
	uint32_t campaign; /* ordinal */
	uint32_t number;
	int64_t held_us; /* when the hold came into the books, by the monotonic clock */
	uint16_t json_size;
	char json[PAYABLE_JSON_BYTES_MAX + 1];
};

struct tray {
	struct news news;
	struct tray_payable *payables; /* owned; NULL before the first one */
	size_t payables_count;
	size_t payables_capacity;
};

void tray_finish(struct tray *tray);
void tray_clear(struct tray *tray);
/* Zeroed, for the caller to fill in. Not getting memory is fatal (an assert). */
struct tray_payable *tray_add_payable(struct tray *tray);

#endif
