/*
 * address - where to listen, and who is asking, as text and as socket addresses.
 *
 * Numbers only, no look-up of names: a listening address is configuration, a client's is a fact.
 */
#ifndef INGRESS_ADDRESS_H
#define INGRESS_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "ingress/http_slice.h"

/* The longest IPv6 address as text, and its NUL. */
#define ADDRESS_TEXT_BYTES INET6_ADDRSTRLEN

/* Reads "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:80". False if it is something else. */
bool address_parse(const char *text, struct sockaddr_storage *address, socklen_t *size);

/* Writes the address without its port, an IPv4 address in IPv6 clothes (::ffff:1.2.3.4) as what it
 * is. "" for other families. */
void address_print(const struct sockaddr_storage *address, char target[ADDRESS_TEXT_BYTES]);

/* True if the text, as address_print writes it, is an address of this machine's loopback. */
bool address_is_loopback(const char *text);

/* The last address in an X-Forwarded-For list: the one that the nearest proxy saw itself; what
 * stands before it is hearsay. A port is dropped. False, target untouched, if it is no address. */
bool address_forwarded(struct http_slice forwarded_for, char target[ADDRESS_TEXT_BYTES]);

#endif
