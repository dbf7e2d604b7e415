/*
 * webhooks - reads what the provider told (stream PAYMENTS), from the position in the books on.
 *
 * Gets messages one by one, several at once, like common/follower.h: so it needs no consumer. That
 * there is a new one is heard from the ingress' own publication (payments.*), which may be here
 * before it is stored; what is not heard is found by looking, every second. Messages of other
 * providers, and what is no event, are left out with a loud line.
 */
#ifndef CASHIER_WEBHOOKS_H
#define CASHIER_WEBHOOKS_H

#include <stdint.h>

#include "cashier/news.h"
#include "common/bus.h"

struct webhooks;

struct webhooks_options {
	struct bus *bus;
	const struct news_names *names;
	struct news *(*collect)(void *owner);
	void (*on_news)(void *owner);
	void *owner;
};

/* Subscribes: call before uv_run. */
struct webhooks *webhooks_create(const struct webhooks_options *options);
/* NULL is allowed. */
void webhooks_destroy(struct webhooks *webhooks);

/* As in line.h. n: the last message that is in the books. */
void webhooks_follow(struct webhooks *webhooks, uint64_t n);
void webhooks_forget(struct webhooks *webhooks);
void webhooks_note(struct webhooks *webhooks, struct news *news);
void webhooks_noted(struct webhooks *webhooks);
void webhooks_resume(struct webhooks *webhooks);

#endif
