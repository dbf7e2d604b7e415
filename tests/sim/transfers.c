/*
 * transfers - common/transfers.h without curl: messages travel to the simulated provider, and its
 * words back.
 *
 *	          node                  world                     node
 *	start ──connecting──▶ leaves ──the way──▶ arrives ──the way back──▶ handler
 *	                                             └── even if the node died meanwhile
 */
#include "common/transfers.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/sim/node.h"
#include "tests/sim/provider.h"
#include "tests/sim/trouble.h"
#include "tests/sim/world.h"

#define CONNECTIONS_MAX 16u

struct slot {
	struct transfer transfer;
	struct transfers *transfers;
	bool taken;
	struct world_event *event; /* of the node, about this transfer; NULL: none */
	struct parcel *parcel;     /* on its way; NULL: none */
	enum provider_fate fate;
};

struct transfers {
	struct node *node;
	enum channel channel;
	transfers_handler handler;
	void *owner;
	uint32_t slots_count;
	struct slot slots[CONNECTIONS_MAX + 1];
};

/* A message that has left; outlives its notifier. */
struct parcel {
	struct mail_item item;
	struct slot *slot; /* NULL: nobody waits for an answer */
};

void transfers_init(void) {
}

struct transfers *transfers_create(struct uv_loop_s *loop, const struct transfers_options *options,
	transfers_handler handler, void *owner) {
	(void)loop;
	assert(options->connections <= CONNECTIONS_MAX);
	struct transfers *transfers = memory_new(sizeof *transfers);
	transfers->node = world_current();
	transfers->channel = strncmp(options->url, "smtp", 4) == 0 ? CHANNEL_EMAIL : CHANNEL_SMS;
	transfers->handler = handler;
	transfers->owner = owner;
	transfers->slots_count = options->connections + 1;
	return transfers;
}

void transfers_destroy(struct transfers *transfers) {
	if (transfers == NULL) {
		return;
	}
	for (uint32_t i = 0; i < transfers->slots_count; i++) {
		struct slot *slot = &transfers->slots[i];
		world_cancel(slot->event);
		if (slot->parcel != NULL) {
			slot->parcel->slot = NULL;
		}
	}
	free(transfers);
}

struct transfer *transfers_take(struct transfers *transfers) {
	for (uint32_t i = 0; i < transfers->slots_count; i++) {
		struct slot *slot = &transfers->slots[i];
		if (!slot->taken) {
			slot->taken = true;
			slot->transfers = transfers;
			slot->transfer.recipient[0] = '\0';
			slot->transfer.header[0] = '\0';
			slot->transfer.body_size = 0;
			return &slot->transfer;
		}
	}
	return NULL;
}

/* The transfer is the first member. */
static struct slot *slot_of(struct transfer *transfer) {
	return (struct slot *)transfer;
}

void transfers_give_back(struct transfers *transfers, struct transfer *transfer) {
	(void)transfers;
	slot_of(transfer)->taken = false;
}

/* ---- the answer -------------------------------------------------------------------------------- */

static void set(struct transfer_reply *reply, enum transfer_stage stage, int email, int sms,
	const char *words) {
	bool answered = stage == TRANSFER_ANSWERED;
	reply->stage = stage;
	reply->status = answered ? (email != 0 ? email : sms) : 0;
	snprintf(reply->words, sizeof reply->words, "%s", words);
}

static void write_reply(struct transfer_reply *reply, enum provider_fate fate, bool is_email) {
	switch (fate) {
	case PROVIDER_TAKES:
		set(reply, TRANSFER_ANSWERED, is_email ? 250 : 0, 201,
			is_email ? "250 2.0.0 Ok: queued as 4F1C2A" : "{\"sid\":\"SM4F1C2A\"}");
		break;
	case PROVIDER_REFUSES:
	case PROVIDER_TAKES_AND_DENIES:
		set(reply, TRANSFER_ANSWERED, is_email ? 451 : 0, 503,
			is_email ? "451 4.3.0 Try again later" : "{\"code\":20503}");
		break;
	case PROVIDER_REJECTS:
		set(reply, TRANSFER_ANSWERED, is_email ? 550 : 0, 400,
			is_email ? "550 5.1.1 No such person here" : "{\"code\":21211}");
		break;
	case PROVIDER_TAKES_SILENTLY:
	case PROVIDER_HANGS:
		set(reply, TRANSFER_UNSURE, 0, 0, "no answer");
		break;
	case PROVIDER_UNREACHED:
		set(reply, TRANSFER_UNREACHED, 0, 0, "could not connect");
		break;
	}
}

static void on_answer(void *context) {
	struct slot *slot = context;
	struct transfers *transfers = slot->transfers;
	struct transfer_reply reply = {0};
	slot->event = NULL;
	trouble_step();
	write_reply(&reply, slot->fate, transfers->channel == CHANNEL_EMAIL);
	transfers->handler(transfers->owner, &slot->transfer, &reply);
	slot->taken = false;
}

static bool is_silent(enum provider_fate fate) {
	return fate == PROVIDER_TAKES_SILENTLY || fate == PROVIDER_HANGS;
}

/* As the world. The parcel is freed by the world. */
static void on_arrival(void *context) {
	const struct parcel *parcel = context;
	enum provider_fate fate = provider_receive(&parcel->item);
	struct slot *slot = parcel->slot;
	if (slot != NULL) {
		int64_t back_us = is_silent(fate) ? provider_patience_us() : provider_pause_us();
		slot->parcel = NULL;
		slot->fate = fate;
		slot->event = world_after(slot->transfers->node, back_us, on_answer, slot);
	}
}

/* ---- the way there ----------------------------------------------------------------------------- */

/* What stands between two marks. */
static void cut_out(
	char *target, size_t size, const char *text, const char *before, const char *behind) {
	const char *start = strstr(text, before);
	assert(start != NULL); /* the composer writes it into every message */
	start += strlen(before);
	size_t length = strcspn(start, behind);
	assert(length < size);
	memcpy(target, start, length);
	target[length] = '\0';
}

static void read_item(struct mail_item *item, const struct transfer *transfer) {
	if (item->channel == CHANNEL_EMAIL) {
		cut_out(item->name, sizeof item->name, transfer->body, "Message-ID: <", "@");
		snprintf(item->to, sizeof item->to, "%.*s", (int)sizeof item->to - 1,
			transfer->recipient);
	} else {
		cut_out(item->name, sizeof item->name, transfer->header, "Token: ", "\r\n");
		cut_out(item->to, sizeof item->to, transfer->body, "To=%2B", "&");
	}
}

static void on_leave(void *context) {
	struct slot *slot = context;
	const struct node *node = slot->transfers->node;
	struct parcel *parcel = memory_new(sizeof *parcel);
	parcel->item.channel = slot->transfers->channel;
	parcel->item.node = node->index;
	parcel->item.incarnation = node->incarnation;
	parcel->slot = slot;
	read_item(&parcel->item, &slot->transfer);
	slot->event = NULL;
	slot->parcel = parcel;
	trouble_step();
	world_after_owned(NULL, provider_pause_us(), on_arrival, parcel);
}

void transfers_start(struct transfers *transfers, struct transfer *transfer) {
	struct slot *slot = slot_of(transfer);
	assert(slot->taken);
	slot->event = world_after(transfers->node, provider_pause_us(), on_leave, slot);
}
