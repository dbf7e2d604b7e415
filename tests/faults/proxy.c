/*
 * proxy - a TCP proxy that misbehaves when told to, between the programs and what they talk to.
 *
 *	fault_proxy NAME=LISTEN-PORT:TARGET-PORT...		all on 127.0.0.1; each is a link
 *
 *	client ◀──▶ connection { flow up, flow down } ◀──▶ target
 *
 * Commands come on standard input, one a line; each is answered by "ok N", N connections being there
 * now, or by "error: ...".
 *	open LINK            as if the proxy were not there: ends all that is below
 *	refuse LINK          new connections are refused; those that are there go on
 *	freeze LINK          takes connections, passes nothing
 *	half LINK up|down    passes only what goes to the target, or only what comes from it
 *	delay LINK MS        each piece arrives so much later
 *	throttle LINK BYTES  so many bytes a second in each direction
 *	cut LINK             ends all connections, once
 *	reset LINK           breaks all connections (RST), once
 *	count LINK           changes nothing
 * The end of the input ends the proxy.
 *
 * Memory is bounded: a flow holds one piece, and reads no more until that has gone on, so a receiver
 * that is slow slows its sender, as the network would.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <uv.h>

#include "common/memory.h"
#include "common/pure/text.h"

#define LINKS_MAX 64u
#define NAME_BYTES 40u
#define CONNECTIONS_MAX 1024u
#define BACKLOG 512
#define PIECE_BYTES (16u << 10)
#define LINE_BYTES 200u
#define DELAY_MS_MAX 60000u
/* A throttled flow takes pieces of a quarter of a second, so that it trickles and does not jump. */
#define PIECES_A_SECOND 4u

enum { UP, DOWN, DIRECTIONS }; /* to the target, from the target */

struct link {
	char name[NAME_BYTES];
	uint16_t port;
	uint16_t target_port;
	uv_loop_t *loop;
	uv_tcp_t *listener; /* NULL: refuses */
	struct connection *connections;
	unsigned count;
	bool passes[DIRECTIONS];
	uint32_t delay_ms;
	uint32_t bytes_per_second; /* 0: no limit */
};

/*	            a piece, or the end
 *	READING ──────────────────────────▶ HOLDING
 *	   ▲                                   │ it is due, and the link passes it
 *	   └──────── WRITING ◀─────────────────┴──────▶ ENDED
 *	    written             a piece            the end */
enum flow_state { FLOW_WAITING, FLOW_READING, FLOW_HOLDING, FLOW_WRITING, FLOW_ENDED };

struct flow {
	struct connection *connection;
	int direction;
	enum flow_state state;
	uint64_t due_ms;
	size_t size; /* of the piece; 0: the end */
	uv_timer_t timer;
	uv_write_t write;
	uv_shutdown_t shutdown;
	char piece[PIECE_BYTES];
};

struct connection {
	struct connection *next;
	struct link *link;
	uv_tcp_t ends[DIRECTIONS]; /* where flow UP reads (the client), where flow DOWN reads */
	struct flow flows[DIRECTIONS];
	uv_connect_t connect;
	unsigned open_handles;
	bool closing;
};

static struct link links[LINKS_MAX];
static unsigned links_count;
static unsigned connections_count;

/* ---- the end of a connection ------------------------------------------------------------------ */

static void on_closed(uv_handle_t *handle) {
	struct connection *connection = handle->data;
	if (--connection->open_handles == 0) {
		free(connection);
	}
}

static void unlink_connection(struct connection *connection) {
	struct connection **place = &connection->link->connections;
	while (*place != connection) {
		place = &(*place)->next;
	}
	*place = connection->next;
	connection->link->count--;
	connections_count--;
}

static void end_connection(struct connection *connection, bool reset) {
	if (connection->closing) {
		return;
	}
	connection->closing = true;
	unlink_connection(connection);
	for (int i = 0; i < DIRECTIONS; i++) {
		uv_tcp_t *end = &connection->ends[i];
		/* A socket that is being shut down cannot be reset any more. */
		if (!reset || uv_tcp_close_reset(end, on_closed) != 0) {
			uv_close((uv_handle_t *)end, on_closed);
		}
		uv_close((uv_handle_t *)&connection->flows[i].timer, on_closed);
	}
}

static void end_all(struct link *link, bool reset) {
	while (link->connections != NULL) {
		end_connection(link->connections, reset);
	}
}

/* ---- a flow ----------------------------------------------------------------------------------- */

static void flow_read(struct flow *flow);

static void on_written(uv_write_t *write, int status) {
	struct flow *flow = write->data;
	if (flow->connection->closing) {
		return;
	}
	if (status != 0) {
		end_connection(flow->connection, true);
		return;
	}
	flow_read(flow);
}

static void on_shut_down(uv_shutdown_t *shutdown, int status) {
	struct flow *flow = shutdown->data;
	struct connection *connection = flow->connection;
	if (connection->closing) {
		return;
	}
	flow->state = FLOW_ENDED;
	if (status != 0 || connection->flows[!flow->direction].state == FLOW_ENDED) {
		end_connection(connection, status != 0);
	}
}

static void on_due(uv_timer_t *timer);

/* Sends on what the flow holds, if it is time and the link lets it. */
static void flow_pump(struct flow *flow) {
	struct connection *connection = flow->connection;
	struct link *link = connection->link;
	if (flow->state != FLOW_HOLDING || !link->passes[flow->direction]) {
		return;
	}
	uint64_t now_ms = uv_now(link->loop);
	if (now_ms < flow->due_ms) {
		uv_timer_start(&flow->timer, on_due, flow->due_ms - now_ms, 0);
		return;
	}
	uv_stream_t *target = (uv_stream_t *)&connection->ends[!flow->direction];
	uv_buf_t piece = uv_buf_init(flow->piece, (unsigned)flow->size);
	flow->state = FLOW_WRITING;
	flow->write.data = flow->shutdown.data = flow;
	int error = flow->size == 0 ? uv_shutdown(&flow->shutdown, target, on_shut_down)
				    : uv_write(&flow->write, target, &piece, 1, on_written);
	if (error != 0) {
		end_connection(connection, true);
	}
}

static void on_due(uv_timer_t *timer) {
	struct connection *connection = timer->data;
	flow_pump(&connection->flows[timer == &connection->flows[DOWN].timer]);
}

static void flow_hold(struct flow *flow, size_t size) {
	const struct link *link = flow->connection->link;
	uint64_t wait_ms = link->delay_ms;
	if (link->bytes_per_second > 0) {
		wait_ms += size * 1000 / link->bytes_per_second;
	}
	flow->size = size;
	flow->state = FLOW_HOLDING;
	flow->due_ms = uv_now(link->loop) + wait_ms;
	uv_read_stop((uv_stream_t *)&flow->connection->ends[flow->direction]);
	flow_pump(flow);
}

static struct flow *flow_of(const uv_stream_t *end) {
	struct connection *connection = end->data;
	return &connection->flows[end == (uv_stream_t *)&connection->ends[DOWN]];
}

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *room) {
	struct flow *flow = flow_of((uv_stream_t *)handle);
	uint32_t limit = flow->connection->link->bytes_per_second / PIECES_A_SECOND + 1;
	bool limited = limit > 1 && limit < PIECE_BYTES;
	(void)suggested;
	*room = uv_buf_init(flow->piece, limited ? limit : PIECE_BYTES);
}

static void on_read(uv_stream_t *end, ssize_t size, const uv_buf_t *room) {
	(void)room;
	if (size > 0 || size == UV_EOF) {
		flow_hold(flow_of(end), size == UV_EOF ? 0 : (size_t)size);
	} else if (size < 0) {
		end_connection(end->data, true);
	}
}

static void flow_read(struct flow *flow) {
	struct connection *connection = flow->connection;
	flow->state = FLOW_READING;
	if (uv_read_start((uv_stream_t *)&connection->ends[flow->direction], on_room_wanted,
		    on_read) != 0) {
		end_connection(connection, true);
	}
}

/* ---- a link ----------------------------------------------------------------------------------- */

static void on_connected(uv_connect_t *connect, int status) {
	struct connection *connection = connect->data;
	if (connection->closing) {
		return;
	}
	if (status != 0) {
		end_connection(connection, true); /* as the target would have refused */
		return;
	}
	flow_read(&connection->flows[UP]);
	if (!connection->closing) {
		flow_read(&connection->flows[DOWN]);
	}
}

static struct connection *connection_create(struct link *link) {
	struct connection *connection = memory_new(sizeof *connection);
	*connection = (struct connection){.link = link, .next = link->connections};
	for (int i = 0; i < DIRECTIONS; i++) {
		struct flow *flow = &connection->flows[i];
		flow->connection = connection;
		flow->direction = i;
		uv_tcp_init(link->loop, &connection->ends[i]);
		uv_timer_init(link->loop, &flow->timer);
		connection->ends[i].data = flow->timer.data = connection;
		connection->open_handles += 2;
	}
	connection->connect.data = connection;
	link->connections = connection;
	link->count++;
	connections_count++;
	return connection;
}

static void loopback(struct sockaddr_in *address, uint16_t port) {
	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static void on_connection(uv_stream_t *listener, int status) {
	struct link *link = listener->data;
	if (status != 0) {
		return;
	}
	struct connection *connection = connection_create(link);
	struct sockaddr_in target;
	loopback(&target, link->target_port);
	if (uv_accept(listener, (uv_stream_t *)&connection->ends[UP]) != 0 ||
		connections_count > CONNECTIONS_MAX ||
		uv_tcp_connect(&connection->connect, &connection->ends[DOWN],
			(const struct sockaddr *)&target, on_connected) != 0) {
		end_connection(connection, true);
		return;
	}
	uv_tcp_nodelay(&connection->ends[UP], 1);
	uv_tcp_nodelay(&connection->ends[DOWN], 1);
}

static void on_listener_closed(uv_handle_t *handle) {
	free(handle);
}

static void link_refuse(struct link *link) {
	if (link->listener != NULL) {
		uv_close((uv_handle_t *)link->listener, on_listener_closed);
		link->listener = NULL;
	}
}

/* Returns 0, or libuv's error. */
static int link_listen(struct link *link) {
	if (link->listener != NULL) {
		return 0;
	}
	link->listener = memory_new(sizeof *link->listener);
	uv_tcp_init(link->loop, link->listener);
	link->listener->data = link;
	struct sockaddr_in address;
	loopback(&address, link->port);
	int error = uv_tcp_bind(link->listener, (const struct sockaddr *)&address, 0);
	if (error == 0) {
		error = uv_listen((uv_stream_t *)link->listener, BACKLOG, on_connection);
	}
	if (error != 0) {
		link_refuse(link);
	}
	return error;
}

static void link_pass(struct link *link, bool up, bool down) {
	link->passes[UP] = up;
	link->passes[DOWN] = down;
	struct connection *next;
	for (struct connection *each = link->connections; each != NULL; each = next) {
		next = each->next; /* pumping may end the connection */
		for (int i = 0; i < DIRECTIONS && !each->closing; i++) {
			flow_pump(&each->flows[i]);
		}
	}
}

/* ---- commands --------------------------------------------------------------------------------- */

/* Returns what is wrong, or NULL. */
typedef const char *(*command_handler)(struct link *link, const char *word, uint32_t number);

static const char *command_open(struct link *link, const char *word, uint32_t number) {
	(void)word;
	(void)number;
	link->delay_ms = 0;
	link->bytes_per_second = 0;
	link_pass(link, true, true);
	int error = link_listen(link);
	return error == 0 ? NULL : uv_strerror(error);
}

static const char *command_refuse(struct link *link, const char *word, uint32_t number) {
	(void)word;
	(void)number;
	link_refuse(link);
	return NULL;
}

static const char *command_freeze(struct link *link, const char *word, uint32_t number) {
	(void)word;
	(void)number;
	link_pass(link, false, false);
	return NULL;
}

static const char *command_half(struct link *link, const char *word, uint32_t number) {
	(void)number;
	bool up = strcmp(word, "up") == 0;
	if (!up && strcmp(word, "down") != 0) {
		return "say which half passes: up (to the target) or down (from it)";
	}
	link_pass(link, up, !up);
	return NULL;
}

static const char *command_delay(struct link *link, const char *word, uint32_t number) {
	(void)word;
	if (number == 0 || number > DELAY_MS_MAX) {
		return "give 1 to 60000 milliseconds";
	}
	link->delay_ms = number;
	return NULL;
}

static const char *command_throttle(struct link *link, const char *word, uint32_t number) {
	(void)word;
	if (number < PIECES_A_SECOND) {
		return "give at least 4 bytes a second; freeze passes nothing";
	}
	link->bytes_per_second = number;
	return NULL;
}

static const char *command_cut(struct link *link, const char *word, uint32_t number) {
	(void)word;
	(void)number;
	end_all(link, false);
	return NULL;
}

static const char *command_reset(struct link *link, const char *word, uint32_t number) {
	(void)word;
	(void)number;
	end_all(link, true);
	return NULL;
}

static const char *command_count(struct link *link, const char *word, uint32_t number) {
	(void)word;
	(void)number;
	(void)link;
	return NULL; /* every answer tells the count */
}

static const struct {
	const char *name;
	command_handler handler;
} commands[] = {
	{"open", command_open},
	{"refuse", command_refuse},
	{"freeze", command_freeze},
	{"half", command_half},
	{"delay", command_delay},
	{"throttle", command_throttle},
	{"cut", command_cut},
	{"reset", command_reset},
	{"count", command_count},
};

static struct link *link_named(const char *name) {
	for (unsigned i = 0; i < links_count; i++) {
		if (strcmp(links[i].name, name) == 0) {
			return &links[i];
		}
	}
	return NULL;
}

static void obey(char *line) {
	char *words[3] = {"", "", ""};
	for (size_t i = 0; i < 3 && line != NULL; i++) {
		words[i] = strsep(&line, " ");
	}
	struct link *link = link_named(words[1]);
	uint64_t number = 0;
	(void)text_parse_u64(words[2], strlen(words[2]), UINT32_MAX, &number);
	const char *error = link == NULL ? "there is no such link" : "there is no such command";
	for (size_t i = 0; i < sizeof commands / sizeof *commands && link != NULL; i++) {
		if (strcmp(commands[i].name, words[0]) == 0) {
			error = commands[i].handler(link, words[2], (uint32_t)number);
		}
	}
	if (error == NULL) {
		printf("ok %u\n", link->count);
	} else {
		printf("error: %s %s: %s\n", words[0], words[1], error);
	}
	fflush(stdout);
}

static char line[LINE_BYTES];
static size_t line_used;

static void on_line_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *room) {
	(void)handle;
	(void)suggested;
	*room = uv_buf_init(line + line_used, (unsigned)(sizeof line - line_used));
}

static void on_input(uv_stream_t *input, ssize_t size, const uv_buf_t *room) {
	(void)room;
	if (size < 0) {
		uv_stop(input->loop);
		return;
	}
	line_used += (size_t)size;
	char *end;
	while ((end = memchr(line, '\n', line_used)) != NULL) {
		*end = '\0';
		size_t taken = (size_t)(end - line) + 1;
		obey(line);
		memmove(line, line + taken, line_used - taken);
		line_used -= taken;
	}
	if (line_used == sizeof line) {
		fprintf(stderr, "fault_proxy: a command is a short line. See the top of proxy.c\n");
		exit(EX_DATAERR);
	}
}

/* ---- start ------------------------------------------------------------------------------------ */

static bool read_port(const char *text, size_t size, uint16_t *port) {
	uint64_t value;
	bool good = text_parse_u64(text, size, UINT16_MAX, &value) && value > 0;
	*port = good ? (uint16_t)value : 0;
	return good;
}

/* NAME=LISTEN-PORT:TARGET-PORT */
static bool read_link(struct link *link, const char *argument) {
	size_t name = strcspn(argument, "=");
	const char *ports = argument + name + (argument[name] == '=');
	size_t first = strcspn(ports, ":");
	if (name == 0 || name >= NAME_BYTES || ports[first] != ':') {
		return false;
	}
	memcpy(link->name, argument, name);
	const char *second = ports + first + 1;
	return read_port(ports, first, &link->port) &&
	       read_port(second, strlen(second), &link->target_port);
}

static void start_link(uv_loop_t *loop, const char *argument) {
	struct link *link = &links[links_count];
	if (links_count == LINKS_MAX || !read_link(link, argument)) {
		fprintf(stderr,
			"fault_proxy: %s: give at most %u links, each as NAME=LISTEN-PORT:"
			"TARGET-PORT\n",
			argument, LINKS_MAX);
		exit(EX_USAGE);
	}
	links_count++;
	link->loop = loop;
	link->passes[UP] = link->passes[DOWN] = true;
	int error = link_listen(link);
	if (error != 0) {
		fprintf(stderr, "fault_proxy: port %u: %s. Choose another one\n", link->port,
			uv_strerror(error));
		exit(EX_UNAVAILABLE);
	}
}

int main(int argc, char **argv) {
	uv_loop_t *loop = uv_default_loop();
	signal(SIGPIPE, SIG_IGN);
	for (int i = 1; i < argc; i++) {
		start_link(loop, argv[i]);
	}
	uv_pipe_t input;
	uv_pipe_init(loop, &input, 0);
	if (uv_pipe_open(&input, STDIN_FILENO) != 0) {
		fprintf(stderr, "fault_proxy: give the commands through a pipe\n");
		return EX_USAGE;
	}
	uv_read_start((uv_stream_t *)&input, on_line_room_wanted, on_input);
	uv_run(loop, UV_RUN_DEFAULT);
	return EX_OK; /* the kernel closes what is open */
}
