#include "sequencer/desk_reply.h"

#include <string.h>

static void append_member(struct text *text, const char *name, uint64_t value) {
	text_append(text, ",\"");
	text_append(text, name);
	text_append(text, "\":");
	text_append_u64(text, value);
}

static void append_string(struct text *text, const char *name, const char *value) {
	text_append(text, ",\"");
	text_append(text, name);
	text_append(text, "\":");
	text_append_json(text, value, strlen(value));
}

static void append_campaign(struct text *text, const struct feed_view *view) {
	text_append(text, "{\"id\":");
	text_append_json(text, view->campaign, strlen(view->campaign));
	append_string(text, "title", view->title);
	append_string(
		text, "state", view->defined ? campaign_state_name(view->state) : "undefined");
	append_member(text, "ordinal", view->ordinal);
	append_member(text, "total", view->units);
	append_member(text, "available", view->counters.available);
	append_member(text, "held", view->counters.held);
	append_member(text, "sold", view->counters.sold);
	append_member(text, "waiting", view->counters.waiting);
	append_member(text, "as_of", view->verified);
	text_append(text, ",\"definition_hash\":\"");
	if (view->defined) {
		text_append_hex(text, view->definition_hash, DEFINITION_HASH_BYTES);
	}
	text_append(text, "\"");
	if (view->stopped != NULL) {
		append_string(text, "stopped", view->stopped);
	}
}

void desk_reply_failed(struct text *text, const char *code, const char *message) {
	text_append(text, "{\"ok\":false,\"code\":\"");
	text_append(text, code);
	text_append(text, "\",\"message\":");
	text_append_json(text, message, strlen(message));
	text_append(text, "}");
}

void desk_reply_campaign(struct text *text, const struct feed_view *view) {
	text_append(text, "{\"ok\":true,\"campaign\":");
	append_campaign(text, view);
	if (view->definition != NULL) {
		text_append(text, ",\"definition\":");
		text_append(text, view->definition);
	}
	text_append(text, "}}");
}

void desk_reply_valid(struct text *text, const char *id) {
	text_append(text, "{\"ok\":true,\"dry_run\":true,\"campaign\":{\"id\":");
	text_append_json(text, id, strlen(id));
	text_append(text, "}}");
}

void desk_reply_list_begin(struct text *text) {
	text_append(text, "{\"ok\":true,\"campaigns\":[");
}

void desk_reply_list_item(struct text *text, const struct feed_view *view) {
	if (text->start[text->used - 1] != '[') {
		text_append(text, ",");
	}
	append_campaign(text, view);
	text_append(text, "}");
}

void desk_reply_list_end(struct text *text) {
	text_append(text, "]}");
}
