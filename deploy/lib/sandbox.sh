# sandbox - runs what stands for the mail server and the SMS provider.

SMS_ACCOUNT=ACsandbox

sandbox_ensure() {
	{
		printf 'FIRSTCOME_SANDBOX_HTTP_LISTEN=127.0.0.1:%s\n' "$SANDBOX_HTTP_PORT"
		printf 'FIRSTCOME_SANDBOX_SMTP_LISTEN=127.0.0.1:%s\n' "$SANDBOX_SMTP_PORT"
		printf 'FIRSTCOME_SMS_ACCOUNT=%s\n' "$SMS_ACCOUNT"
		printf 'FIRSTCOME_SMS_TOKEN_FILE=%s\n' "$(secret_file sms-token)"
		printf 'FIRSTCOME_SANDBOX_MESSAGES_MAX=%s\n' "${FIRSTCOME_SANDBOX_MESSAGES_MAX:-20000}"
		printf 'PYTHONDONTWRITEBYTECODE=1\n'
	} | write_file "$ENVIRONMENT_DIR/sandbox.env" 600
	process_ensure sandbox "$DEPLOY_DIR/sandbox" -- "$DEPLOY_DIR/sandbox/sandbox.py"
	await 30 sandbox http_is_ok "$SANDBOX_HTTP_PORT" /healthz ||
		die_with_log "$LOG_DIR/sandbox.log" "the sandbox did not start. Its log says why"
}

sandbox_url() {
	printf 'http://127.0.0.1:%s\n' "$SANDBOX_HTTP_PORT"
}
