/*
 * messages_payment_test - what providers told and how to pay: round trips, and what must not decode.
 */
#include "common/pure/messages_payment.h"

#include "tests/unit/unit.h"

static uint8_t bytes[PAYABLE_BYTES_MAX + 1];

static struct payment_event a_payment(void) {
	return (struct payment_event){
		.id = "evt_1",
		.kind = PAYMENT_EVENT_CAPTURED,
		.payment_id = "pay_29QQoUBi66xm2f",
		.order_id = "order_9A33XWu170gUtm",
		.currency = "INR",
		.amount_paise = 100,
		.time_ms = INT64_C(1795363559000),
	};
}

static struct payment_event a_refund(void) {
	struct payment_event event = a_payment();
	event.kind = PAYMENT_EVENT_REFUND_PROCESSED;
	memcpy(event.refund_id, "rfnd_FP8QHiV938haTz", 20);
	return event;
}

static void assert_round_trip(const struct payment_event *event) {
	struct payment_event decoded;
	size_t size = payment_event_encode(event, bytes, sizeof bytes);
	assert_true(size > 0);
	assert_true(size <= PAYMENT_EVENT_BYTES_MAX);
	memset(&decoded, 0xee, sizeof decoded);
	assert_true(payment_event_decode(&decoded, bytes, size));
	assert_int_equal(decoded.kind, event->kind);
	assert_string_equal(decoded.id, event->id);
	assert_string_equal(decoded.payment_id, event->payment_id);
	assert_string_equal(decoded.order_id, event->order_id);
	assert_string_equal(decoded.refund_id, event->refund_id);
	assert_string_equal(decoded.currency, event->currency);
	assert_int_equal(decoded.amount_paise, event->amount_paise);
	assert_int_equal(decoded.time_ms, event->time_ms);
	/* Nothing shorter, nothing longer, no other kind or version. */
	for (size_t cut = 0; cut < size; cut++) {
		assert_false(payment_event_decode(&decoded, bytes, cut));
	}
	assert_false(payment_event_decode(&decoded, bytes, size + 1));
	bytes[1]++;
	assert_false(payment_event_decode(&decoded, bytes, size));
	bytes[1]--;
	bytes[0]++;
	assert_false(payment_event_decode(&decoded, bytes, size));
}

static void events_round_trip(void **state) {
	(void)state;
	struct payment_event event = a_payment();
	assert_round_trip(&event);
	event = a_refund();
	assert_round_trip(&event);
	event.order_id[0] = '\0';
	event.id[0] = '\0';
	assert_round_trip(&event);
	event = a_refund();
	memset(event.id, 'e', PAYMENT_ID_BYTES_MAX);
	memset(event.payment_id, 'p', PAYMENT_ID_BYTES_MAX);
	memset(event.order_id, 'o', PAYMENT_ID_BYTES_MAX);
	memset(event.refund_id, 'r', PAYMENT_ID_BYTES_MAX);
	event.amount_paise = PAYMENT_AMOUNT_MAX;
	assert_round_trip(&event);
}

static void events_that_are_not_whole_are_no_messages(void **state) {
	(void)state;
	struct payment_event events[8];
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		events[i] = a_payment();
	}
	events[0].kind = PAYMENT_EVENT_OTHER;
	events[1].payment_id[0] = '\0';
	events[2].amount_paise = 0;
	events[3].amount_paise = PAYMENT_AMOUNT_MAX + 1;
	events[4].currency[1] = 'n';
	events[5].refund_id[0] = 'r'; /* of a payment */
	events[6].order_id[0] = '/';
	events[7].time_ms = -1;
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		assert_int_equal(payment_event_encode(&events[i], bytes, sizeof bytes), 0);
	}
	struct payment_event event = a_payment();
	assert_int_equal(payment_event_encode(&event, bytes, 20), 0);
	event = a_refund();
	event.refund_id[0] = '\0';
	assert_int_equal(payment_event_encode(&event, bytes, sizeof bytes), 0);
}

static void how_to_pay_round_trips(void **state) {
	(void)state;
	static const char json[] = "{\"order_id\":\"order_1\",\"amount_paise\":100}";
	struct payable payable = {41, json, sizeof json - 1};
	struct payable decoded;
	size_t size = payable_encode(&payable, bytes, sizeof bytes);
	assert_int_equal(size, 8 + sizeof json - 1);
	assert_true(payable_decode(&decoded, bytes, size));
	assert_int_equal(decoded.number, 41);
	assert_int_equal(decoded.json_size, sizeof json - 1);
	assert_memory_equal(decoded.json, json, sizeof json - 1);
	for (size_t cut = 0; cut < size; cut++) {
		assert_false(payable_decode(&decoded, bytes, cut));
	}
	assert_false(payable_decode(&decoded, bytes, size + 1));
	bytes[size - 1] = ']';
	assert_false(payable_decode(&decoded, bytes, size));
}

static void how_to_pay_is_an_object(void **state) {
	(void)state;
	static const char *const wrong[] = {"", "{", "[]", "{\n}", "{\"a\":\"\xff\"}", " {}"};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct payable payable = {1, wrong[i], (uint16_t)strlen(wrong[i])};
		assert_int_equal(payable_encode(&payable, bytes, sizeof bytes), 0);
	}
	struct payable nobody = {0, "{}", 2};
	assert_int_equal(payable_encode(&nobody, bytes, sizeof bytes), 0);
	static char longest[PAYABLE_JSON_BYTES_MAX + 1];
	memset(longest, 'x', sizeof longest);
	longest[0] = '{';
	longest[PAYABLE_JSON_BYTES_MAX - 1] = '}';
	struct payable payable = {UINT32_MAX, longest, PAYABLE_JSON_BYTES_MAX};
	assert_true(payable_encode(&payable, bytes, sizeof bytes) > 0);
	assert_int_equal(payable_encode(&payable, bytes, PAYABLE_JSON_BYTES_MAX), 0);
	longest[PAYABLE_JSON_BYTES_MAX] = '}';
	payable.json_size++;
	assert_int_equal(payable_encode(&payable, bytes, sizeof bytes), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_round_trip),
		cmocka_unit_test(events_that_are_not_whole_are_no_messages),
		cmocka_unit_test(how_to_pay_round_trips),
		cmocka_unit_test(how_to_pay_is_an_object),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
