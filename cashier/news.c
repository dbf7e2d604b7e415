#include "cashier/news.h"

#include <assert.h>
#include <string.h>

#include "common/booking_id.h"
#include "common/pure/subjects.h"

void news_finish(struct news *news) {
	for (size_t i = 0; i < NEWS_SHEETS; i++) {
		sheet_finish(&news->sheets[i]);
	}
}

void news_clear(struct news *news) {
	for (size_t i = 0; i < NEWS_SHEETS; i++) {
		sheet_clear(&news->sheets[i]);
	}
}

bool news_is_empty(const struct news *news) {
	for (size_t i = 0; i < NEWS_SHEETS; i++) {
		if (news->sheets[i].count > 0) {
			return false;
		}
	}
	return true;
}

bool news_is_full(const struct news *news) {
	size_t used = 0;
	for (size_t i = 0; i < NEWS_SHEETS; i++) {
		used += news->sheets[i].used;
	}
	return used >= NEWS_BYTES_FULL;
}

struct payment_id news_line_id(const char *provider, const char *payment_id) {
	struct payment_id id;
	const struct part parts[] = {
		{provider, strlen(provider)},
		{"/", 1}, /* in neither of them */
		{payment_id, strlen(payment_id)},
	};
	crypto_digest(id.bytes, sizeof id.bytes, parts, 3);
	return id;
}

/* ---- positions --------------------------------------------------------------------------------- */

void news_add_campaign_position(struct news *news, const struct news_campaign *campaign,
	struct news_span span, const uint8_t digest[DIGEST_BYTES]) {
	char source[SUBJECT_BYTES_MAX];
	struct text row = sheet_begin_row(&news->sheets[NEWS_POSITIONS]);
	stream_decisions(source, campaign->id);
	row_text(&row, "source", source);
	row_i64(&row, "base", (int64_t)span.base_n);
	row_i64(&row, "n", (int64_t)span.last_n);
	row_i64(&row, "campaign", campaign->ordinal);
	row_hex(&row, "digest", digest, DIGEST_BYTES);
	row_i64(&row, "price", campaign->price_paise);
	row_text(&row, "currency", campaign->currency);
	row_text(&row, "zone", campaign->time_zone);
	row_bool(&row, "free", campaign->free);
	sheet_end_row(&news->sheets[NEWS_POSITIONS], &row);
}

void news_add_webhooks_position(struct news *news, struct news_span span) {
	struct text row = sheet_begin_row(&news->sheets[NEWS_POSITIONS]);
	row_text(&row, "source", STREAM_PAYMENTS);
	row_i64(&row, "base", (int64_t)span.base_n);
	row_i64(&row, "n", (int64_t)span.last_n);
	row_bool(&row, "free", false);
	sheet_end_row(&news->sheets[NEWS_POSITIONS], &row);
}

/* ---- decisions --------------------------------------------------------------------------------- */

struct hold {
	uint32_t number;
	uint32_t units; /* 0: the ledger knows */
	int64_t pay_by_ms;
};

static void add_hold(struct news *news, const struct news_names *names,
	const struct news_campaign *campaign, const struct hold *hold) {
	char receipt[BOOKING_ID_SIZE];
	booking_id_write(receipt, names->booking_key,
		(struct booking_name){campaign->ordinal, hold->number});
	struct text row = sheet_begin_row(&news->sheets[NEWS_HOLDS]);
	row_i64(&row, "campaign", campaign->ordinal);
	row_i64(&row, "number", hold->number);
	row_text(&row, "receipt", receipt);
	row_i64(&row, "amount", (int64_t)campaign->price_paise * hold->units);
	row_text(&row, "currency", campaign->currency);
	row_i64(&row, "pay_by_ms", hold->pay_by_ms);
	sheet_end_row(&news->sheets[NEWS_HOLDS], &row);
}

static void add_cancel(struct news *news, uint32_t campaign, uint32_t number) {
	struct text row = sheet_begin_row(&news->sheets[NEWS_CANCELS]);
	row_i64(&row, "campaign", campaign);
	row_i64(&row, "number", number);
	sheet_end_row(&news->sheets[NEWS_CANCELS], &row);
}

static void add_verdict(struct news *news, const struct answer *answer) {
	struct text row = sheet_begin_row(&news->sheets[NEWS_VERDICTS]);
	row_hex(&row, "line_id", answer->payment.bytes, sizeof answer->payment.bytes);
	row_i64(&row, "verdict", answer->verdict);
	sheet_end_row(&news->sheets[NEWS_VERDICTS], &row);
}

static void add_answer(struct news *news, const struct news_names *names,
	const struct news_campaign *campaign, const struct answer *answer) {
	if (answer->verdict == VERDICT_HELD && !answer->repeated) {
		add_hold(news, names, campaign,
			&(struct hold){answer->number, answer->units, answer->pay_by_ms});
	} else if (answer->verdict == VERDICT_CANCELLED && !answer->repeated) {
		add_cancel(news, campaign->ordinal, answer->number);
	}
}

void news_add_decision(struct news *news, const struct news_names *names,
	const struct news_campaign *campaign, const struct decision *decision) {
	for (uint32_t i = 0; i < decision->count; i++) {
		if (decision->request_kind == MESSAGE_PAY) {
			add_verdict(news, &decision->answers[i]);
		} else {
			add_answer(news, names, campaign, &decision->answers[i]);
		}
	}
	for (uint32_t i = 0; i < decision->effects_count; i++) {
		const struct effect *effect = &decision->effects[i];
		if (effect->kind == EFFECT_PROMOTED_HELD) {
			add_hold(news, names, campaign,
				&(struct hold){effect->number, 0, effect->pay_by_ms});
		}
	}
}

/* ---- payments and refunds ---------------------------------------------------------------------- */

struct heard {
	const char *payment_id;
	const char *order_id;
	const char *currency;
	enum pay_state state;
	uint64_t amount_paise;
	int64_t time_ms;
	bool by_asking;
};

static void add_payment(
	struct news *news, const struct news_names *names, const struct heard *heard) {
	struct payment_id line_id = news_line_id(names->provider, heard->payment_id);
	struct text row = sheet_begin_row(&news->sheets[NEWS_PAYMENTS]);
	row_text(&row, "provider", names->provider);
	row_text(&row, "payment_id", heard->payment_id);
	row_hex(&row, "line_id", line_id.bytes, sizeof line_id.bytes);
	row_text(&row, "order_id", heard->order_id);
	row_i64(&row, "state", heard->state);
	row_i64(&row, "amount", (int64_t)heard->amount_paise);
	row_text(&row, "currency", heard->currency);
	row_i64(&row, "time_ms", heard->time_ms);
	row_bool(&row, "by_asking", heard->by_asking);
	sheet_end_row(&news->sheets[NEWS_PAYMENTS], &row);
}

void news_add_refund(struct news *news, const struct news_names *names,
	const struct news_refund *refund, uint64_t amount_paise) {
	struct text row = sheet_begin_row(&news->sheets[NEWS_REFUNDS]);
	row_text(&row, "provider", names->provider);
	row_text(&row, "payment_id", refund->payment_id);
	row_i64(&row, "event", refund->event);
	row_text(&row, "refund_id", refund->refund_id);
	row_text(&row, "error", refund->error);
	row_i64(&row, "amount", (int64_t)amount_paise);
	row_i64(&row, "wait_ms", refund->wait_ms);
	sheet_end_row(&news->sheets[NEWS_REFUNDS], &row);
}

static void add_refund_event(struct news *news, const struct news_names *names,
	const struct payment_event *event, enum refund_event heard) {
	struct news_refund refund = {
		.event = heard,
		.payment_id = event->payment_id,
		.refund_id = event->refund_id,
		.error = "",
	};
	news_add_refund(news, names, &refund, event->amount_paise);
}

static void add_payment_event(struct news *news, const struct news_names *names,
	const struct payment_event *event, enum pay_state state) {
	struct heard heard = {
		.payment_id = event->payment_id,
		.order_id = event->order_id,
		.currency = event->currency,
		.state = state,
		.amount_paise = event->amount_paise,
		.time_ms = event->time_ms,
	};
	add_payment(news, names, &heard);
}

void news_add_event(
	struct news *news, const struct news_names *names, const struct payment_event *event) {
	switch (event->kind) {
	case PAYMENT_EVENT_FAILED:
		add_payment_event(news, names, event, PAY_FAILED);
		return;
	case PAYMENT_EVENT_AUTHORIZED:
		add_payment_event(news, names, event, PAY_AUTHORIZED);
		return;
	case PAYMENT_EVENT_CAPTURED:
		add_payment_event(news, names, event, PAY_CAPTURED);
		return;
	case PAYMENT_EVENT_REFUND_PENDING:
		add_refund_event(news, names, event, REFUND_HEARD_PENDING);
		return;
	case PAYMENT_EVENT_REFUND_PROCESSED:
		add_refund_event(news, names, event, REFUND_HEARD_PROCESSED);
		return;
	case PAYMENT_EVENT_REFUND_FAILED:
		add_refund_event(news, names, event, REFUND_HEARD_FAILED);
		return;
	case PAYMENT_EVENT_OTHER:
		break;
	}
}

void news_add_heard(struct news *news, const struct news_names *names,
	const struct payment *payment, bool by_asking) {
	static const enum pay_state states[] = {
		[PAYMENT_STATE_FAILED] = PAY_FAILED,
		[PAYMENT_STATE_AUTHORIZED] = PAY_AUTHORIZED,
		[PAYMENT_STATE_CAPTURED] = PAY_CAPTURED,
		[PAYMENT_STATE_LAPSED] = PAY_LAPSED,
	};
	if (payment->state == PAYMENT_STATE_CREATED) {
		return; /* somebody is at it */
	}
	struct heard heard = {
		.payment_id = payment->id,
		.order_id = payment->order_id,
		.currency = payment->currency,
		.state = states[payment->state],
		.amount_paise = payment->amount_paise,
		.time_ms = payment->created_at_ms,
		.by_asking = by_asking,
	};
	add_payment(news, names, &heard);
}

/* ---- what became of jobs ----------------------------------------------------------------------- */

void news_add_order(struct news *news, const struct news_order *order) {
	struct text row = sheet_begin_row(&news->sheets[NEWS_ORDERS]);
	row_i64(&row, "campaign", order->campaign);
	row_i64(&row, "number", order->number);
	row_i64(&row, "event", order->event);
	row_text(&row, "order_id", order->order_id);
	row_text(&row, "checkout", order->checkout);
	row_text(&row, "error", order->error);
	row_i64(&row, "wait_ms", order->wait_ms);
	row_bool(&row, "at_once", order->at_once);
	sheet_end_row(&news->sheets[NEWS_ORDERS], &row);
}

void news_add_look(struct news *news, uint32_t campaign, uint32_t number, int64_t wait_ms) {
	struct text row = sheet_begin_row(&news->sheets[NEWS_LOOKS]);
	row_i64(&row, "campaign", campaign);
	row_i64(&row, "number", number);
	row_i64(&row, "wait_ms", wait_ms);
	sheet_end_row(&news->sheets[NEWS_LOOKS], &row);
}

void news_add_told(
	struct news *news, const char *payment_id, enum pay_state told, int64_t wait_ms) {
	struct text row = sheet_begin_row(&news->sheets[NEWS_TOLD]);
	row_text(&row, "payment_id", payment_id);
	row_i64(&row, "told", told);
	row_i64(&row, "wait_ms", wait_ms);
	sheet_end_row(&news->sheets[NEWS_TOLD], &row);
}

void news_add_rest(struct news *news, const struct news_rest *rest) {
	struct text row = sheet_begin_row(&news->sheets[NEWS_RESTS]);
	row_text(&row, "payment_id", rest->payment_id);
	row_text(&row, "error", rest->error);
	row_i64(&row, "wait_ms", rest->wait_ms);
	row_i64(&row, "campaign", rest->campaign);
	row_i64(&row, "number", rest->number);
	row_bool(&row, "foreign_order", rest->foreign);
	sheet_end_row(&news->sheets[NEWS_RESTS], &row);
}
