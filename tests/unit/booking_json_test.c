/*
 * booking_json_test - a booking as clients see it, byte for byte.
 */
#include "ingress/booking_json.h"

#include "tests/unit/unit.h"

#include "common/pure/limits.h"

static const char *write(const struct booking_json *booking) {
	static char bytes[BOOKING_JSON_BYTES_MAX];
	static char without_id[BOOKING_JSON_BYTES_MAX];
	struct text text = text_init(bytes, sizeof bytes);
	booking_json_append(&text, booking);
	assert_false(text.failed);
	static const char prefix[] = "{\"booking_id\":\"";
	assert_memory_equal(bytes, prefix, sizeof prefix - 1);
	assert_memory_equal(bytes + sizeof prefix - 1, booking->id, BOOKING_ID_SIZE - 1);
	snprintf(without_id, sizeof without_id, "%s",
		bytes + sizeof prefix - 1 + BOOKING_ID_SIZE - 1);
	return without_id;
}

static struct booking_json example(const char *status) {
	return (struct booking_json){
		.id = "7K3M-9QXT-4C2P-H",
		.campaign_id = "burger",
		.definition_hash = "abc",
		.status = status,
		.is_detailed = true,
		.units = 2,
		.place = 77,
		.booked_at_ms = 1700000000123,
		.offset_minutes = 330,
	};
}

static void every_kind_of_booking(void **state) {
	(void)state;
	struct booking_json booking = example("booked");
	assert_string_equal(write(&booking),
		"\",\"campaign_id\":\"burger\",\"count\":2,\"status\":\"booked\",\"place\":77,"
		"\"booked_at\":\"2023-11-15T03:43:20.123+05:30\",\"definition_hash\":\"abc\"}");
	booking = example("held");
	booking.pay_by_ms = 1700000600000;
	assert_string_equal(write(&booking),
		"\",\"campaign_id\":\"burger\",\"count\":2,\"status\":\"held\",\"place\":77,"
		"\"booked_at\":\"2023-11-15T03:43:20.123+05:30\",\"definition_hash\":\"abc\","
		"\"pay_by\":\"2023-11-15T03:53:20.000+05:30\"}");
	booking = example("waitlisted");
	booking.rank = 5;
	assert_string_equal(write(&booking),
		"\",\"campaign_id\":\"burger\",\"count\":2,\"status\":\"waitlisted\",\"place\":77,"
		"\"booked_at\":\"2023-11-15T03:43:20.123+05:30\",\"definition_hash\":\"abc\","
		"\"rank\":5}");
	booking = example("cancelled");
	booking.is_detailed = false;
	assert_string_equal(write(&booking),
		"\",\"campaign_id\":\"burger\",\"status\":\"cancelled\","
		"\"definition_hash\":\"abc\"}");
}

static void the_longest_one_fits(void **state) {
	(void)state;
	char campaign_id[CAMPAIGN_ID_BYTES_MAX + 1];
	char hash[DEFINITION_HASH_BYTES * 2 + 1];
	memset(campaign_id, 'c', sizeof campaign_id);
	memset(hash, 'f', sizeof hash);
	campaign_id[sizeof campaign_id - 1] = '\0';
	hash[sizeof hash - 1] = '\0';
	struct booking_json booking = {
		.id = "7K3M-9QXT-4C2P-H",
		.campaign_id = campaign_id,
		.definition_hash = hash,
		.status = "refund_due",
		.is_detailed = true,
		.units = UINT32_MAX,
		.place = UINT64_MAX,
		.booked_at_ms = 253402300799999,
		.offset_minutes = -1439,
		.pay_by_ms = 253402300799999,
		.rank = UINT32_MAX,
	};
	write(&booking);
}

int main(void) {
	crypto_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_booking),
		cmocka_unit_test(the_longest_one_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
