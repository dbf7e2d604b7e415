/*
 * address_test - addresses as text, in both directions, and whom to believe about them.
 */
#include "ingress/address.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>

struct row {
	const char *text;
	const char *expected;
};

static void reads_where_to_listen(void **state) {
	(void)state;
	static const struct row rows[] = {
		{"127.0.0.1:8080", "127.0.0.1 8080"},
		{"0.0.0.0:80", "0.0.0.0 80"},
		{"127.0.0.1:0", "127.0.0.1 0"},
		{"[::1]:8080", "::1 8080"},
		{"[::]:65535", ":: 65535"},
		{"[::ffff:127.0.0.1]:1", "127.0.0.1 1"},
		{"127.0.0.1", "no"},
		{"127.0.0.1:", "no"},
		{"127.0.0.1:65536", "no"},
		{"127.0.0.1:-1", "no"},
		{"127.0.0.1: 80", "no"},
		{"127.0.0.1:http", "no"},
		{"127.0.0:80", "no"},
		{"127.0.0.1.1:80", "no"},
		{"localhost:80", "no"},
		{"::1:8080", "no"},
		{"[::1]8080", "no"},
		{"[::1:8080", "no"},
		{"[::1]", "no"},
		{"[]:80", "no"},
		{":80", "no"},
		{"", "no"},
		{"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80", "no"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct sockaddr_storage address;
		socklen_t size = 0;
		char host[ADDRESS_TEXT_BYTES] = "";
		char read[ADDRESS_TEXT_BYTES + 8] = "no";
		if (address_parse(rows[i].text, &address, &size)) {
			address_print(&address, host);
			in_port_t port = address.ss_family == AF_INET
						 ? ((struct sockaddr_in *)&address)->sin_port
						 : ((struct sockaddr_in6 *)&address)->sin6_port;
			snprintf(read, sizeof(read), "%s %u", host, ntohs(port));
		}
		assert_string_equal(read, rows[i].expected);
	}
}

static void believes_the_nearest_proxy(void **state) {
	(void)state;
	static const struct row rows[] = {
		{"1.2.3.4", "1.2.3.4"},
		{"6.6.6.6, 1.2.3.4", "1.2.3.4"},
		{"unknown,1.2.3.4", "1.2.3.4"},
		{" 1.2.3.4 ", "1.2.3.4"},
		{"1.2.3.4:5678", "1.2.3.4"},
		{"2001:DB8::0:1", "2001:db8::1"},
		{"[2001:db8::1]", "2001:db8::1"},
		{"[2001:db8::1]:443", "2001:db8::1"},
		{"::ffff:1.2.3.4", "1.2.3.4"},
		{"1.2.3.4, unknown", "untouched"},
		{"1.2.3.4,", "untouched"},
		{"01.2.3.4", "untouched"},
		{"fe80::1%eth0", "untouched"},
		{"example.org", "untouched"},
		{"1.2.3.4\", \"", "untouched"},
		{"", "untouched"},
		{NULL, "untouched"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char target[ADDRESS_TEXT_BYTES] = "untouched";
		struct http_slice list = {
			rows[i].text, rows[i].text == NULL ? 0 : strlen(rows[i].text)};
		bool found = address_forwarded(list, target);
		assert_string_equal(target, rows[i].expected);
		assert_int_equal(found, strcmp(target, "untouched") != 0);
	}
}

static void knows_loopback(void **state) {
	(void)state;
	assert_true(address_is_loopback("127.0.0.1"));
	assert_true(address_is_loopback("127.255.0.1"));
	assert_true(address_is_loopback("::1"));
	assert_false(address_is_loopback("128.0.0.1"));
	assert_false(address_is_loopback("::12"));
	assert_false(address_is_loopback("1.127.0.0"));
	assert_false(address_is_loopback(""));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_where_to_listen),
		cmocka_unit_test(believes_the_nearest_proxy),
		cmocka_unit_test(knows_loopback),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
