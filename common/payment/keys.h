/*
 * keys - what a merchant and a payment provider share: keys to ask with, secrets to be told with.
 *
 * Two structs because two programs have them: who hears webhooks cannot ask for money, and who
 * asks cannot make up webhooks. Read from files by the caller, and borrowed. Only the key id is no
 * secret; never log the others.
 */
#ifndef COMMON_PAYMENT_KEYS_H
#define COMMON_PAYMENT_KEYS_H

struct payment_provider;

struct payment_keys {
	const char *id; /* browsers see it */
	const char *secret;
};

#define PAYMENT_WEBHOOK_SECRETS 2u

/* A provider signs the retries of an old event with the secret of its time. "": none. */
struct payment_webhook_secrets {
	const char *current;
	const char *old;
};

/* Each says in one sentence what is wrong, without repeating any; NULL if nothing is. For the start
 * of a program: the rest of common/payment trusts what was checked here. */
const char *payment_keys_problem(
	const struct payment_provider *provider, const struct payment_keys *keys);
const char *payment_webhook_secrets_problem(const struct payment_webhook_secrets *secrets);

#endif
