/*
 * address_test - where to listen, whom to believe about who is asking, and who counts as one.
 */
#include "ingress/address.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>

struct row {
	const char *text;
	const char *expected;
};

static void print(char target[INET6_ADDRSTRLEN], const struct address *address) {
	assert_non_null(inet_ntop(AF_INET6, address->bytes, target, INET6_ADDRSTRLEN));
}

static struct address address(const char *text) {
	struct address found = {{0}};
	address_forwarded((struct http_slice){text, strlen(text)}, &found);
	return found;
}

static void reads_where_to_listen(void **state) {
	(void)state;
	static const struct row rows[] = {
		{"127.0.0.1:8080", "::ffff:127.0.0.1 8080"},
		{"0.0.0.0:80", "::ffff:0.0.0.0 80"},
		{"127.0.0.1:0", "::ffff:127.0.0.1 0"},
		{"[::1]:8080", "::1 8080"},
		{"[::]:65535", ":: 65535"},
		{"[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1 1"},
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
		struct sockaddr_storage listen;
		socklen_t size = 0;
		char host[INET6_ADDRSTRLEN] = "";
		char read[INET6_ADDRSTRLEN + 8] = "no";
		if (address_parse(rows[i].text, &listen, &size)) {
			const struct address alone = address_of(&listen);
			print(host, &alone);
			in_port_t port = listen.ss_family == AF_INET
						 ? ((struct sockaddr_in *)&listen)->sin_port
						 : ((struct sockaddr_in6 *)&listen)->sin6_port;
			snprintf(read, sizeof(read), "%s %u", host, ntohs(port));
		}
		assert_string_equal(read, rows[i].expected);
	}
}

static void believes_the_nearest_proxy(void **state) {
	(void)state;
	static const struct row rows[] = {
		{"1.2.3.4", "::ffff:1.2.3.4"},
		{"6.6.6.6, 1.2.3.4", "::ffff:1.2.3.4"},
		{"unknown,1.2.3.4", "::ffff:1.2.3.4"},
		{" 1.2.3.4 ", "::ffff:1.2.3.4"},
		{"1.2.3.4:5678", "::ffff:1.2.3.4"},
		{"2001:DB8::0:1", "2001:db8::1"},
		{"[2001:db8::1]", "2001:db8::1"},
		{"[2001:db8::1]:443", "2001:db8::1"},
		{"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
		{"1.2.3.4, unknown", "::"},
		{"1.2.3.4,", "::"},
		{"01.2.3.4", "::"},
		{"fe80::1%eth0", "::"},
		{"example.org", "::"},
		{"1.2.3.4\", \"", "::"},
		{"", "::"},
		{NULL, "::"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct address target = {{0}};
		char printed[INET6_ADDRSTRLEN];
		struct http_slice list = {
			rows[i].text, rows[i].text == NULL ? 0 : strlen(rows[i].text)};
		bool found = address_forwarded(list, &target);
		print(printed, &target);
		assert_string_equal(printed, rows[i].expected);
		assert_int_equal(found, address_is_known(&target));
	}
}

static void knows_loopback(void **state) {
	(void)state;
	static const struct {
		const char *text;
		bool is_loopback;
	} rows[] = {
		{"127.0.0.1", true},
		{"127.255.0.1", true},
		{"::ffff:127.0.0.1", true},
		{"::1", true},
		{"128.0.0.1", false},
		{"1.127.0.0", false},
		{"::12", false},
		{"7f00::1", false},
		{"", false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct address row = address(rows[i].text);
		assert_int_equal(address_is_loopback(&row), rows[i].is_loopback);
	}
}

static void prefixes(void **state) {
	(void)state;
	static const struct {
		const char *text;
		bool counts;
		uint8_t prefix[ADDRESS_PREFIX_BYTES];
	} rows[] = {
		{"203.0.113.9", true, {203, 0, 113, 9}},
		{"::ffff:203.0.113.9", true, {203, 0, 113, 9}},
		{"2001:db8:1:2:3:4:5:6", true, {0x20, 1, 0x0d, 0xb8, 0, 1, 0, 2}},
		{"2001:db8:1:2::", true, {0x20, 1, 0x0d, 0xb8, 0, 1, 0, 2}},
		{"127.0.0.1", false, {0}}, {"127.9.9.9", false, {0}},
		{"::ffff:127.0.0.1", false, {0}}, {"::1", false, {0}},
		{"", false, {0}}, /* not known */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct address row = address(rows[i].text);
		uint8_t prefix[ADDRESS_PREFIX_BYTES];
		assert_int_equal(address_prefix(prefix, &row), rows[i].counts);
		if (rows[i].counts) {
			assert_memory_equal(prefix, rows[i].prefix, sizeof(prefix));
		}
	}
}

static void other_families_are_unknown(void **state) {
	(void)state;
	const struct sockaddr_storage local = {.ss_family = AF_UNIX};
	const struct address none = address_of(&local);
	assert_false(address_is_known(&none));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_where_to_listen),
		cmocka_unit_test(believes_the_nearest_proxy),
		cmocka_unit_test(knows_loopback),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(other_families_are_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
