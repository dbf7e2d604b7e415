/*
 * mime - headers in mime.c, the encodings of words and bodies in mime_encoding.c.
 */
#include "notifier/mime.h"

#include <string.h>

#include "common/pure/timestamp.h"
#include "notifier/mime_encoding.h"

/* '=' cannot be followed by '_' in quoted-printable, and base64 has no '_': no part can contain
 * it. */
#define BOUNDARY "=_firstcome_part"

#define ADDRESS_BYTES_MAX 254u

static bool is_printable_ascii(const char *value) {
	for (; *value != '\0'; value++) {
		if (*value < 0x20 || *value > 0x7e) {
			return false;
		}
	}
	return true;
}

static bool has_control(const char *value) {
	for (; *value != '\0'; value++) {
		if ((unsigned char)*value < 0x20 || *value == 0x7f) {
			return true;
		}
	}
	return false;
}

bool mime_address_is_plain(const char *address) {
	const char *at = strchr(address, '@');
	return at != NULL && at != address && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
	       strlen(address) <= ADDRESS_BYTES_MAX && is_printable_ascii(address) &&
	       strpbrk(address, " \"(),:;<>[\\]") == NULL;
}

/* "Sun, 22 Nov 2026 16:05:59 +0000", cut from the RFC 3339 form so that calendars stay in one
 * place. */
static void append_date(struct text *target, int64_t time_ms) {
	static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	char iso[40];
	struct text stamp = text_init(iso, sizeof iso);
	timestamp_append(&stamp, time_ms, 0);
	int month = (iso[5] - '0') * 10 + (iso[6] - '0');
	text_append(target, days[time_ms / 86400000 % 7]); /* 1970-01-01 was a Thursday */
	text_append(target, ", ");
	text_append_bytes(target, iso + 8, 2);
	text_append_char(target, ' ');
	text_append(target, months[month - 1]);
	text_append_char(target, ' ');
	text_append_bytes(target, iso, 4);
	text_append_char(target, ' ');
	text_append_bytes(target, iso + 11, 8);
	text_append(target, " +0000");
}

static void append_quoted(struct text *target, const char *words) {
	text_append_char(target, '"');
	for (; *words != '\0'; words++) {
		if (*words == '"' || *words == '\\') {
			text_append_char(target, '\\');
		}
		text_append_char(target, *words);
	}
	text_append_char(target, '"');
}

static void append_from(struct text *target, const struct mail *mail) {
	text_append(target, "From: ");
	if (mail->from_name[0] == '\0') {
		text_append(target, mail->from_address);
	} else {
		if (is_printable_ascii(mail->from_name)) {
			append_quoted(target, mail->from_name);
		} else {
			mime_append_words(target, mail->from_name, strlen("From: "));
		}
		text_append(target, "\r\n <");
		text_append(target, mail->from_address);
		text_append_char(target, '>');
	}
	text_append(target, "\r\n");
}

static void append_header(struct text *target, const char *name, const char *value) {
	text_append(target, name);
	text_append(target, ": ");
	text_append(target, value);
	text_append(target, "\r\n");
}

static void append_headers(struct text *target, const struct mail *mail) {
	text_append(target, "Date: ");
	append_date(target, mail->date_ms);
	text_append(target, "\r\n");
	append_from(target, mail);
	append_header(target, "To", mail->to);
	text_append(target, "Subject: ");
	mime_append_words(target, mail->subject, strlen("Subject: "));
	text_append(target, "\r\nMessage-ID: <");
	text_append(target, mail->message_id);
	text_append(target, ">\r\n");
	append_header(target, "Auto-Submitted", "auto-generated");
	append_header(target, "X-Firstcome-Template", mail->template);
	append_header(target, "Content-Language", mail->language);
	append_header(target, "MIME-Version", "1.0");
	append_header(
		target, "Content-Type", "multipart/alternative;\r\n boundary=\"" BOUNDARY "\"");
}

static void append_part(struct text *target, const char *type, const char *body) {
	text_append(target, "\r\n--" BOUNDARY "\r\nContent-Type: ");
	text_append(target, type);
	text_append(target, "; charset=utf-8\r\nContent-Transfer-Encoding: ");
	if (mime_quoted_printable_size(body) <= mime_base64_size(strlen(body))) {
		text_append(target, "quoted-printable\r\n\r\n");
		mime_append_quoted_printable(target, body);
	} else {
		text_append(target, "base64\r\n\r\n");
		mime_append_base64_body(target, body);
	}
}

static bool is_acceptable(const struct mail *mail) {
	return mime_address_is_plain(mail->from_address) && mime_address_is_plain(mail->to) &&
	       mime_address_is_plain(mail->message_id) && is_printable_ascii(mail->template) &&
	       is_printable_ascii(mail->language) && !has_control(mail->from_name) &&
	       !has_control(mail->subject) && mail->date_ms >= 0 &&
	       mail->date_ms <= TIMESTAMP_MS_MAX;
}

bool mime_write(struct text *target, const struct mail *mail) {
	if (!is_acceptable(mail)) {
		return false;
	}
	append_headers(target, mail);
	append_part(target, "text/plain", mail->text);
	append_part(target, "text/html", mail->html);
	text_append(target, "\r\n--" BOUNDARY "--\r\n");
	return !target->failed;
}
