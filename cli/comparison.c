#include "cli/comparison.h"

#include <string.h>

static bool same(struct text *text, const char *what, int64_t expected, int64_t actual) {
	if (expected == actual) {
		return true;
	}
	text_append(text, what);
	text_append(text, " must be ");
	text_append_i64(text, expected);
	text_append(text, ", is ");
	text_append_i64(text, actual);
	return false;
}

static bool same_answer(struct text *text, const struct answer *a, const struct answer *b) {
	if (a->verdict != b->verdict) {
		text_append(text, "verdict must be ");
		text_append(text, verdict_name(a->verdict));
		text_append(text, ", is ");
		text_append(text, verdict_name(b->verdict));
		return false;
	}
	if (memcmp(&a->account, &b->account, sizeof a->account) != 0) {
		text_append(text, "account differs");
		return false;
	}
	if (memcmp(&a->payment, &b->payment, sizeof a->payment) != 0) {
		text_append(text, "payment differs");
		return false;
	}
	return same(text, "booking number", a->number, b->number) &&
	       same(text, "status", a->status, b->status) &&
	       same(text, "repeated", a->repeated, b->repeated) &&
	       same(text, "units", a->units, b->units) && same(text, "rank", a->rank, b->rank) &&
	       same(text, "place", (int64_t)a->place, (int64_t)b->place) &&
	       same(text, "booking time", a->time_ms, b->time_ms) &&
	       same(text, "pay by", a->pay_by_ms, b->pay_by_ms);
}

static bool same_effect(struct text *text, const struct effect *a, const struct effect *b) {
	return same(text, "kind", a->kind, b->kind) &&
	       same(text, "booking number", a->number, b->number) &&
	       same(text, "pay by", a->pay_by_ms, b->pay_by_ms);
}

static bool same_head(struct text *text, const struct decision *a, const struct decision *b) {
	const struct counters *x = &a->counters;
	const struct counters *y = &b->counters;
	if (memcmp(&a->batch, &b->batch, sizeof a->batch) != 0) {
		text_append(text, "batch id differs");
		return false;
	}
	if (a->definition_size != b->definition_size ||
		(a->definition_size > 0 &&
			memcmp(a->definition, b->definition, a->definition_size) != 0)) {
		text_append(text, "definition differs");
		return false;
	}
	return same(text, "n", (int64_t)a->n, (int64_t)b->n) &&
	       same(text, "log time", a->time_ms, b->time_ms) &&
	       same(text, "kind of request", a->request_kind, b->request_kind) &&
	       same(text, "state", a->state, b->state) &&
	       same(text, "ordinal", a->ordinal, b->ordinal) &&
	       same(text, "defined by", (int64_t)a->define_n, (int64_t)b->define_n) &&
	       same(text, "line position", (int64_t)a->line_position, (int64_t)b->line_position) &&
	       same(text, "opened at", a->opened_at_us, b->opened_at_us) &&
	       same(text, "available", x->available, y->available) &&
	       same(text, "held", x->held, y->held) && same(text, "sold", x->sold, y->sold) &&
	       same(text, "waiting", x->waiting, y->waiting) &&
	       same(text, "answers", a->count, b->count) &&
	       same(text, "effects", a->effects_count, b->effects_count) &&
	       same(text, "effects before", a->effects_before, b->effects_before);
}

bool comparison_equal(
	const struct decision *expected, const struct decision *actual, struct text *difference) {
	if (!same_head(difference, expected, actual)) {
		return false;
	}
	for (uint32_t i = 0; i < expected->count; i++) {
		if (!same_answer(difference, &expected->answers[i], &actual->answers[i])) {
			text_append(difference, " (answer ");
			text_append_u64(difference, i);
			text_append(difference, ")");
			return false;
		}
	}
	for (uint32_t i = 0; i < expected->effects_count; i++) {
		if (!same_effect(difference, &expected->effects[i], &actual->effects[i])) {
			text_append(difference, " (effect ");
			text_append_u64(difference, i);
			text_append(difference, ")");
			return false;
		}
	}
	return true;
}
