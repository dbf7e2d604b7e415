#include "common/payment/keys.h"

#include <stdbool.h>
#include <string.h>

#include "common/payment/provider.h"

#define KEY_BYTES_MAX 255u
/* A merchant chooses a webhook secret, and who guesses it books for nothing. */
#define WEBHOOK_SECRET_BYTES_MIN 12u

/* Visible ASCII: a blank or a line end is a slip of whoever wrote the file. */
static bool is_plain(const char *text) {
	size_t size = 0;
	while (text[size] > ' ' && text[size] <= '~') {
		size++;
	}
	return text[size] == '\0' && size <= KEY_BYTES_MAX;
}

const char *payment_keys_problem(
	const struct payment_provider *provider, const struct payment_keys *keys) {
	if (keys->id[0] == '\0' || keys->secret[0] == '\0') {
		return "the key id or the key secret is empty";
	}
	if (!is_plain(keys->id) || !is_plain(keys->secret)) {
		return "the key id or the key secret has a blank, a line end or a character that "
		       "is "
		       "not ASCII, or is longer than any";
	}
	/* It ends the user of HTTP Basic. */
	if (strchr(keys->id, ':') != NULL) {
		return "the key id has a colon: id and secret are two files";
	}
	return provider->keys_problem(keys);
}

const char *payment_webhook_secrets_problem(const struct payment_webhook_secrets *secrets) {
	if (secrets->current[0] == '\0') {
		return "the webhook secret is empty";
	}
	if (!is_plain(secrets->current) || !is_plain(secrets->old)) {
		return "a webhook secret has a blank, a line end or a character that is not ASCII, "
		       "or "
		       "is longer than any";
	}
	if (strlen(secrets->current) < WEBHOOK_SECRET_BYTES_MIN ||
		(secrets->old[0] != '\0' && strlen(secrets->old) < WEBHOOK_SECRET_BYTES_MIN)) {
		return "a webhook secret is shorter than 12 characters: who guesses it books for "
		       "nothing";
	}
	if (strcmp(secrets->current, secrets->old) == 0) {
		return "the old webhook secret is the same as the current one: leave it out";
	}
	return NULL;
}
