/*
 * api - the calls of the HTTP API: from an exchange to the handler of its route.
 *
 * Each handler answers its call exactly once, now or later; each stands in the file api_*.c that is
 * named after what it is about.
 */
#ifndef INGRESS_API_H
#define INGRESS_API_H

#include <stdbool.h>

#include "common/pure/messages.h"
#include "ingress/admission.h"
#include "ingress/call.h"

/* An exchange_handler; context is the application. */
void api_dispatch(void *context, struct exchange *exchange);

/* api_book.c */
void api_book(const struct call *call);
/* api_requests.c */
void api_request(const struct call *call);
/* api_campaigns.c */
void api_availability(const struct call *call);
void api_campaign(const struct call *call);
void api_campaigns(const struct call *call);
void api_definition(const struct call *call);
/* api_sessions.c */
void api_register(const struct call *call);
void api_login(const struct call *call);
/* api_bookings.c */
void api_bookings(const struct call *call);
void api_booking(const struct call *call);
/* api_cancel.c */
void api_cancel(const struct call *call);

/* Whether the body is declared as JSON; answers 415 and returns false if not. */
bool api_require_json(const struct call *call);
/* Takes one from somebody's bucket; answers 429 and returns false if it is empty. */
bool api_admit(const struct call *call, enum admission_rule rule, uint64_t who);
/* Account and identities are keyed hashes already: eight bytes of one name it well enough. */
uint64_t api_who(const uint8_t *hash);
/* The campaign of that name, if everything about it is known; answers 404 or 503 and returns NULL
 * if not. id need not be NUL-terminated. */
struct campaign *api_require_campaign(const struct call *call, const char *id, size_t size);

#endif
