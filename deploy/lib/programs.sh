# programs - which programs run, with what settings, and how we know that they are ready.
#
# Each gets exactly the settings that its main.c asks for, and the password of its own broker user.

# NAME is PROGRAM-NUMBER. Of the sequencers one is active, the other stands by; both ingresses
# listen on the same port; the number of an ingress is how far its admin port is above that.
PROGRAMS=(sequencer-1 sequencer-2 fulfiller-1 notifier-1 cashier-1 ingress-1 ingress-2)
READY_SECONDS=60

programs_configure() {
	local name
	for name in "${PROGRAMS[@]}"; do
		program_configure "$name"
	done
	{
		_broker_settings admin 1
		printf 'FIRSTCOME_DATABASE_URL=%s\n' "$(postgres_url firstcome)"
		printf 'FIRSTCOME_KEYS_DIR=%s\n' "$KEYS_DIR"
	} | write_file "$ENVIRONMENT_DIR/admin.env" 600
}

# For one program, also one that is not in PROGRAMS, such as ingress-3.
program_configure() { # NAME
	local program=${1%-*}
	{
		printf 'FIRSTCOME_INSTANCE=%s\n' "$1"
		printf 'FIRSTCOME_LOG_LEVEL=%s\n' "${FIRSTCOME_LOG_LEVEL:-info}"
		printf 'FIRSTCOME_LOG_FORMAT=%s\n' "${FIRSTCOME_LOG_FORMAT:-text}"
		_broker_settings "$program" "${1##*-}"
		"_${program}_settings" "${1##*-}"
	} | write_file "$ENVIRONMENT_DIR/$1.env" 600
}

programs_ensure() {
	local name
	for name in "${PROGRAMS[@]}"; do
		program_ensure "$name"
	done
}

program_ensure() { # NAME
	local program=${1%-*} files yielding=()
	files=("$(build_program "$program")")
	build_require_program "$program"
	# The page is part of what an ingress is.
	[[ $program != ingress ]] || files+=("$CHECKOUT_DIR/web")
	# Mails may come a second later. Codes are few, and come in time all the same.
	[[ $program != notifier ]] || yielding=("${PROCESS_YIELDING[@]}")
	process_ensure "$1" "${files[@]}" -- "${yielding[@]}" "${files[0]}"
}

# The admin's tool, as deploy/firstcome runs it.
firstcome() { # ARGUMENT...
	FIRSTCOME_HOME=$LOCAL_DIR FIRSTCOME_BUILD=$BUILD_DIR "$DEPLOY_DIR/firstcome" "$@"
}

programs_migrate() {
	local log=$LOG_DIR/migrate.log
	build_require_program cli
	run_logged migrate "$log" firstcome migrate --replicas "$BROKERS" ||
		die_with_log "$log" "the streams and tables could not be made. The log says why"
	step migrate "streams and tables are there"
}

programs_await_ready() {
	local log=$LOG_DIR/status.log name dead=()
	run_logged status "$log" firstcome status --wait "$READY_SECONDS" ||
		show_log_tail "$log"
	for name in "${PROGRAMS[@]}"; do
		if ! program_await_ready "$name" 10; then
			show_log_tail "$LOG_DIR/$name.log"
			dead+=("$name")
		fi
	done
	((${#dead[@]} == 0)) ||
		die "not ready: ${dead[*]}. The logs are in $LOG_DIR; see also deploy/firstcome status"
	step status "all ${#PROGRAMS[@]} programs are ready"
}

# The broker knows who answers; that nobody is missing is known here.
program_await_ready() { # NAME SECONDS
	process_is_running "$1" || return
	[[ $1 != ingress-* ]] || await "$2" "$1" http_is_ok "$((WEB_PORT + ${1##*-}))" /readyz
}

# Addresses for people and for tests.
programs_write_run_env() {
	{
		printf 'HTTP_URL=http://127.0.0.1:%s\n' "$WEB_PORT"
		printf 'ADMIN_URL=http://127.0.0.1:%s\n' "$((WEB_PORT + 1))"
		printf 'NATS_URL=%s\n' "$(nats_admin_url)"
		printf 'DATABASE_URL=%s\n' "$(postgres_url firstcome)"
		printf 'SANDBOX_URL=%s\n' "$(sandbox_url)"
		printf 'GATEWAY_URL=%s\n' "$(gateway_url)"
	} | write_file "$LOCAL_DIR/run.env" 600
}

_broker_settings() { # USER NUMBER
	printf 'FIRSTCOME_NATS_URL=%s\n' "$(nats_urls "$2")"
	printf 'FIRSTCOME_NATS_USER=%s\n' "$1"
	printf 'FIRSTCOME_NATS_PASSWORD_FILE=%s\n' "$(secret_file "nats-$1")"
}

_ingress_settings() { # NUMBER
	printf 'FIRSTCOME_HTTP_LISTEN=127.0.0.1:%s\n' "$WEB_PORT"
	printf 'FIRSTCOME_ADMIN_LISTEN=127.0.0.1:%s\n' "$((WEB_PORT + $1))"
	printf 'FIRSTCOME_WEB_DIR=%s\n' "$CHECKOUT_DIR/web"
	printf 'FIRSTCOME_KEYS_DIR=%s\n' "$KEYS_DIR"
	printf 'FIRSTCOME_DATABASE_URL=%s\n' "$(postgres_url firstcome_ingress)"
}

_sequencer_settings() {
	printf 'FIRSTCOME_REPLICAS=%s\n' "$BROKERS"
}

_fulfiller_settings() {
	printf 'FIRSTCOME_DATABASE_URL=%s\n' "$(postgres_url firstcome_fulfiller)"
}

_notifier_settings() {
	printf 'FIRSTCOME_DATABASE_URL=%s\n' "$(postgres_url firstcome_notifier)"
	printf 'FIRSTCOME_KEYS_DIR=%s\n' "$KEYS_DIR"
	printf 'FIRSTCOME_SMTP_URL=smtp://127.0.0.1:%s\n' "$SANDBOX_SMTP_PORT"
	printf 'FIRSTCOME_MAIL_FROM=%s\n' "${FIRSTCOME_MAIL_FROM:-no-reply@firstcome.example}"
	printf 'FIRSTCOME_SMS_URL=%s\n' "$(sandbox_url)"
	printf 'FIRSTCOME_SMS_ACCOUNT=%s\n' "$SMS_ACCOUNT"
	printf 'FIRSTCOME_SMS_TOKEN_FILE=%s\n' "$(secret_file sms-token)"
	printf 'FIRSTCOME_SMS_FROM=%s\n' "${FIRSTCOME_SMS_FROM:-+15005550006}"
	printf 'FIRSTCOME_PUBLIC_URL=http://127.0.0.1:%s\n' "$WEB_PORT"
}

_cashier_settings() {
	printf 'FIRSTCOME_DATABASE_URL=%s\n' "$(postgres_url firstcome_cashier)"
	printf 'FIRSTCOME_KEYS_DIR=%s\n' "$KEYS_DIR"
	printf 'FIRSTCOME_PAYMENT_URL=%s\n' "$(gateway_url)"
	printf 'FIRSTCOME_PAYMENT_KEY_ID_FILE=%s\n' "$(secret_file razorpay-key-id)"
	printf 'FIRSTCOME_PAYMENT_KEY_SECRET_FILE=%s\n' "$(secret_file razorpay-key-secret)"
	printf 'FIRSTCOME_CHECKOUT_URL=%s/checkout/{order_id}\n' "$(gateway_url)"
}
