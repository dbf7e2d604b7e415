#include "ingress/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/pure/text.h"

/* "[2001:db8::1]:8080", brackets and port as there are, ends up as the address alone. False if it
 * is too long for one. */
static bool split_port(
	struct http_slice text, char host[ADDRESS_TEXT_BYTES], struct http_slice *port) {
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
	if (size == 0 || size >= ADDRESS_TEXT_BYTES) {
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
	char host[ADDRESS_TEXT_BYTES];
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

void address_print(const struct sockaddr_storage *address, char target[ADDRESS_TEXT_BYTES]) {
	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)address;
	const char *written = NULL;
	if (address->ss_family == AF_INET) {
		written = inet_ntop(AF_INET, &ipv4->sin_addr, target, ADDRESS_TEXT_BYTES);
	} else if (address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&ipv6->sin6_addr)) {
		written = inet_ntop(
			AF_INET, &ipv6->sin6_addr.s6_addr[12], target, ADDRESS_TEXT_BYTES);
	} else if (address->ss_family == AF_INET6) {
		written = inet_ntop(AF_INET6, &ipv6->sin6_addr, target, ADDRESS_TEXT_BYTES);
	}
	if (written == NULL) {
		target[0] = '\0';
	}
}

bool address_is_loopback(const char *text) {
	return strncmp(text, "127.", 4) == 0 || strcmp(text, "::1") == 0;
}

bool address_forwarded(struct http_slice forwarded_for, char target[ADDRESS_TEXT_BYTES]) {
	struct http_slice last = {NULL, 0};
	struct http_slice element;
	while (http_slice_next(&forwarded_for, ',', &element)) {
		last = element;
	}
	char host[ADDRESS_TEXT_BYTES];
	struct http_slice port;
	struct sockaddr_storage address;
	socklen_t size;
	if (last.start == NULL || !split_port(last, host, &port) ||
		!parse_host(host, &address, &size)) {
		return false;
	}
	address_print(&address, target);
	return true;
}
