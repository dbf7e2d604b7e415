#include "ingress/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/pure/text.h"

/* The longest IPv6 address as text, and its NUL. */
#define TEXT_BYTES INET6_ADDRSTRLEN

/* "[2001:db8::1]:8080", brackets and port as there are, ends up as the address alone. False if it
 * is too long for one. */
static bool split_port(struct http_slice text, char host[TEXT_BYTES], struct http_slice *port) {
	const char *end = text.start + text.size;
	const char *host_end = end;
	*port = (struct http_slice){NULL, 0};
	if (text.size > 0 && text.start[0] == '[') {
		text.start++;
		text.size--;
		host_end = memchr(text.start, ']', text.size);
		if (host_end == NULL) {
			return false;
		}
		if (host_end + 1 < end) {
			if (host_end[1] != ':') {
				return false;
			}
			*port = (struct http_slice){host_end + 2, (size_t)(end - host_end) - 2};
		}
	} else {
		const char *colon = memchr(text.start, ':', text.size);
		/* Two colons and no brackets: an IPv6 address without a port. */
		if (colon != NULL && memchr(colon + 1, ':', (size_t)(end - colon) - 1) == NULL) {
			host_end = colon;
			*port = (struct http_slice){colon + 1, (size_t)(end - colon) - 1};
		}
	}
	size_t size = (size_t)(host_end - text.start);
	if (size == 0 || size >= TEXT_BYTES) {
		return false;
	}
	memcpy(host, text.start, size);
	host[size] = '\0';
	return true;
}

static bool parse_host(const char *host, struct sockaddr_storage *address, socklen_t *size) {
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)address;
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, host, &ipv4->sin_addr) == 1) {
		ipv4->sin_family = AF_INET;
		*size = sizeof(*ipv4);
		return true;
	}
	if (inet_pton(AF_INET6, host, &ipv6->sin6_addr) == 1) {
		ipv6->sin6_family = AF_INET6;
		*size = sizeof(*ipv6);
		return true;
	}
	return false;
}

bool address_parse(const char *text, struct sockaddr_storage *address, socklen_t *size) {
	char host[TEXT_BYTES];
	struct http_slice port;
	uint64_t number = 0;
	if (!split_port((struct http_slice){text, strlen(text)}, host, &port) ||
		port.start == NULL || !text_parse_u64(port.start, port.size, UINT16_MAX, &number) ||
		!parse_host(host, address, size)) {
		return false;
	}
	in_port_t wire_port = htons((uint16_t)number);
	if (address->ss_family == AF_INET) {
		((struct sockaddr_in *)address)->sin_port = wire_port;
	} else {
		((struct sockaddr_in6 *)address)->sin6_port = wire_port;
	}
	return true;
}

/* ::ffff:0:0, before an IPv4 address. */
static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool is_ipv4(const struct address *address) {
	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

struct address address_of(const struct sockaddr_storage *address) {
	struct address result = {{0}};
	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
		memcpy(result.bytes, mapped, sizeof(mapped));
		memcpy(result.bytes + sizeof(mapped), &ipv4->sin_addr, sizeof(ipv4->sin_addr));
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)address;
		memcpy(result.bytes, &ipv6->sin6_addr, sizeof(ipv6->sin6_addr));
	}
	return result;
}

bool address_is_known(const struct address *address) {
	static const struct address unknown;
	return memcmp(address, &unknown, sizeof(unknown)) != 0;
}

bool address_is_loopback(const struct address *address) {
	static const struct address loopback = {{[15] = 1}};
	return is_ipv4(address) ? address->bytes[sizeof(mapped)] == 127
				: memcmp(address, &loopback, sizeof(loopback)) == 0;
}

bool address_prefix(uint8_t prefix[ADDRESS_PREFIX_BYTES], const struct address *address) {
	if (!address_is_known(address) || address_is_loopback(address)) {
		return false;
	}
	memset(prefix, 0, ADDRESS_PREFIX_BYTES);
	if (is_ipv4(address)) {
		memcpy(prefix, address->bytes + sizeof(mapped), 4);
	} else {
		memcpy(prefix, address->bytes, ADDRESS_PREFIX_BYTES);
	}
	return true;
}

bool address_forwarded(struct http_slice forwarded_for, struct address *target) {
	struct http_slice last = {NULL, 0};
	struct http_slice element;
	while (http_slice_next(&forwarded_for, ',', &element)) {
		last = element;
	}
	char host[TEXT_BYTES];
	struct http_slice port;
	struct sockaddr_storage address;
	socklen_t size;
	if (last.start == NULL || !split_port(last, host, &port) ||
		!parse_host(host, &address, &size)) {
		return false;
	}
	*target = address_of(&address);
	return true;
}
