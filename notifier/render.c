/*
 * render - one pass over a sentence, and the two layouts of an email.
 */
#include "notifier/render.h"

#include <assert.h>
#include <string.h>

/* ---- sentences ------------------------------------------------------------------------------- */

/* The next "{{name}}" in a sentence. */
struct placeholder {
	const char *start; /* NULL if there is none */
	const char *end;   /* after the braces */
	enum variable which;
	bool known;
};

static struct placeholder placeholder_next(const char *sentence) {
	struct placeholder found = {.start = strstr(sentence, "{{")};
	if (found.start == NULL) {
		return found;
	}
	const char *name = found.start + 2;
	const char *close = strstr(name, "}}");
	if (close == NULL) {
		found.end = name + strlen(name);
		return found;
	}
	found.end = close + 2;
	found.known = variable_parse(name, (size_t)(close - name), &found.which);
	return found;
}

static void append_html(struct text *target, char c) {
	switch (c) {
	case '&':
		text_append(target, "&amp;");
		break;
	case '<':
		text_append(target, "&lt;");
		break;
	case '>':
		text_append(target, "&gt;");
		break;
	case '"':
		text_append(target, "&quot;");
		break;
	case '\'':
		text_append(target, "&#39;");
		break;
	case '\n':
		text_append(target, "<br>");
		break;
	default:
		text_append_char(target, c);
		break;
	}
}

static bool is_control(char c) {
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* The bytes of the first SMS_VARIABLE_CHARACTERS_MAX characters of UTF-8. */
static size_t short_size(const char *value) {
	size_t characters = 0;
	size_t i = 0;
	for (; value[i] != '\0'; i++) {
		bool begins = ((unsigned char)value[i] & 0xc0) != 0x80;
		if (begins && characters++ == SMS_VARIABLE_CHARACTERS_MAX) {
			break;
		}
	}
	return i;
}

static void append_value(struct text *target, const char *value, enum escaping escaping) {
	size_t size = escaping == ESCAPING_SHORT ? short_size(value) : strlen(value);
	for (size_t i = 0; i < size; i++) {
		if (escaping == ESCAPING_HTML) {
			append_html(target, value[i]);
		} else if (escaping != ESCAPING_NONE && is_control(value[i])) {
			text_append_char(target, ' ');
		} else {
			text_append_char(target, value[i]);
		}
	}
}

/* What must arrive whole whatever a template's registration allows: half a link is worth nothing. */
static bool is_never_cut(enum variable which) {
	return which == VARIABLE_URL || which == VARIABLE_DOMAIN;
}

static enum escaping escaping_of(enum variable which, enum escaping wanted) {
	return wanted == ESCAPING_SHORT && is_never_cut(which) ? ESCAPING_LINE : wanted;
}

/* The sentence's own words: translators write plain text, so they are escaped like a value. */
static void append_words(
	struct text *target, const char *words, size_t size, enum escaping escaping) {
	for (size_t i = 0; i < size; i++) {
		if (escaping == ESCAPING_HTML) {
			append_html(target, words[i]);
		} else {
			text_append_char(target, words[i]);
		}
	}
}

bool render_fill(struct text *target, const char *sentence, const struct variables *variables,
	enum escaping escaping) {
	const char *rest = sentence;
	struct placeholder next = placeholder_next(rest);
	while (next.start != NULL) {
		append_words(target, rest, (size_t)(next.start - rest), escaping);
		if (!next.known || variables->values[next.which] == NULL) {
			return false;
		}
		append_value(
			target, variables->values[next.which], escaping_of(next.which, escaping));
		rest = next.end;
		next = placeholder_next(rest);
	}
	append_words(target, rest, strlen(rest), escaping);
	return true;
}

/* ---- email ----------------------------------------------------------------------------------- */

/* One email on its way: what both layouts need. */
struct email {
	struct text text;
	struct text html;
	const struct language_texts *texts;
	const struct variables *variables;
	bool complete; /* no sentence lacked a value so far */
};

/* A sentence into both parts, each with what goes around it there. */
static void append_sentence(struct email *email, const char *sentence, const char *html_before,
	const char *html_after, const char *text_after) {
	text_append(&email->html, html_before);
	email->complete &= render_fill(&email->text, sentence, email->variables, ESCAPING_NONE);
	email->complete &= render_fill(&email->html, sentence, email->variables, ESCAPING_HTML);
	text_append(&email->html, html_after);
	text_append(&email->text, text_after);
}

static void append_highlight(struct email *email, enum variable which) {
	const char *value = email->variables->values[which];
	if (value == NULL) {
		email->complete = false;
		return;
	}
	text_append(&email->text, "    ");
	append_value(&email->text, value, ESCAPING_LINE);
	text_append(&email->text, "\n\n");
	text_append(&email->html,
		"<p style=\"font:700 26px/1.3 ui-monospace,Menlo,Consolas,monospace;"
		"letter-spacing:1px;text-align:center;margin:24px 0;padding:16px;"
		"border-radius:16px;background:#e0803022\">");
	append_value(&email->html, value, ESCAPING_HTML);
	text_append(&email->html, "</p>\n");
}

/* A point in time is followed by its zone, in words and as an offset. */
static const char *fact_suffix(enum variable which) {
	if (which == VARIABLE_TIME) {
		return " ({{zone}}, {{offset}})";
	}
	return which == VARIABLE_PAY_BY ? " ({{zone}}, {{pay_by_offset}})" : "";
}

static void append_fact(struct email *email, enum variable which) {
	const char *value = email->variables->values[which];
	const char *label = email->texts->labels[which];
	assert(label != NULL);
	text_append(&email->text, label);
	text_append(&email->text, which == VARIABLE_PICKUP ? ":\n" : ": ");
	append_value(&email->text, value, ESCAPING_NONE);
	text_append(&email->html,
		"<tr><th style=\"text-align:left;vertical-align:top;padding:4px 16px 4px 0;"
		"min-width:5em;font-weight:400;opacity:.7\">");
	append_value(&email->html, label, ESCAPING_HTML);
	text_append(&email->html, "</th><td style=\"vertical-align:top;padding:4px 0\">");
	append_value(&email->html, value, ESCAPING_HTML);
	append_sentence(email, fact_suffix(which), "", "</td></tr>\n", "\n");
}

static void append_facts(struct email *email, enum template which) {
	const enum variable *facts = template_facts(which);
	bool any = false;
	for (; *facts != VARIABLE_COUNT; facts++) {
		if (email->variables->values[*facts] == NULL) {
			continue;
		}
		if (!any) {
			text_append(&email->html, "<table style=\"border-collapse:collapse\">\n");
		}
		any = true;
		append_fact(email, *facts);
	}
	if (any) {
		text_append(&email->html, "</table>\n");
		text_append(&email->text, "\n");
	}
}

static void append_html_head(struct email *email) {
	text_append(&email->html, "<!DOCTYPE html>\n<html lang=\"");
	text_append(&email->html, email->texts->code);
	text_append(&email->html,
		"\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n</head>\n"
		"<body style=\"margin:0;padding:24px\">\n"
		"<div style=\"max-width:34em;margin:0 auto;font:16px/1.5 system-ui,-apple-system,"
		"'Segoe UI',Roboto,'Noto Sans','Noto Sans Devanagari',sans-serif\">\n");
}

bool render_email(struct email_content *content, enum template which, enum language language,
	const struct variables *variables) {
	const struct language_texts *texts = texts_of(language);
	const struct template_text *words = &texts->templates[which];
	struct text subject = text_init(content->subject, sizeof content->subject);
	struct email email = {
		.text = text_init(content->text, sizeof content->text),
		.html = text_init(content->html, sizeof content->html),
		.texts = texts,
		.variables = variables,
		.complete = render_fill(&subject, words->subject, variables, ESCAPING_LINE),
	};
	append_html_head(&email);
	append_sentence(&email, words->heading, "<h1 style=\"font-size:22px;margin:0 0 12px\">",
		"</h1>\n", "\n\n");
	append_sentence(&email, words->lead, "<p>", "</p>\n", "\n\n");
	append_highlight(&email, template_highlight(which));
	append_facts(&email, which);
	append_sentence(&email, words->closing, "<p>", "</p>\n", "\n\n-- \n");
	append_sentence(&email, texts->footer, "<p style=\"font-size:13px;opacity:.7\">",
		"</p>\n</div>\n</body>\n</html>\n", "\n");
	return email.complete && !subject.failed && !email.text.failed && !email.html.failed;
}

/* ---- SMS ------------------------------------------------------------------------------------- */

/* Each variable that the sentence names, once, in the order of enum variable. */
static void append_json_variables(
	struct text *target, const char *sentence, const struct variables *variables) {
	bool named[VARIABLE_COUNT] = {false};
	for (struct placeholder next = placeholder_next(sentence); next.start != NULL;
		next = placeholder_next(next.end)) {
		assert(next.known);
		named[next.which] = true;
	}
	const char *separator = "";
	text_append_char(target, '{');
	for (enum variable which = 0; which < VARIABLE_COUNT; which++) {
		if (!named[which]) {
			continue;
		}
		char value[SMS_BODY_BYTES_MAX];
		struct text line = text_init(value, sizeof value);
		append_value(&line, variables->values[which], escaping_of(which, ESCAPING_SHORT));
		target->failed |= line.failed;
		text_append(target, separator);
		text_append_json(target, variable_name(which), strlen(variable_name(which)));
		text_append_char(target, ':');
		text_append_json(target, line.start, line.used);
		separator = ",";
	}
	text_append_char(target, '}');
}

bool render_sms(struct sms_content *content, enum template which, enum language language,
	const struct variables *variables) {
	const char *sentence = texts_of(language)->templates[which].sms;
	struct text body = text_init(content->body, sizeof content->body);
	struct text json = text_init(content->variables, sizeof content->variables);
	if (!render_fill(&body, sentence, variables, ESCAPING_SHORT)) {
		return false;
	}
	append_json_variables(&json, sentence, variables);
	return !body.failed && !json.failed;
}
