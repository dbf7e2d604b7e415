/*
 * providers - the table of all payment providers: a line for each.
 */
#include <string.h>

#include "common/payment/provider.h"

#define PROVIDERS(each) each(razorpay) each(stripe)

#define DECLARE(provider) extern const struct payment_provider payment_##provider;
#define LIST(provider) &payment_##provider,

PROVIDERS(DECLARE)
static const struct payment_provider *const providers[] = {PROVIDERS(LIST)};

const struct payment_provider *payment_provider_find(const char *name, size_t size) {
	for (size_t i = 0; i < sizeof providers / sizeof providers[0]; i++) {
		const char *candidate = providers[i]->name;
		if (strlen(candidate) == size && memcmp(candidate, name, size) == 0) {
			return providers[i];
		}
	}
	return NULL;
}
