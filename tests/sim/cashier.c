#include "tests/sim/cashier.h"

#include <assert.h>
#include <string.h>

#include "common/definition_json.h"
#include "common/memory.h"
#include "common/pure/messages.h"
#include "common/pure/subjects.h"
#include "tests/sim/broker.h"
#include "tests/sim/stage.h"
#include "tests/sim/world.h"

#define LOOK_US 100000
#define RETRY_US 100000
#define BOOKINGS_MAX 4096u

struct payment {
	uint32_t campaign;
	struct pay_request pay;
};

static struct {
	uint64_t read[STAGE_CAMPAIGNS_MAX];               /* decisions seen */
	uint8_t units[STAGE_CAMPAIGNS_MAX][BOOKINGS_MAX]; /* of each booking number */
	uint32_t under_way;
	struct chance chance;
} cashier;

/* Scratch: too large for a stack. */
static struct decision decision;
static struct request request;

/* ---- telling the line -------------------------------------------------------------------------- */

static void plan(const struct payment *payment, int64_t delay_us);

static void on_payment(void *context) {
	const struct payment *payment = context;
	const struct stage_campaign *campaign = stage_campaign(payment->campaign);
	char subject[SUBJECT_BYTES_MAX];
	uint8_t bytes[256];
	request = (struct request){.kind = MESSAGE_PAY, .count = 1};
	for (size_t i = 0; i < sizeof request.batch.bytes; i++) {
		request.batch.bytes[i] = (uint8_t)chance_next(&cashier.chance);
	}
	request.pay[0] = payment->pay;
	size_t size = request_encode(&request, bytes, sizeof bytes);
	assert(size > 0);
	subject_request(subject, campaign->id, LINE_PAY);
	cashier.under_way--;
	if (broker_append(subject, bytes, size) == 0) {
		plan(payment, RETRY_US);
	}
}

static void plan(const struct payment *payment, int64_t delay_us) {
	cashier.under_way++;
	world_after_owned(NULL, delay_us, on_payment, memory_copy(payment, sizeof *payment));
}

/* ---- what happens to a hold -------------------------------------------------------------------- */

static void name_payment(struct payment *payment) {
	for (size_t i = 0; i < sizeof payment->pay.payment.bytes; i++) {
		payment->pay.payment.bytes[i] = (uint8_t)chance_next(&cashier.chance);
	}
}

static int64_t in_time_us(int64_t left_us) {
	return chance_between(&cashier.chance, 0, left_us);
}

/* The same payment twice, or two different ones; one that failed at first. */
static void pay_oddly(struct payment *payment, int64_t left_us) {
	switch (chance_below(&cashier.chance, 5)) {
	case 0: /* told twice */
		plan(payment, in_time_us(left_us));
		plan(payment, in_time_us(left_us) + LOOK_US);
		break;
	case 1: /* paid twice */
		plan(payment, in_time_us(left_us));
		name_payment(payment);
		plan(payment, in_time_us(left_us) + LOOK_US);
		break;
	case 2: /* failed, then captured */
		payment->pay.outcome = PAYMENT_FAILED;
		plan(payment, in_time_us(left_us / 2));
		payment->pay.outcome = PAYMENT_CAPTURED;
		name_payment(payment);
		plan(payment, in_time_us(left_us / 2) + left_us / 2);
		break;
	case 3: /* too little */
		payment->pay.amount_paise--;
		plan(payment, in_time_us(left_us));
		break;
	case 4: /* for nothing that there is */
		payment->pay.number += 1000;
		plan(payment, in_time_us(left_us));
		break;
	}
}

static void on_hold(uint32_t campaign, uint32_t number, int64_t pay_by_ms) {
	assert(number < BOOKINGS_MAX);
	const struct definition *definition = &stage_campaign(campaign)->definition;
	int64_t left_us = pay_by_ms * 1000 - WORLD_EPOCH_US - world_now_us();
	left_us = left_us < 0 ? 0 : left_us;
	struct payment payment = {
		.campaign = campaign,
		.pay =
			{
				.number = number,
				.amount_paise = (uint64_t)definition->price_paise *
						cashier.units[campaign][number],
				.outcome = PAYMENT_CAPTURED,
			},
	};
	name_payment(&payment);
	uint64_t mood = chance_below(&cashier.chance, 10);
	if (mood < 5) {
		plan(&payment, in_time_us(left_us));
	} else if (mood < 7) { /* late, just now or much */
		plan(&payment, left_us + chance_duration_us(&cashier.chance, 100, 3000000));
	} else if (mood < 9) {
		pay_oddly(&payment, left_us);
	} /* else never */
}

/* ---- following --------------------------------------------------------------------------------- */

static void read_definition(struct stage_campaign *campaign) {
	char error[JSON_ERROR_BYTES];
	definition_read_stored(
		&campaign->definition, error, decision.definition, decision.definition_size);
}

static void read_decision(uint32_t campaign) {
	if (decision.definition != NULL) {
		read_definition(stage_campaign(campaign));
	}
	for (uint16_t i = 0; i < decision.count; i++) {
		const struct answer *answer = &decision.answers[i];
		bool is_new = !answer->repeated && (answer->verdict == VERDICT_HELD ||
							   answer->verdict == VERDICT_WAITLISTED);
		if (is_new) {
			assert(answer->number < BOOKINGS_MAX);
			cashier.units[campaign][answer->number] = answer->units;
		}
		if (is_new && answer->verdict == VERDICT_HELD) {
			on_hold(campaign, answer->number, answer->pay_by_ms);
		}
	}
	for (uint16_t i = 0; i < decision.effects_count; i++) {
		const struct effect *effect = &decision.effects[i];
		if (effect->kind == EFFECT_PROMOTED_HELD) {
			on_hold(campaign, effect->number, effect->pay_by_ms);
		}
	}
}

static void look(void *context) {
	(void)context;
	for (uint32_t i = 0; i < stage_count(); i++) {
		const struct stage_campaign *campaign = stage_campaign(i);
		while (cashier.read[i] < broker_last(campaign->decisions)) {
			struct broker_message message =
				broker_message(campaign->decisions, ++cashier.read[i]);
			if (decision_decode(&decision, message.data, message.size)) {
				read_decision(i);
			}
		}
	}
	world_after(NULL, LOOK_US, look, NULL);
}

void cashier_begin(void) {
	memset(&cashier, 0, sizeof cashier);
	cashier.chance = chance_for("cashier");
	world_after(NULL, LOOK_US, look, NULL);
}

bool cashier_is_done(void) {
	return cashier.under_way == 0;
}
