# nats_program - finds nats-server, or installs it.
#
# From 2.10 on a message is on the disk when it is acknowledged (sync_interval: always). Debian 12
# has 2.9.10, whose acknowledgement survives the death of the server but not a power cut: so a newer
# one is installed with Go where there is Go. Clusters are for still newer ones: those before lose
# messages in known ways when a broker dies, and notice late that one is silent.

NATS_PINNED=2.14.9
NATS_GO_MIN=1.21
NATS_SYNC_MIN=2.10.0
NATS_CLUSTER_MIN=2.12.0

# Sets NATS_SERVER and NATS_VERSION.
nats_choose() {
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
	nats_syncs || _nats_warn
	((BROKERS == 1)) || nats_is_for_clusters || _nats_warn_cluster
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

nats_syncs() {
	_version_at_least "$NATS_VERSION" "$NATS_SYNC_MIN"
}

nats_is_for_clusters() {
	_version_at_least "$NATS_VERSION" "$NATS_CLUSTER_MIN"
}

_nats_warn_cluster() {
	warn "clusters of nats-server $NATS_VERSION can lose what they acknowledged when a broker" \
		"dies. For a real campaign use $NATS_PINNED: install Go $NATS_GO_MIN or later, and run" \
		"deploy/down --wipe and deploy/up --cluster again"
}

_nats_warn() {
	warn "nats-server $NATS_VERSION writes to the disk only every two minutes. What it" \
		"acknowledged survives kill -9, but NOT a power cut or a crash of the machine. Good for" \
		"trying and for tests; for a real campaign install Go $NATS_GO_MIN or later, and run" \
		"deploy/down --wipe and deploy/up again"
}

_version_at_least() { # VERSION MINIMUM
	[[ $(printf '%s\n%s\n' "$2" "$1" | sort --version-sort | head -n 1) == "$2" ]]
}
