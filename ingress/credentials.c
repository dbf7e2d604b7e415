#include "ingress/credentials.h"

#include <string.h>

#include "common/identity.h"

/* Longer than any contact, so that one that is too long is told so as a contact. */
#define TYPED_BYTES_MAX 512u

/* The language of a BCP 47 tag or an Accept-Language list, "en" if it cannot be told. */
static void write_locale(char locale[8], struct http_slice tag) {
	size_t letters = 0;
	while (letters < tag.size &&
		((tag.start[letters] | 0x20) >= 'a' && (tag.start[letters] | 0x20) <= 'z')) {
		letters++;
	}
	if (letters < 2 || letters > 3) {
		memcpy(locale, "en", sizeof "en");
		return;
	}
	for (size_t i = 0; i < letters; i++) {
		locale[i] = (char)(tag.start[i] | 0x20);
	}
	locale[letters] = '\0';
}

/* Exactly one of email and phone. False if it is none. */
static bool read_contact(struct credentials *credentials, struct json_object *body) {
	const char *email = json_string_or(body, "email", TYPED_BYTES_MAX, NULL);
	const char *phone = json_string_or(body, "phone", TYPED_BYTES_MAX, NULL);
	if (body->failed || (email == NULL) == (phone == NULL)) {
		return false;
	}
	if (email != NULL) {
		credentials->channel = CHANNEL_EMAIL;
		size_t size = strlen(email);
		return identity_normalise_email(credentials->normalised, email, size) &&
		       identity_deliverable_email(credentials->contact, email, size);
	}
	credentials->channel = CHANNEL_SMS;
	if (!identity_normalise_phone(credentials->normalised, phone, strlen(phone))) {
		return false;
	}
	memcpy(credentials->contact, credentials->normalised, sizeof credentials->contact);
	return true;
}

enum credentials_outcome credentials_read(struct credentials *credentials,
	char error[JSON_ERROR_BYTES], struct http_slice body, const struct credentials_call *call) {
	*credentials = (struct credentials){0};
	struct json_object object;
	json_init(&object, body.start == NULL ? "" : body.start, body.size);
	bool is_contact = read_contact(credentials, &object);
	const char *locale = json_string_or(&object, "locale", TYPED_BYTES_MAX, NULL);
	write_locale(credentials->locale, locale == NULL
						  ? call->accept_language
						  : (struct http_slice){locale, strlen(locale)});
	if (call->is_login) {
		const char *code = json_string(&object, "code", CREDENTIALS_CODE_BYTES_MAX);
		memcpy(credentials->code, code, strlen(code) + 1); /* json_string has bounded it */
	}
	json_refuse_unknown(&object);
	bool is_readable = !object.failed;
	memcpy(error, object.error, JSON_ERROR_BYTES);
	json_finish(&object);
	if (!is_readable) {
		return CREDENTIALS_BAD_BODY;
	}
	return is_contact ? CREDENTIALS_READ : CREDENTIALS_BAD_CONTACT;
}
