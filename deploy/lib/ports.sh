# ports - who listens where, read from /proc, so that neither ss nor lsof is needed.

# Every port of the block that a program of ours will listen on must be free, or ours already.
ports_require_free() { # PORT...
	local port inode pid
	for port in "$@"; do
		for inode in $(_listening_sockets "$port"); do
			pid=$(_socket_owner "$inode")
			[[ -n $pid ]] && process_is_ours "$pid" && continue
			die "port $port is taken by $(_describe "$pid"). Stop that, or choose another" \
				"block of $PORTS_COUNT ports with FIRSTCOME_PORT"
		done
	done
}

_listening_sockets() { # PORT; prints inodes
	local port_hex
	printf -v port_hex '%04X' "$1"
	# Column 2 is the local address:port in hexadecimal, 4 the state (0A listens), 10 the inode.
	awk -v port="$port_hex" '$4 == "0A" && substr($2, length($2) - 3) == port { print $10 }' \
		/proc/net/tcp /proc/net/tcp6 2>/dev/null || true
}

_socket_owner() { # INODE; prints a pid, or nothing if we may not see it
	local place
	place=$(find /proc/[0-9]*/fd -lname "socket:\[$1\]" -print -quit 2>/dev/null || true)
	if [[ $place =~ ^/proc/([0-9]+)/ ]]; then
		printf '%s\n' "${BASH_REMATCH[1]}"
	fi
}

_describe() { # PID-or-nothing
	if [[ -z $1 ]]; then
		printf 'a process of another user'
	else
		printf 'process %s (%s)' "$1" \
			"$(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | cut -c 1-80)"
	fi
}

# Whether an HTTP server on loopback answers a GET with status 200.
http_is_ok() { # PORT PATH
	local status=
	status=$(
		exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
		printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
		IFS= read -r -t 5 line <&3 && printf '%s' "$line"
	) || return 1
	[[ $status == HTTP/1.?' 200 '* ]]
}

# Tries a command every tenth of a second until it succeeds. False if it never did, or the process
# ended.
await() { # SECONDS PROCESS-NAME COMMAND...
	local deadline=$((SECONDS + $1)) name=$2
	shift 2
	until "$@"; do
		((SECONDS < deadline)) && process_is_running "$name" || return 1
		sleep 0.1
	done
}
