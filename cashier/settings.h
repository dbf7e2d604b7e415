/*
 * settings - what an operator may set, checked and taken apart.
 *
 * The rows are read by common/parameters; settings_prepare then looks at what a row's type cannot
 * say. Everything wrong here is fatal, with a line that says what to do.
 */
#ifndef CASHIER_SETTINGS_H
#define CASHIER_SETTINGS_H

#include <stdint.h>

#include "common/crypto.h"
#include "common/parameters.h"
#include "common/payment/provider.h"

struct settings {
	/* As given. */
	const char *database_url;
	const char *keys_dir;
	const char *provider_name;
	const char *payment_url; /* "": the provider's own; after settings_prepare never */
	const char *key_id_file;
	const char *key_secret_file;
	const char *checkout_url; /* template; "": none */
	int64_t connections;
	int64_t claim_seconds;
	int64_t retry_ms;
	int64_t poll_ms;
	int64_t capture_after_ms;
	int64_t reconcile_seconds;
	int64_t reconcile_per_second;

	/* Taken apart by settings_prepare. */
	const struct payment_provider *provider;
	struct payment_keys keys;
	struct key booking_key;
};

extern struct settings settings;
/* Ends with PARAMETER_END. */
extern const struct parameter settings_parameters[];

/* After the parameters were read. */
void settings_prepare(void);

#endif
