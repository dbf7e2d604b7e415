#include "notifier/settings.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "common/keys.h"
#include "common/log.h"
#include "common/pure/text.h"
#include "common/transfers.h"
#include "notifier/delivery.h"
#include "notifier/mime.h"

struct settings settings;

#define TEXT(name, target, otherwise, help)                                                        \
	{ "FIRSTCOME_" name, PARAMETER_STRING, &settings.target, otherwise, 0, 0, help }
#define SECRET(name, target, help)                                                                 \
	{ "FIRSTCOME_" name, PARAMETER_SECRET, &settings.target, NULL, 0, 0, help }
#define NUMBER(name, target, otherwise, min, max, help)                                            \
	{ "FIRSTCOME_" name, PARAMETER_NUMBER, &settings.target, otherwise, min, max, help }

/* A line for each template and language takes less than a hundred. */
#define SMS_TEMPLATES_FILE_BYTES_MAX 8192

/* A claim must outlive the longest transfer, or a slow server would make duplicates. */
#define CLAIM_SECONDS_MIN 60
_Static_assert(CLAIM_SECONDS_MIN >= 2 * TRANSFERS_SECONDS_MAX, "a claim outlives a transfer");

const struct parameter settings_parameters[] = {
	SECRET("DATABASE_URL", database_url, "Where the ledger and the notices are (PostgreSQL)."),
	TEXT("KEYS_DIR", keys_dir, NULL, "The folder with booking.key."),
	TEXT("PUBLIC_URL", public_url, NULL, "The address of the web page, as people type it."),
	TEXT("SMTP_URL", smtp_url, NULL, "The mail server: smtp://host:port or smtps://host:port."),
	TEXT("SMTP_USER", smtp_user, "", "Login at the mail server; empty: none."),
	TEXT("SMTP_PASSWORD_FILE", smtp_password_file, "", "File with the password of SMTP_USER."),
	TEXT("SMTP_TLS", smtp_tls, "auto",
		"required; offered: where the server offers it; auto: offered on loopback, else "
		"required."),
	TEXT("MAIL_FROM", mail_from, NULL, "Sender of mail: address, or Name <address>."),
	TEXT("SMS_URL", sms_url, NULL, "The SMS provider, e.g. https://api.twilio.com."),
	TEXT("SMS_ACCOUNT", sms_account, NULL, "Account at the SMS provider."),
	TEXT("SMS_TOKEN_FILE", sms_token_file, NULL, "File with the token of that account."),
	TEXT("SMS_FROM", sms_from, NULL, "Sender of SMS: a phone number or a registered name."),
	TEXT("SMS_TEMPLATES_FILE", sms_templates_file, "",
		"Lines 'booked.en <id>' with the registered template ids; empty: the names are the "
		"ids."),
	NUMBER("EMAIL_CONNECTIONS", email_connections, "16", 1, TRANSFERS_CONNECTIONS_MAX,
		"Connections to the mail server for confirmations."),
	NUMBER("EMAIL_PER_SECOND", email_per_second, "0", 0, 100000,
		"Confirmations by email a second, at most; 0: no limit."),
	NUMBER("SMS_CONNECTIONS", sms_connections, "16", 1, TRANSFERS_CONNECTIONS_MAX,
		"Connections to the SMS provider for confirmations."),
	NUMBER("SMS_PER_SECOND", sms_per_second, "0", 0, 100000,
		"Confirmations by SMS a second, at most; 0: no limit."),
	NUMBER("CODE_CONNECTIONS", code_connections, "16", 1, TRANSFERS_CONNECTIONS_MAX,
		"Connections for one-time codes, to each of the two."),
	NUMBER("NOTICES_WINDOW", window, "2000", 10, 20000,
		"Notices of one channel that are claimed at once."),
	NUMBER("CLAIM_SECONDS", claim_seconds, "120", CLAIM_SECONDS_MIN, 3600,
		"After so many seconds a claimed notice counts as left by a dead notifier."),
	NUMBER("RETRY_MS", retry_ms, "5000", 10, DELIVERY_BACKOFF_MS_MAX,
		"Milliseconds before the first retry; doubles each time."),
	NUMBER("POLL_MS", poll_ms, "250", 10, 60000,
		"Milliseconds between two looks for new bookings when there is nothing to do."),
	{NULL, PARAMETER_END, NULL, NULL, 0, 0, NULL},
};

/* ---- taking apart ---------------------------------------------------------------------------- */

bool settings_url_host(char host[DOMAIN_BYTES], const char *url) {
	const char *start = strstr(url, "://");
	if (start == NULL) {
		return false;
	}
	start += strlen("://");
	size_t authority = strcspn(start, "/?#");
	if (memchr(start, '@', authority) != NULL) {
		return false;
	}
	size_t size = start[0] == '[' ? strcspn(start, "]") + 1 : strcspn(start, ":/?#");
	if (size == 0 || size > authority || size >= DOMAIN_BYTES) {
		return false;
	}
	memcpy(host, start, size);
	host[size] = '\0';
	return strspn(host,
		       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-[]:") ==
	       size;
}

bool settings_is_loopback(const char *host) {
	bool is_number = strncmp(host, "127.", 4) == 0 && host[strspn(host, "0123456789.")] == '\0';
	return is_number || strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

bool settings_read_from(
	const char *from, char name[NAME_BYTES_MAX + 1], char address[CONTACT_BYTES_MAX + 1]) {
	const char *open = strchr(from, '<');
	const char *start = open == NULL ? from : open + 1;
	size_t size = strcspn(start, ">");
	bool closed =
		open == NULL ? start[size] == '\0' : start[size] == '>' && start[size + 1] == '\0';
	size_t name_size = open == NULL ? 0 : (size_t)(open - from);
	while (name_size > 0 && from[name_size - 1] == ' ') {
		name_size--;
	}
	if (!closed || size > CONTACT_BYTES_MAX || name_size > NAME_BYTES_MAX) {
		return false;
	}
	memcpy(name, from, name_size);
	name[name_size] = '\0';
	memcpy(address, start, size);
	address[size] = '\0';
	return mime_address_is_plain(address) && text_is_utf8(name, name_size);
}

/* ---- checking -------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *prefix) {
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static void prepare_smtp(void) {
	char host[DOMAIN_BYTES];
	bool is_smtp =
		begins(settings.smtp_url, "smtp://") || begins(settings.smtp_url, "smtps://");
	if (!is_smtp || !settings_url_host(host, settings.smtp_url)) {
		log_fatal(EX_CONFIG, "smtp_url_unreadable",
			"hint=\"set FIRSTCOME_SMTP_URL to smtp://host:port or smtps://host:port, "
			"and the "
			"login in FIRSTCOME_SMTP_USER\"");
	}
	if (strcmp(settings.smtp_tls, "auto") == 0) {
		settings.smtp_tls_required = !settings_is_loopback(host);
	} else if (strcmp(settings.smtp_tls, "required") == 0) {
		settings.smtp_tls_required = true;
	} else if (strcmp(settings.smtp_tls, "offered") != 0) {
		log_fatal(EX_CONFIG, "smtp_tls_unknown",
			"hint=\"set FIRSTCOME_SMTP_TLS to auto, required or offered\"");
	}
	bool has_user = settings.smtp_user[0] != '\0';
	if (has_user != (settings.smtp_password_file[0] != '\0')) {
		log_fatal(EX_CONFIG, "smtp_login_incomplete",
			"hint=\"set both FIRSTCOME_SMTP_USER and FIRSTCOME_SMTP_PASSWORD_FILE, or "
			"none\"");
	}
	if (has_user) {
		settings.smtp_password = parameters_read_secret_file(settings.smtp_password_file);
	}
	if (!settings_read_from(settings.mail_from, settings.from_name, settings.from_address)) {
		log_fatal(EX_CONFIG, "mail_from_unreadable",
			"hint=\"set FIRSTCOME_MAIL_FROM to an address or to Name <address>\"");
	}
	snprintf(settings.from_domain, sizeof settings.from_domain, "%s",
		strchr(settings.from_address, '@') + 1);
}

static void read_sms_templates_file(char lines[SMS_TEMPLATES_FILE_BYTES_MAX + 1]) {
	FILE *file = fopen(settings.sms_templates_file, "re");
	size_t size = file == NULL ? 0 : fread(lines, 1, SMS_TEMPLATES_FILE_BYTES_MAX, file);
	bool whole = file != NULL && ferror(file) == 0 && size < SMS_TEMPLATES_FILE_BYTES_MAX;
	if (file != NULL) {
		fclose(file);
	}
	if (!whole || memchr(lines, '\0', size) != NULL) {
		log_fatal(EX_CONFIG, "sms_templates_unreadable",
			"file=\"%s\" hint=\"FIRSTCOME_SMS_TEMPLATES_FILE must be a text of less "
			"than %d "
			"bytes that this user may read\"",
			settings.sms_templates_file, SMS_TEMPLATES_FILE_BYTES_MAX);
	}
	lines[size] = '\0';
}

static void prepare_sms_templates(void) {
	if (settings.sms_templates_file[0] == '\0') {
		sms_templates_init(&settings.sms_templates);
		return;
	}
	char lines[SMS_TEMPLATES_FILE_BYTES_MAX + 1];
	char error[SMS_TEMPLATES_ERROR_BYTES];
	read_sms_templates_file(lines);
	if (!sms_templates_read(&settings.sms_templates, lines, error)) {
		log_fatal(EX_CONFIG, "sms_templates_unreadable", "file=%s problem=\"%s\"",
			settings.sms_templates_file, error);
	}
}

static void prepare_sms(void) {
	char host[DOMAIN_BYTES];
	bool is_https = begins(settings.sms_url, "https://");
	bool is_url = settings_url_host(host, settings.sms_url) &&
		      (is_https || begins(settings.sms_url, "http://"));
	if (!is_url || (!is_https && !settings_is_loopback(host))) {
		log_fatal(EX_CONFIG, "sms_url_unusable",
			"hint=\"set FIRSTCOME_SMS_URL to https://host; plain http shows the token "
			"to "
			"everybody on the way and is for loopback only\"");
	}
	size_t size = strlen(settings.sms_url);
	size_t slash = settings.sms_url[size - 1] == '/' ? 1 : 0;
	struct text url = text_init(settings.sms_messages_url, sizeof settings.sms_messages_url);
	text_append_bytes(&url, settings.sms_url, size - slash);
	text_append(&url, "/2010-04-01/Accounts/");
	text_append(&url, settings.sms_account);
	text_append(&url, "/Messages.json");
	size_t word = strspn(settings.sms_account,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
	if (url.failed || word == 0 || settings.sms_account[word] != '\0') {
		log_fatal(EX_CONFIG, "sms_account_unusable",
			"hint=\"set FIRSTCOME_SMS_ACCOUNT to the account's id: letters and "
			"digits\"");
	}
	settings.sms_token = parameters_read_secret_file(settings.sms_token_file);
	prepare_sms_templates();
}

void settings_prepare(void) {
	bool is_http =
		begins(settings.public_url, "http://") || begins(settings.public_url, "https://");
	if (!is_http || !settings_url_host(settings.public_domain, settings.public_url) ||
		strlen(settings.public_url) > DOMAIN_BYTES) {
		log_fatal(EX_CONFIG, "public_url_unreadable",
			"hint=\"set FIRSTCOME_PUBLIC_URL to the page's address: https://host\"");
	}
	prepare_smtp();
	prepare_sms();
	keys_load(&settings.booking_key, settings.keys_dir, "booking.key");
}
