#include "cashier/settings.h"

#include <assert.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "common/keys.h"
#include "common/log.h"
#include "common/payment/checkout.h"
#include "common/transfers.h"

struct settings settings;

#define TEXT(name, target, otherwise, help)                                                        \
	{ "FIRSTCOME_" name, PARAMETER_STRING, &settings.target, otherwise, 0, 0, help }
#define NUMBER(name, target, otherwise, min, max, help)                                            \
	{ "FIRSTCOME_" name, PARAMETER_NUMBER, &settings.target, otherwise, min, max, help }

/* A claim must outlive the longest job: several calls one after the other. */
#define CLAIM_SECONDS_MIN 120
static_assert(CLAIM_SECONDS_MIN > 4 * TRANSFERS_SECONDS_MAX, "a claim outlives a job");

const struct parameter settings_parameters[] = {
	{"FIRSTCOME_DATABASE_URL", PARAMETER_SECRET, &settings.database_url, NULL, 0, 0,
		"Where the ledger and the books are (PostgreSQL)."},
	TEXT("KEYS_DIR", keys_dir, NULL, "The folder with booking.key."),
	TEXT("PAYMENT_PROVIDER", provider_name, "razorpay",
		"Who takes the money: razorpay or stripe. Not to be changed while orders are "
		"open."),
	TEXT("PAYMENT_URL", payment_url, "", "The provider's address; empty: its own."),
	TEXT("PAYMENT_KEY_ID_FILE", key_id_file, NULL, "File with the key id of the provider."),
	TEXT("PAYMENT_KEY_SECRET_FILE", key_secret_file, NULL, "File with the secret of that key."),
	TEXT("CHECKOUT_URL", checkout_url, "",
		"A page to pay on, with {order_id} in it; empty: the buyer's page does it with the "
		"provider's script."),
	NUMBER("PAYMENT_CONNECTIONS", connections, "48", 12, TRANSFERS_CONNECTIONS_MAX,
		"Connections to the provider: so many calls at once."),
	NUMBER("CLAIM_SECONDS", claim_seconds, "180", CLAIM_SECONDS_MIN, 3600,
		"After so many seconds what was begun counts as left."),
	NUMBER("PAYMENT_RETRY_MS", retry_ms, "1000", 10, 60000,
		"Milliseconds before the first retry; doubles each time, up to a minute."),
	NUMBER("POLL_MS", poll_ms, "100", 10, 2000,
		"Milliseconds between two looks for what is due when nothing comes in."),
	NUMBER("CAPTURE_AFTER_MS", capture_after_ms, "5000", 0, 600000,
		"Milliseconds before an authorised payment is captured, if the provider does not "
		"do so by itself."),
	NUMBER("RECONCILE_SECONDS", reconcile_seconds, "900", 1, 3600,
		"Seconds after its deadline at which a silent order is asked about; then after 8, "
		"96 and 288 times as many."),
	NUMBER("RECONCILE_PER_SECOND", reconcile_per_second, "20", 1, 1000,
		"Silent orders asked about a second, at most."),
	{NULL, PARAMETER_END, NULL, NULL, 0, 0, NULL},
};

static bool begins(const char *text, const char *prefix) {
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* http is for tests: whoever is on the way could read the keys. */
static bool is_loopback(const char *url) {
	return begins(url, "http://127.0.0.1:") || begins(url, "http://localhost:") ||
	       begins(url, "http://[::1]:");
}

static void prepare_url(void) {
	if (settings.payment_url[0] == '\0') {
		settings.payment_url = settings.provider->address;
	}
	size_t size = strlen(settings.payment_url);
	bool is_url = begins(settings.payment_url, "https://") || is_loopback(settings.payment_url);
	if (!is_url || size >= TRANSFER_URL_BYTES || settings.payment_url[size - 1] == '/' ||
		strchr(settings.payment_url, '@') != NULL) {
		log_fatal(EX_CONFIG, "payment_url_unusable",
			"hint=\"set FIRSTCOME_PAYMENT_URL to https://host without a slash at the "
			"end, or leave it out; plain http is for loopback only\"");
	}
}

static void prepare_keys(void) {
	settings.keys = (struct payment_keys){
		.id = parameters_read_secret_file(settings.key_id_file),
		.secret = parameters_read_secret_file(settings.key_secret_file),
	};
	const char *problem = payment_keys_problem(settings.provider, &settings.keys);
	if (problem != NULL) {
		log_fatal(EX_CONFIG, "payment_keys_unusable",
			"problem=\"%s\" hint=\"mend FIRSTCOME_PAYMENT_KEY_ID_FILE and "
			"FIRSTCOME_PAYMENT_KEY_SECRET_FILE\"",
			problem);
	}
}

void settings_prepare(void) {
	settings.provider =
		payment_provider_find(settings.provider_name, strlen(settings.provider_name));
	if (settings.provider == NULL) {
		log_fatal(EX_CONFIG, "payment_provider_unknown",
			"hint=\"set FIRSTCOME_PAYMENT_PROVIDER to razorpay or stripe\"");
	}
	const char *problem = payment_checkout_template_problem(settings.checkout_url);
	if (problem != NULL) {
		log_fatal(EX_CONFIG, "checkout_url_unusable",
			"problem=\"%s\" hint=\"mend FIRSTCOME_CHECKOUT_URL\"", problem);
	}
	prepare_url();
	prepare_keys();
	keys_load(&settings.booking_key, settings.keys_dir, "booking.key");
}
