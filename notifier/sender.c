#include "notifier/sender.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/transfers.h"
#include "common/wakeup.h"
#include "notifier/email.h"
#include "notifier/measures.h"
#include "notifier/settings.h"
#include "notifier/sms.h"

/* A message under way. */
struct sending {
	struct sending *next; /* while free */
	sender_handler handler;
	void *context;
	enum template template;
	int64_t started_us;
};

struct sender {
	struct sender_options options;
	struct transfers *transfers;
	struct pace pace;
	struct wakeup *timer; /* when the pace allows the next message */
	struct sending *all;
	struct sending *free;
};

static const char *channel_name(enum channel channel) {
	return channel == CHANNEL_EMAIL ? "email" : "sms";
}

/* ---- the two channels ------------------------------------------------------------------------ */

static bool compose(
	const struct sender *sender, struct transfer *transfer, const struct message *message) {
	if (sender->options.channel == CHANNEL_EMAIL) {
		struct email_settings email = {
			.from_name = settings.from_name,
			.from_address = settings.from_address,
			.domain = settings.from_domain,
		};
		return email_compose(transfer, &email, message);
	}
	struct sms_settings sms = {
		.from = settings.sms_from,
		.templates = &settings.sms_templates,
	};
	size_t parts = sms_compose(transfer, &sms, message);
	notifier_measures.sms_parts += parts;
	return parts > 0;
}

static void judge(const struct sender *sender, struct send_result *result,
	const struct transfer_reply *reply) {
	if (sender->options.channel == CHANNEL_EMAIL) {
		email_judge(result, reply);
	} else {
		sms_judge(result, reply);
	}
}

static struct transfers_options transfers_options(const struct sender_options *options) {
	if (options->channel == CHANNEL_EMAIL) {
		return (struct transfers_options){
			.url = settings.smtp_url,
			.user = settings.smtp_password == NULL ? NULL : settings.smtp_user,
			.password = settings.smtp_password,
			.mail_from = settings.from_address,
			.tls_required = settings.smtp_tls_required,
			.connections = options->limits.connections,
		};
	}
	return (struct transfers_options){
		.url = settings.sms_messages_url,
		.user = settings.sms_account,
		.password = settings.sms_token,
		.connections = options->limits.connections,
	};
}

/* ---- pace ------------------------------------------------------------------------------------ */

bool sender_may_send(const struct sender *sender) {
	return pace_allows(&sender->pace, clock_monotonic_us());
}

bool sender_is_slow(const struct sender *sender) {
	return pace_is_slow(&sender->pace);
}

int64_t sender_wait_ms(const struct sender *sender) {
	int64_t wait_ms = pace_wait_ms(&sender->pace, clock_monotonic_us());
	return wait_ms < 0 ? 0 : wait_ms;
}

uint32_t sender_under_way(const struct sender *sender) {
	return sender->pace.under_way;
}

static void wake_when_allowed(struct sender *sender) {
	int64_t wait_ms = pace_wait_ms(&sender->pace, clock_monotonic_us());
	if (wait_ms > 0) {
		wakeup_after(sender->timer, (uint64_t)wait_ms);
	}
}

static void on_timer(void *context) {
	struct sender *sender = context;
	sender->options.on_ready(sender->options.owner);
	wake_when_allowed(sender);
}

static void log_pace(struct sender *sender, bool was_slow, const struct send_result *result) {
	bool slow = sender_is_slow(sender);
	*sender->options.slow = slow;
	if (slow && !was_slow) {
		log_warn("provider_failing",
			"channel=%s what=%s error=\"%s\" hint=\"is it up, and are the "
			"FIRSTCOME_%s_ settings right? it is asked rarely until it takes one\"",
			channel_name(sender->options.channel), sender->options.name, result->error,
			sender->options.channel == CHANNEL_EMAIL ? "SMTP" : "SMS");
	} else if (was_slow && !slow) {
		log_info("provider_mended", "channel=%s what=%s",
			channel_name(sender->options.channel), sender->options.name);
	}
}

/* ---- sending --------------------------------------------------------------------------------- */

static void count(const struct sender *sender, const struct sending *sending,
	const struct send_result *result) {
	size_t channel = channel_index(sender->options.channel);
	notifier_measures.attempts[channel][result->outcome]++;
	notifier_measures.unsure += result->unsure;
	if (result->outcome == OUTCOME_OK) {
		notifier_measures.sent[channel][sending->template]++;
	}
	histogram_record(
		&notifier_measures.send_us[channel], clock_monotonic_us() - sending->started_us);
}

static void on_reply(void *owner, struct transfer *transfer, const struct transfer_reply *reply) {
	struct sender *sender = owner;
	struct sending *sending = transfer->context;
	struct send_result result;
	judge(sender, &result, reply);
	bool was_slow = sender_is_slow(sender);
	pace_finished(&sender->pace, result.outcome == OUTCOME_OK, clock_monotonic_us(),
		crypto_random_below(UINT32_MAX));
	log_pace(sender, was_slow, &result);
	count(sender, sending, &result);
	sending->handler(sending->context, &result);
	sending->next = sender->free;
	sender->free = sending;
	sender->options.on_ready(sender->options.owner);
	wake_when_allowed(sender);
}

bool sender_send(struct sender *sender, const struct message *message, sender_handler handler,
	void *context) {
	assert(sender_may_send(sender));
	struct transfer *transfer = transfers_take(sender->transfers);
	struct sending *sending = sender->free;
	assert(transfer != NULL && sending != NULL);
	if (!compose(sender, transfer, message)) {
		transfers_give_back(sender->transfers, transfer);
		return false;
	}
	sender->free = sending->next;
	*sending = (struct sending){
		.handler = handler,
		.context = context,
		.template = message->template,
		.started_us = clock_monotonic_us(),
	};
	transfer->context = sending;
	pace_started(&sender->pace, sending->started_us);
	transfers_start(sender->transfers, transfer);
	wake_when_allowed(sender);
	return true;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct sender *sender_create(struct uv_loop_s *loop, const struct sender_options *options) {
	struct sender *sender = memory_new(sizeof *sender);
	sender->options = *options;
	sender->pace = pace_init(options->limits);
	sender->timer = wakeup_create(loop, on_timer, sender);
	/* One more than may be under way: the next can start while a handler looks at the last. */
	uint32_t count = options->limits.connections + 1;
	sender->all = memory_new(count * sizeof *sender->all);
	for (uint32_t i = 0; i < count; i++) {
		sender->all[i].next = sender->free;
		sender->free = &sender->all[i];
	}
	struct transfers_options transfers = transfers_options(options);
	sender->transfers = transfers_create(loop, &transfers, on_reply, sender);
	return sender;
}

void sender_destroy(struct sender *sender) {
	if (sender != NULL) {
		transfers_destroy(sender->transfers);
		wakeup_destroy(sender->timer);
		free(sender->all);
		free(sender);
	}
}
