# nats - the message broker: finds or installs nats-server, writes its configuration, runs it.
#
# From 2.10 on a message is on the disk when it is acknowledged (sync_interval: always). Debian 12
# has 2.9.10, whose acknowledgement survives the death of the server but not a power cut: so a newer
# one is installed with Go where there is Go.

NATS_PINNED=2.14.9
NATS_GO_MIN=1.21
NATS_SYNC_MIN=2.10.0
# A broker user for each program; also the prefix of its inboxes.
NATS_USERS=(ingress sequencer fulfiller notifier cashier admin sys)

nats_ensure() {
	_nats_choose
	_nats_guard_store
	_nats_configure
	step nats "version $NATS_VERSION: what it acknowledges is $(_nats_syncs || printf 'NOT YET ')on the disk"
	process_ensure nats "$NATS_SERVER" "$NATS_DIR"/*.conf -- \
		"$NATS_SERVER" --config "$NATS_DIR/nats-server.conf"
	await 60 nats http_is_ok "$NATS_MONITOR_PORT" /healthz ||
		die_with_log "$LOG_DIR/nats.log" "nats-server $NATS_VERSION is not healthy: see its log." \
			"If its disk was full, make room and run: deploy/restart nats"
	printf '%s\n' "$NATS_VERSION" | write_file "$NATS_DIR/version" 644
}

# With an admin's name and password, for tests and tools.
nats_admin_url() {
	printf 'nats://admin:%s@127.0.0.1:%s\n' "$(secret nats-admin)" "$NATS_PORT"
}

# Sets NATS_SERVER and NATS_VERSION.
_nats_choose() {
	local pinned=$TOOLS_DIR/nats-server-$NATS_PINNED/nats-server
	if [[ -n ${FIRSTCOME_NATS_SERVER:-} ]]; then
		NATS_SERVER=$FIRSTCOME_NATS_SERVER
	elif [[ -x $pinned ]] || _nats_install "$pinned"; then
		NATS_SERVER=$pinned
	else
		NATS_SERVER=$(_nats_of_debian)
	fi
	NATS_VERSION=$("$NATS_SERVER" --version | sed -n 's/^nats-server: v//p') || true
	[[ -n $NATS_VERSION ]] ||
		die "$NATS_SERVER does not run. See what is wrong with: $NATS_SERVER --version"
	_nats_syncs || _nats_warn
}

_nats_install() { # TARGET
	local go log=$LOG_DIR/nats-install.log
	go=$(_go) || return 1
	step nats "installing nats-server $NATS_PINNED with $go"
	run_logged nats "$log" env GOBIN="$(dirname "$1")" "$go" install \
		"github.com/nats-io/nats-server/v2@v$NATS_PINNED" && return
	show_log_tail "$log"
	warn "nats-server $NATS_PINNED could not be installed with Go, so Debian's older one is" \
		"used. When the network is there again, run deploy/down --wipe and deploy/up"
	return 1
}

# The Go toolchain, if there is one that is new enough.
_go() {
	local go version
	for go in "$(command -v go || true)" /usr/local/go/bin/go; do
		[[ -x $go ]] || continue
		version=$("$go" env GOVERSION 2>/dev/null) || continue
		if _version_at_least "${version#go}" "$NATS_GO_MIN"; then
			printf '%s\n' "$go"
			return
		fi
	done
	return 1
}

# Only the program is taken out of the package: installing it would start a second broker for the
# whole machine, without a password.
_nats_of_debian() {
	local folder=$TOOLS_DIR/nats-server-debian log=$LOG_DIR/nats-install.log
	if [[ -x /usr/sbin/nats-server ]]; then
		printf '/usr/sbin/nats-server\n'
		return
	fi
	if [[ ! -x $folder/usr/sbin/nats-server ]]; then
		rm -rf "$folder" && mkdir -p "$folder"
		(
			cd "$folder" && apt-get --quiet download nats-server &&
				dpkg-deb --extract ./*.deb .
		) >"$log" 2>&1 ||
			die_with_log "$log" "there is no nats-server. Install Go $NATS_GO_MIN or later, or" \
				"give the program's path in FIRSTCOME_NATS_SERVER"
	fi
	printf '%s\n' "$folder/usr/sbin/nats-server"
}

_nats_syncs() {
	_version_at_least "$NATS_VERSION" "$NATS_SYNC_MIN"
}

_nats_warn() {
	warn "nats-server $NATS_VERSION writes to the disk only every two minutes. What it" \
		"acknowledged survives kill -9, but NOT a power cut or a crash of the machine. Good for" \
		"trying and for tests; for a real campaign install Go $NATS_GO_MIN or later, and run" \
		"deploy/down --wipe and deploy/up again"
}

# A store that a newer server has written must not be opened by an older one.
_nats_guard_store() {
	local before
	[[ -r $NATS_DIR/version ]] || return 0
	before=$(<"$NATS_DIR/version")
	_version_at_least "$NATS_VERSION" "$before" ||
		die "the messages in $NATS_DIR were written by nats-server $before, and now there is only" \
			"$NATS_VERSION. Bring the newer one back (FIRSTCOME_NATS_SERVER=path), or forget the" \
			"data: deploy/down --wipe"
}

_nats_configure() {
	local log=$LOG_DIR/nats-check.log sync='' user passwords=()
	mkdir -p "$NATS_DIR/jetstream"
	_nats_syncs && sync='sync_interval: always'
	for user in "${NATS_USERS[@]}"; do
		passwords+=("${user^^}_PASSWORD=$(secret "nats-$user")")
	done
	render "$DEPLOY_DIR/nats/accounts.conf.in" "${passwords[@]}" |
		write_file "$NATS_DIR/accounts.conf" 600
	render "$DEPLOY_DIR/nats/nats-server.conf.in" "PORT=$NATS_PORT" \
		"MONITOR_PORT=$NATS_MONITOR_PORT" "STORE=$NATS_DIR/jetstream" "SYNC=$sync" |
		write_file "$NATS_DIR/nats-server.conf" 600
	"$NATS_SERVER" --config "$NATS_DIR/nats-server.conf" -t >"$log" 2>&1 ||
		die_with_log "$log" "nats-server $NATS_VERSION refuses its configuration. Is deploy/nats" \
			"changed? See: git diff deploy/nats"
}

_version_at_least() { # VERSION MINIMUM
	[[ $(printf '%s\n%s\n' "$2" "$1" | sort --version-sort | head -n 1) == "$2" ]]
}
