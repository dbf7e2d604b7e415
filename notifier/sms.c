#include "notifier/sms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/pure/form.h"
#include "common/pure/text.h"
#include "notifier/gsm.h"
#include "notifier/render.h"

/* Twilio's numbers for a phone that will not get this message, however often it is tried. */
static const uint32_t permanent_codes[] = {
	21211, /* not a phone number */
	21214, /* cannot be reached */
	21217, /* not a phone number */
	21408, /* we do not send to that country */
	21610, /* the person has unsubscribed */
	21612, /* no way from this sender to that number */
	21614, /* not a mobile phone */
	30003, /* unreachable handset */
	30004, /* blocked */
	30005, /* unknown number */
	30006, /* landline */
};

/* Longer than a provider should be asked to wait: the notice then rests by its own backoff. */
#define RETRY_AFTER_SECONDS_MAX 3600
#define SAID_BYTES_MAX 1024

/* ---- compose --------------------------------------------------------------------------------- */

/* '+' and 8 to 15 digits (E.164): what the ingress lets through. */
static bool is_phone(const char *contact) {
	if (contact[0] != '+') {
		return false;
	}
	size_t digits = strspn(contact + 1, "0123456789");
	return contact[1 + digits] == '\0' && digits >= 8 && digits <= 15;
}

size_t sms_compose(struct transfer *transfer, const struct sms_settings *settings,
	const struct message *message) {
	struct sms_content content;
	if (!is_phone(message->contact) ||
		!render_sms(&content, message->template, message->language, &message->variables)) {
		return 0;
	}
	struct text body = text_init(transfer->body, sizeof transfer->body);
	form_append(&body, "To", message->contact);
	form_append(&body, "From", settings->from);
	form_append(&body, "Body", content.body);
	form_append(&body, "ContentSid",
		settings->templates->ids[message->template][message->language]);
	form_append(&body, "ContentVariables", content.variables);
	transfer->body_size = body.used;
	struct text header = text_init(transfer->header, sizeof transfer->header);
	text_append(&header, "I-Twilio-Idempotency-Token: ");
	text_append(&header, message->name);
	return body.failed || header.failed ? 0 : gsm_measure(content.body).parts;
}

/* ---- judge ----------------------------------------------------------------------------------- */

static bool is_permanent(uint64_t code) {
	for (size_t i = 0; i < sizeof permanent_codes / sizeof permanent_codes[0]; i++) {
		if (permanent_codes[i] == code) {
			return true;
		}
	}
	return false;
}

static void judge_success(struct send_result *result, const char *content) {
	struct json_object answer;
	json_init(&answer, content, strlen(content));
	outcome_set_provider_id(result, json_string_or(&answer, "sid", PROVIDER_ID_BYTES - 1, ""));
	json_finish(&answer);
}

/* {"code": 21211, "message": "...", ...} */
static void judge_refusal(struct send_result *result, const struct transfer_reply *reply) {
	struct json_object answer;
	json_init(&answer, reply->words, strlen(reply->words));
	uint64_t code = json_u64_or(&answer, "code", 0, UINT32_MAX, 0);
	const char *said = json_string_or(&answer, "message", SAID_BYTES_MAX, "");
	if (reply->status == 400 && is_permanent(code)) {
		result->outcome = OUTCOME_PERMFAIL;
	}
	char words[SAID_BYTES_MAX + 64];
	snprintf(words, sizeof words, "HTTP %d code %" PRIu64 " %s", reply->status, code, said);
	outcome_set_error(result, words);
	json_finish(&answer);
}

static int64_t bounded_ms(int64_t seconds) {
	if (seconds <= 0) {
		return 0;
	}
	return (seconds < RETRY_AFTER_SECONDS_MAX ? seconds : RETRY_AFTER_SECONDS_MAX) * 1000;
}

void sms_judge(struct send_result *result, const struct transfer_reply *reply) {
	*result = (struct send_result){
		.outcome = OUTCOME_TEMPFAIL,
		.unsure = reply->stage == TRANSFER_UNSURE,
		.retry_after_ms = bounded_ms(reply->retry_after_seconds),
	};
	if (reply->stage != TRANSFER_ANSWERED) {
		outcome_set_error(result, reply->words);
	} else if (reply->status / 100 == 2) {
		result->outcome = OUTCOME_OK;
		judge_success(result, reply->words);
	} else {
		judge_refusal(result, reply);
	}
}
