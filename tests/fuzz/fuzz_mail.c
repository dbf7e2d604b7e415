/*
 * fuzz_mail - what the notifier finds in the database and hears from servers: mails, SMS, outcomes.
 *
 * The input is a line each for contact, locale, title, time zone and the words of a server; the
 * rest is the pickup text; the first bytes choose template, status and answer. Beyond not crashing:
 * a notice that is true can be told, whatever an admin wrote; a mail has exactly the headers that it
 * must have, and its text part says what was rendered; a form has exactly its five fields; what is
 * kept of a server's words is one harmless line.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/pure/base64.h"
#include "notifier/email.h"
#include "notifier/mime.h"
#include "notifier/gsm.h"
#include "notifier/notice.h"
#include "notifier/render.h"
#include "notifier/sms.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BOUNDARY "\r\n--=_firstcome_part"
#define LINE_COLUMNS_MAX 998u /* RFC 5322 */

static struct transfer transfer;
static struct transfer_reply answer;
static struct sms_templates templates;

/* ---- a notice -------------------------------------------------------------------------------- */

static bool has_control(const char *text) {
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f) {
			return true;
		}
	}
	return false;
}

/* The database keeps valid UTF-8 only, and definition_json lets no control characters through. */
static bool make_notice(struct notice *notice, struct input *input) {
	*notice = (struct notice){
		.campaign_ordinal = 1,
		.number = 1 + input_byte(input),
		.template = (enum template)(1 + input_below(input, TEMPLATE_COUNT - 1)),
		.status = (enum booking_status)(1 + input_below(input, BOOKING_REFUND_DUE)),
		.units = 1 + input_below(input, UNITS_PER_PERSON_MAX),
		.place = 1 + input_byte(input),
		.rank = input_byte(input),
		.booked_at_ms = INT64_C(1795363559123),
		.pay_by_ms = INT64_C(1795363559123) + INT64_C(1000) * input_byte(input),
		.campaign_id = "fuzzed",
	};
	input_line(input, notice->contact, sizeof notice->contact);
	input_line(input, notice->locale, sizeof notice->locale);
	input_line(input, notice->title, sizeof notice->title);
	input_line(input, notice->time_zone, sizeof notice->time_zone);
	input_line(input, answer.words, sizeof answer.words);
	input_rest(input, notice->pickup_text, sizeof notice->pickup_text);
	return text_is_utf8(notice->title, strlen(notice->title)) &&
	       text_is_utf8(notice->time_zone, strlen(notice->time_zone)) &&
	       text_is_utf8(notice->pickup_text, strlen(notice->pickup_text)) &&
	       !has_control(notice->title) && !has_control(notice->time_zone);
}

/* Whether the template has all that it names: a hold has a deadline, a waiting wish its rank. */
static bool is_complete(const struct notice *notice) {
	return notice_is_true(notice) &&
	       (notice->template != TEMPLATE_WAITLISTED || notice->rank != 0);
}

/* ---- mails ----------------------------------------------------------------------------------- */

/* Lines end with CRLF, and nothing else is a control character. */
static void assert_is_mail(const char *mail, size_t size) {
	size_t column = 0;
	for (size_t i = 0; i < size; i++) {
		if (mail[i] == '\r') {
			assert(i + 1 < size);
			assert(mail[i + 1] == '\n');
			assert(column <= LINE_COLUMNS_MAX);
			column = 0;
			i++;
			continue;
		}
		assert(mail[i] >= 0x20 || mail[i] == '\t');
		assert(mail[i] != 0x7f);
		column++;
	}
	assert(column == 0);
}

static const char *assert_headers(const char *mail) {
	static const char *const names[] = {
		"Date: ", "From: ", "To: ", "Subject: ", "Message-ID: ", "Auto-Submitted: ",
		"X-Firstcome-Template: ", "Content-Language: ", "MIME-Version: ", "Content-Type: "};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		assert(strncmp(mail, names[i], strlen(names[i])) == 0);
		do {
			mail = strstr(mail, "\r\n");
			assert(mail != NULL);
			mail += strlen("\r\n");
		} while (*mail == ' ');
	}
	assert(strncmp(mail, "\r\n", 2) == 0);
	return mail;
}

static int hex_value(char c) {
	return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* Both decoders leave out '\r', which a body has before each '\n' only. */
static void decode_quoted_printable(struct text *target, const char *part, const char *end) {
	while (part < end) {
		if (*part == '=' && part[1] == '\r') {
			part += 3;
		} else if (*part == '=') {
			char c = (char)(hex_value(part[1]) * 16 + hex_value(part[2]));
			text_append_char(target, c);
			part += 3;
		} else {
			text_append_bytes(target, part, *part == '\r' ? 0 : 1);
			part++;
		}
	}
}

static void decode_base64(struct text *target, const char *part, const char *end) {
	static char letters[MIME_BYTES_MAX];
	static uint8_t bytes[MIME_BYTES_MAX];
	size_t used = 0;
	size_t size = 0;
	for (; part < end; part++) {
		if (*part != '\r' && *part != '\n') {
			letters[used++] = *part;
		}
	}
	bool valid = base64_decode(bytes, &size, letters, used);
	assert(valid);
	for (size_t i = 0; i < size; i++) {
		bool before_line_end = bytes[i] == '\r' && i + 1 < size && bytes[i + 1] == '\n';
		text_append_bytes(target, (const char *)&bytes[i], before_line_end ? 0 : 1);
	}
}

/* Reads the part that begins at its boundary, and returns where the next one begins. */
static const char *assert_part(const char *boundary, const char *wanted) {
	static char bytes[MIME_BYTES_MAX];
	struct text body = text_init(bytes, sizeof bytes);
	const char *start = strstr(boundary + 1, "\r\n\r\n");
	assert(start != NULL);
	const char *end = strstr(start, BOUNDARY);
	assert(end != NULL);
	const char *encoding = strstr(boundary, "Encoding: ");
	start += strlen("\r\n\r\n");
	if (strncmp(encoding, "Encoding: base64", strlen("Encoding: base64")) == 0) {
		decode_base64(&body, start, end);
	} else {
		decode_quoted_printable(&body, start, end);
	}
	size_t size = strlen(wanted);
	assert(!body.failed);
	assert(body.used >= size);
	assert(memcmp(body.start, wanted, size) == 0);
	/* Quoted-printable ends its last line, whether the text did or not. */
	assert(body.used == size || strcmp(body.start + size, "\n") == 0);
	return end;
}

static void try_email(const struct notice *notice, const struct message *message) {
	static const struct email_settings settings = {
		.from_name = "Firstcome \"बर्गर\"",
		.from_address = "no-reply@example.com",
		.domain = "example.com",
	};
	static struct email_content content;
	bool composed = email_compose(&transfer, &settings, message);
	assert(composed || !is_complete(notice) || !mime_address_is_plain(message->contact));
	if (!composed) {
		return;
	}
	assert(strcmp(transfer.recipient, message->contact) == 0);
	assert(strlen(transfer.body) == transfer.body_size);
	assert_is_mail(transfer.body, transfer.body_size);
	bool rendered =
		render_email(&content, message->template, message->language, &message->variables);
	assert(rendered);
	const char *boundary = assert_headers(transfer.body);
	boundary = assert_part(boundary, content.text);
	boundary = assert_part(boundary, content.html);
	assert(strcmp(boundary, BOUNDARY "--\r\n") == 0);
}

/* ---- SMS ------------------------------------------------------------------------------------- */

/* The next field, which must have this name. */
static const char *assert_field(const char *form, const char *name) {
	size_t size = strlen(name);
	assert(strncmp(form, name, size) == 0);
	assert(form[size] == '=');
	form += size + 1;
	form += strspn(form, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%");
	return form;
}

static void assert_form(const char *form) {
	static const char *const names[] = {"To", "From", "Body", "ContentSid", "ContentVariables"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		form = assert_field(i == 0 ? form : form + 1, names[i]);
		assert(*form == '&' || *form == '\0');
	}
	assert(*form == '\0');
}

static void try_sms(const struct notice *notice, const struct message *message) {
	static struct sms_content content;
	const struct sms_settings settings = {.from = "FSTCOM", .templates = &templates};
	size_t parts = sms_compose(&transfer, &settings, message);
	if (parts == 0) {
		assert(!is_complete(notice) || message->contact[0] != '+' ||
			strspn(message->contact + 1, "0123456789") + 1 !=
				strlen(message->contact) ||
			strlen(message->contact) < 9 || strlen(message->contact) > 16);
		return;
	}
	assert(transfer.body_size == strlen(transfer.body));
	assert_form(transfer.body);
	assert(strpbrk(transfer.header, "\r\n") == NULL);
	bool rendered =
		render_sms(&content, message->template, message->language, &message->variables);
	assert(rendered);
	assert(!has_control(content.body) || strchr(content.body, '\n') != NULL);
	assert(gsm_measure(content.body).parts == parts);
	struct json_object variables;
	json_init(&variables, content.variables, strlen(content.variables));
	assert(!variables.failed);
	json_finish(&variables);
}

/* ---- servers --------------------------------------------------------------------------------- */

/* The words keep no contact, which would be in logs then, and end no quotes. */
static void assert_is_harmless(const struct send_result *result) {
	size_t digits = 0;
	assert(strlen(result->error) < sizeof result->error);
	assert(strlen(result->provider_id) < sizeof result->provider_id);
	for (const char *c = result->error; *c != '\0'; c++) {
		assert(*c >= ' ');
		assert(*c <= '~');
		assert(*c != '"');
		assert(*c != '@');
		digits = *c >= '0' && *c <= '9' ? digits + 1 : 0;
		assert(digits <= 6);
	}
	assert(result->retry_after_ms >= 0);
}

static void try_judges(void) {
	struct send_result result;
	email_judge(&result, &answer);
	assert_is_harmless(&result);
	sms_judge(&result, &answer);
	assert_is_harmless(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const struct key key = {{7}};
	struct input input = {data, size};
	struct notice notice;
	struct notice_words words;
	struct message message;
	const struct notice_facts facts = {
		.booking_key = &key,
		.public_url = "https://tickets.example.com",
		.public_domain = "tickets.example.com",
		.now_ms = INT64_C(1795363559123),
		.booked_at_offset_minutes = 330,
	};
	answer.stage = (enum transfer_stage)input_below(&input, TRANSFER_UNSURE + 1);
	answer.status = 100 * (int)input_below(&input, 7) + (int)input_below(&input, 100);
	/* From the past to what fits nowhere. */
	answer.retry_after_seconds = (INT64_C(1) << input_below(&input, 63)) - 5;
	bool is_storable = make_notice(&notice, &input);
	try_judges();
	if (is_storable) {
		sms_templates_init(&templates);
		notice_message(&message, &words, &notice, &facts);
		try_email(&notice, &message);
		try_sms(&notice, &message);
	}
	return 0;
}
