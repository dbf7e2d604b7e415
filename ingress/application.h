/*
 * application - the ingress put together: what it is configured with, and all its parts.
 *
 *	server ──▶ api ──▶ line ──▶ broker ──▶ news ──▶ campaigns, decisions, line ──▶ answer
 *	            ├──▶ sessions ──▶ codebook, lookup, broker
 *	            └──▶ lookup ──▶ PostgreSQL
 *
 * main.c names its hooks to the service skeleton.
 */
#ifndef INGRESS_APPLICATION_H
#define INGRESS_APPLICATION_H

#include "common/keys.h"
#include "common/service.h"
#include "ingress/admission.h"
#include "ingress/codebook.h"
#include "ingress/congestion.h"

struct secrets {
	struct key identity;
	struct key booking;
	struct key code;
	struct key ticket;
	struct key admission; /* random, of this process: nobody can choose whose bucket he uses */
	struct token_keys tokens;
};

struct settings {
	const char *http_listen;
	const char *admin_listen;
	const char *web_dir;
	const char *keys_dir;
	const char *database_url;
};

struct application {
	struct service *service;
	struct secrets secrets;
	struct admission admission;
	struct congestion congestion;
	struct files *files;
	struct admin *admin;
	struct server *server;
	struct campaigns *campaigns;
	struct decisions *decisions;
	struct news *news;
	struct lines *lines;
	struct lookup *lookup;
	struct codebook codebook;
};

/* Filled in by the parameters in main.c. */
extern struct settings settings;

/* The hooks of struct service_spec. */
void application_prepare(struct service *service);
void application_start(struct service *service);
void application_drain(struct service *service);
void application_stop(struct service *service);

#endif
