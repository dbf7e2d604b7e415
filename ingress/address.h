/*
 * address - where to listen, and who is asking.
 *
 * Numbers only, no look-up of names: a listening address is configuration, a client's is a fact.
 */
#ifndef INGRESS_ADDRESS_H
#define INGRESS_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "ingress/http_slice.h"

/* An IPv4 address stands in IPv6 clothes (::ffff:1.2.3.4), so that nobody has two. All zero: unknown. */
struct address {
	uint8_t bytes[16];
};

/* Reads "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:80". False if it is something else. */
bool address_parse(const char *text, struct sockaddr_storage *address, socklen_t *size);

/* Without the port; unknown for families other than IP. */
struct address address_of(const struct sockaddr_storage *address);

bool address_is_known(const struct address *address);
/* True if it is one of this machine's loopback. */
bool address_is_loopback(const struct address *address);

/* The part that one customer of a provider has: all of IPv4, the upper half of IPv6. False if it is not
 * known, and for one of this machine, which stands for a trusted program. */
#define ADDRESS_PREFIX_BYTES 8u
bool address_prefix(uint8_t prefix[ADDRESS_PREFIX_BYTES], const struct address *address);

/* The last address in an X-Forwarded-For list: the one that the nearest proxy saw itself; what
 * stands before it is hearsay. A port is dropped. False, target untouched, if it is no address. */
bool address_forwarded(struct http_slice forwarded_for, struct address *target);

#endif
