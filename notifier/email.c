#include "notifier/email.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/pure/text.h"
#include "notifier/mime.h"
#include "notifier/render.h"

static_assert(MIME_BYTES_MAX <= TRANSFER_BODY_BYTES_MAX, "a mail fits");

bool email_compose(struct transfer *transfer, const struct email_settings *settings,
	const struct message *message) {
	struct email_content content;
	if (!render_email(&content, message->template, message->language, &message->variables)) {
		return false;
	}
	char id[MESSAGE_NAME_BYTES + CONTACT_BYTES_MAX + 2];
	snprintf(id, sizeof id, "%s@%s", message->name, settings->domain);
	struct mail mail = {
		.date_ms = message->date_ms,
		.from_name = settings->from_name,
		.from_address = settings->from_address,
		.to = message->contact,
		.subject = content.subject,
		.message_id = id,
		.template = template_name(message->template),
		.language = texts_of(message->language)->code,
		.text = content.text,
		.html = content.html,
	};
	struct text body = text_init(transfer->body, sizeof transfer->body);
	bool written = mime_write(&body, &mail);
	transfer->body_size = body.used;
	struct text recipient = text_init(transfer->recipient, sizeof transfer->recipient);
	text_append(&recipient, message->contact);
	return written && !recipient.failed;
}

static enum outcome outcome_of(const struct transfer_reply *reply) {
	if (reply->stage != TRANSFER_ANSWERED) {
		return OUTCOME_TEMPFAIL;
	}
	if (reply->status / 100 == 2) {
		return OUTCOME_OK;
	}
	return reply->status / 100 == 5 ? OUTCOME_PERMFAIL : OUTCOME_TEMPFAIL;
}

/* What many servers call the mail: the last word of "250 2.0.0 Ok: queued as 4F1C2A". */
static const char *queue_id(const char *words) {
	const char *as = strstr(words, " as ");
	return as == NULL ? "" : as + strlen(" as ");
}

void email_judge(struct send_result *result, const struct transfer_reply *reply) {
	*result = (struct send_result){
		.outcome = outcome_of(reply),
		.unsure = reply->stage == TRANSFER_UNSURE,
	};
	if (result->outcome == OUTCOME_OK) {
		outcome_set_provider_id(result, queue_id(reply->words));
	} else {
		outcome_set_error(result, reply->words);
	}
}
