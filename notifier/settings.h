/*
 * settings - what an operator may set, checked and taken apart.
 *
 * The rows are read by common/parameters; settings_prepare then looks at what a row's type cannot
 * say (addresses, URLs, files). Everything wrong here is fatal, with a line that says what to do.
 */
#ifndef NOTIFIER_SETTINGS_H
#define NOTIFIER_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/crypto.h"
#include "common/parameters.h"
#include "common/pure/limits.h"
#include "notifier/sms_templates.h"

#define DOMAIN_BYTES 254u
#define NAME_BYTES_MAX 128u

struct settings {
	/* As given. */
	const char *database_url;
	const char *keys_dir;
	const char *public_url;
	const char *smtp_url;
	const char *smtp_user; /* "": no login */
	const char *smtp_password_file;
	const char *smtp_tls; /* "required", "offered", "auto" */
	const char *mail_from;
	const char *sms_url;
	const char *sms_account;
	const char *sms_token_file;
	const char *sms_from;
	const char *sms_templates_file; /* "": the names of the templates are their ids */
	int64_t email_connections;
	int64_t email_per_second; /* 0: no limit */
	int64_t sms_connections;
	int64_t sms_per_second;
	int64_t code_connections; /* for each channel */
	int64_t window;           /* notices claimed at once, for each channel */
	int64_t claim_seconds;
	int64_t retry_ms;
	int64_t poll_ms;

	/* Taken apart by settings_prepare. */
	bool smtp_tls_required;
	char from_name[NAME_BYTES_MAX + 1];
	char from_address[CONTACT_BYTES_MAX + 1];
	char from_domain[DOMAIN_BYTES];
	char public_domain[DOMAIN_BYTES];
	char sms_messages_url[512];
	const char *smtp_password; /* NULL: no login */
	const char *sms_token;
	struct sms_templates sms_templates;
	struct key booking_key;
};

extern struct settings settings;
/* Ends with PARAMETER_END. */
extern const struct parameter settings_parameters[];

/* After the parameters were read. */
void settings_prepare(void);

/* The host of scheme://host[:port][/...], e.g. "tickets.example.com". False if it is no such URL,
 * or has a name and a password in it, which would end up in logs. */
bool settings_url_host(char host[DOMAIN_BYTES], const char *url);
/* "Name <address>", or just the address. False if it is neither. */
bool settings_read_from(
	const char *from, char name[NAME_BYTES_MAX + 1], char address[CONTACT_BYTES_MAX + 1]);
bool settings_is_loopback(const char *host);

#endif
