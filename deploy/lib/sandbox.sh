# sandbox - runs what stands for the mail server, the SMS provider and the payment gateway.
#
# run/gateway.journal has the orders and payments: a restart of the sandbox loses none.

SMS_ACCOUNT=ACsandbox
RAZORPAY_SECRETS=(key-id key-secret webhook-secret webhook-secret-old)
GATEWAY_WEBHOOK_PATH=/v1/payments/razorpay/webhook

sandbox_ensure() {
	local name port
	port=$(gateway_port)
	ports_require_free "$port"
	{
		printf 'FIRSTCOME_SANDBOX_HTTP_LISTEN=127.0.0.1:%s\n' "$SANDBOX_HTTP_PORT"
		printf 'FIRSTCOME_SANDBOX_SMTP_LISTEN=127.0.0.1:%s\n' "$SANDBOX_SMTP_PORT"
		printf 'FIRSTCOME_SMS_ACCOUNT=%s\n' "$SMS_ACCOUNT"
		printf 'FIRSTCOME_SMS_TOKEN_FILE=%s\n' "$(secret_file sms-token)"
		printf 'FIRSTCOME_SANDBOX_MESSAGES_MAX=%s\n' "${FIRSTCOME_SANDBOX_MESSAGES_MAX:-20000}"
		printf 'FIRSTCOME_GATEWAY_LISTEN=127.0.0.1:%s\n' "$port"
		printf 'FIRSTCOME_GATEWAY_JOURNAL=%s\n' "$RUN_DIR/gateway.journal"
		printf 'FIRSTCOME_GATEWAY_WEBHOOK_URL=%s\n' "$(gateway_webhook_url)"
		for name in "${RAZORPAY_SECRETS[@]}"; do
			printf 'FIRSTCOME_RAZORPAY_%s_FILE=%s\n' \
				"$(tr a-z- A-Z_ <<<"$name")" "$(secret_file "razorpay-$name")"
		done
		printf 'PYTHONDONTWRITEBYTECODE=1\n'
	} | write_file "$ENVIRONMENT_DIR/sandbox.env" 600
	process_ensure sandbox "$DEPLOY_DIR/sandbox" -- \
		"${PROCESS_YIELDING[@]}" "$DEPLOY_DIR/sandbox/sandbox.py"
	await 30 sandbox http_is_ok "$SANDBOX_HTTP_PORT" /healthz ||
		die_with_log "$LOG_DIR/sandbox.log" "the sandbox did not start. Its log says why"
}

sandbox_url() {
	printf 'http://127.0.0.1:%s\n' "$SANDBOX_HTTP_PORT"
}

gateway_url() {
	printf 'http://127.0.0.1:%s\n' "$(gateway_port)"
}

gateway_port() {
	printf '%s\n' "$((WEB_PORT + 32))"
}

# Whom the gateway tells of payments. FIRSTCOME_GATEWAY_WEBHOOK_URL is for tests that stand between.
gateway_webhook_url() {
	printf '%s\n' "${FIRSTCOME_GATEWAY_WEBHOOK_URL:-http://127.0.0.1:$WEB_PORT$GATEWAY_WEBHOOK_PATH}"
}
