/*
 * identity - parses contacts, folds them, and hashes them.
 */
#include "common/identity.h"

#include <assert.h>
#include <string.h>

/* RFC 5321 section 4.5.3.1, RFC 1035 section 2.3.4. */
#define LOCAL_PART_BYTES_MAX 64u
#define DOMAIN_BYTES_MAX 253u
#define LABEL_BYTES_MAX 63u

/* E.164, without the '+'. */
#define PHONE_DIGITS_MIN 8u
#define PHONE_DIGITS_MAX 15u
#define INDIAN_MOBILE_DIGITS 10u

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

/* Not isalpha(): its answer depends on the locale. */
static bool is_letter(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t';
}

static void to_lower_case(char *bytes, size_t size) {
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] >= 'A' && bytes[i] <= 'Z') {
			bytes[i] = (char)(bytes[i] - 'A' + 'a');
		}
	}
}

/* ---- email ------------------------------------------------------------------------------------- */

/* Parts of an address, in the bytes that it was parsed from. */
struct address {
	const char *local;
	size_t local_size;
	const char *domain;
	size_t domain_size;
};

/* The characters of a dot-atom (RFC 5322 section 3.2.3), without the dot. */
static bool is_local_char(char c) {
	return is_letter(c) || is_digit(c) ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Parts separated by single dots, all of characters that are allowed. */
static bool local_is_valid(const char *local, size_t size) {
	if (size < 1 || size > LOCAL_PART_BYTES_MAX) {
		return false;
	}
	bool after_dot = true;
	for (size_t i = 0; i < size; i++) {
		bool dot = local[i] == '.';
		if (dot ? after_dot : !is_local_char(local[i])) {
			return false;
		}
		after_dot = dot;
	}
	return !after_dot;
}

static bool label_is_valid(const char *label, size_t size) {
	if (size < 1 || size > LABEL_BYTES_MAX || label[0] == '-' || label[size - 1] == '-') {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		if (!is_letter(label[i]) && !is_digit(label[i]) && label[i] != '-') {
			return false;
		}
	}
	return true;
}

/* At least two labels, and the last one begins with a letter: no IP addresses. */
static bool domain_is_valid(const char *domain, size_t size) {
	if (size > DOMAIN_BYTES_MAX) {
		return false;
	}
	size_t labels = 0;
	const char *label = domain;
	const char *end = domain + size;
	for (;;) {
		const char *dot = memchr(label, '.', (size_t)(end - label));
		const char *label_end = dot == NULL ? end : dot;
		if (!label_is_valid(label, (size_t)(label_end - label))) {
			return false;
		}
		labels++;
		if (dot == NULL) {
			return labels >= 2 && is_letter(label[0]);
		}
		label = dot + 1;
	}
}

static bool parse_address(struct address *address, const char *text, size_t size) {
	while (size > 0 && is_blank(text[0])) {
		text++;
		size--;
	}
	while (size > 0 && is_blank(text[size - 1])) {
		size--;
	}
	const char *at = size == 0 ? NULL : memchr(text, '@', size);
	if (at == NULL || size > CONTACT_BYTES_MAX) {
		return false;
	}
	address->local = text;
	address->local_size = (size_t)(at - text);
	address->domain = at + 1;
	address->domain_size = size - address->local_size - 1;
	return local_is_valid(address->local, address->local_size) &&
	       domain_is_valid(address->domain, address->domain_size);
}

/* Writes "local@domain". It fits: nothing here ever gets longer than what was parsed, but for
 * googlemail.com, which gets shorter. */
static void write_address(char target[CONTACT_BYTES_MAX + 1], const struct address *address) {
	assert(address->local_size + 1 + address->domain_size <= CONTACT_BYTES_MAX);
	memcpy(target, address->local, address->local_size);
	target[address->local_size] = '@';
	char *domain = target + address->local_size + 1;
	memcpy(domain, address->domain, address->domain_size);
	domain[address->domain_size] = '\0';
	to_lower_case(domain, address->domain_size);
}

bool identity_deliverable_email(char target[CONTACT_BYTES_MAX + 1], const char *text, size_t size) {
	struct address address;
	if (!parse_address(&address, text, size)) {
		return false;
	}
	write_address(target, &address);
	return true;
}

static bool domain_is(const char *domain, size_t size, const char *name) {
	return size == strlen(name) && memcmp(domain, name, size) == 0;
}

/* Copies what counts of the local part, in lower case; returns its size. */
static size_t fold_local(char *target, const char *local, size_t size, bool without_dots) {
	size_t used = 0;
	for (size_t i = 0; i < size && local[i] != '+'; i++) {
		if (!without_dots || local[i] != '.') {
			target[used++] = local[i];
		}
	}
	to_lower_case(target, used);
	return used;
}

bool identity_normalise_email(char target[CONTACT_BYTES_MAX + 1], const char *text, size_t size) {
	struct address address;
	if (!parse_address(&address, text, size)) {
		return false;
	}
	char domain[DOMAIN_BYTES_MAX];
	memcpy(domain, address.domain, address.domain_size);
	to_lower_case(domain, address.domain_size);
	bool gmail = domain_is(domain, address.domain_size, "gmail.com") ||
		     domain_is(domain, address.domain_size, "googlemail.com");

	char local[LOCAL_PART_BYTES_MAX];
	struct address folded = {
		.local = local,
		.local_size = fold_local(local, address.local, address.local_size, gmail),
		.domain = gmail ? "gmail.com" : domain,
		.domain_size = gmail ? strlen("gmail.com") : address.domain_size,
	};
	/* "+tag@..." leaves nothing, "a.+tag@..." a dot at the end. */
	if (!local_is_valid(folded.local, folded.local_size)) {
		return false;
	}
	write_address(target, &folded);
	return true;
}

/* ---- phone ------------------------------------------------------------------------------------- */

static bool is_phone_decoration(char c) {
	return is_blank(c) || c == '-' || c == '.' || c == '(' || c == ')';
}

/* Copies '+' and digits without decoration. Returns the size, 0 if anything else is in there. */
static size_t strip_phone(char target[PHONE_DIGITS_MAX + 2], const char *text, size_t size) {
	size_t used = 0;
	for (size_t i = 0; i < size; i++) {
		if (is_phone_decoration(text[i])) {
			continue;
		}
		bool plus = text[i] == '+' && used == 0;
		if ((!plus && !is_digit(text[i])) || used == PHONE_DIGITS_MAX + 2) {
			return 0;
		}
		target[used++] = text[i];
	}
	return used;
}

bool identity_normalise_phone(char target[CONTACT_BYTES_MAX + 1], const char *text, size_t size) {
	/* At most "00" and 15 digits. */
	char stripped[PHONE_DIGITS_MAX + 2];
	if (size > CONTACT_BYTES_MAX) {
		return false;
	}
	size_t stripped_size = strip_phone(stripped, text, size);
	const char *digits = stripped;
	size_t digits_count = stripped_size;
	const char *prefix = NULL;
	if (stripped_size >= 1 && stripped[0] == '+') {
		prefix = "+";
		digits += 1;
		digits_count -= 1;
	} else if (stripped_size >= 2 && stripped[0] == '0' && stripped[1] == '0') {
		prefix = "+";
		digits += 2;
		digits_count -= 2;
	} else if (stripped_size == INDIAN_MOBILE_DIGITS && stripped[0] >= '6') {
		prefix = "+91";
	}

	size_t prefix_size = prefix == NULL ? 0 : strlen(prefix);
	if (prefix == NULL || digits_count < PHONE_DIGITS_MIN || digits[0] == '0' ||
		digits_count > PHONE_DIGITS_MAX) {
		return false;
	}
	memcpy(target, prefix, prefix_size);
	memcpy(target + prefix_size, digits, digits_count);
	target[prefix_size + digits_count] = '\0';
	return true;
}

/* ---- identity ---------------------------------------------------------------------------------- */

struct identity identity_of(const struct key *key, enum channel channel, const char *normalised) {
	uint8_t channel_byte = (uint8_t)channel;
	struct part parts[] = {
		{.bytes = &channel_byte, .size = 1},
		{.bytes = normalised, .size = strlen(normalised)},
	};
	struct identity identity;
	crypto_mac(identity.bytes, sizeof identity.bytes, key, "identity", parts, 2);
	return identity;
}
