# secrets - makes passwords and keys once, and never changes them; only their owner may read them.
#
# secrets/   one password a file: nats-USER, nats-route, postgres-ROLE, sms-token, and what a
#            payment gateway gives a merchant: razorpay-key-id, -key-secret, -webhook-secret, and
#            the webhook secret before that, -webhook-secret-old
# keys/      what common/keys.h describes: NAME.key has 64 hexadecimal digits, token.keys such lines

SECRET_KEYS=(identity booking code ticket)

secrets_ensure() {
	local name
	(umask 077 && mkdir -p "$SECRETS_DIR" "$KEYS_DIR")
	for name in "${NATS_USERS[@]/#/nats-}" nats-route "${POSTGRES_ROLES[@]/#/postgres-}" \
		sms-token razorpay-key-secret razorpay-webhook-secret razorpay-webhook-secret-old; do
		_secret_ensure "$SECRETS_DIR/$name" '' 24
	done
	_secret_ensure "$SECRETS_DIR/razorpay-key-id" rzp_test_ 7
	for name in "${SECRET_KEYS[@]}"; do
		_secret_ensure "$KEYS_DIR/$name.key" '' 32
	done
	_secret_ensure "$KEYS_DIR/token.keys" '1 ' 32
	step secrets "in $SECRETS_DIR and $KEYS_DIR"
}

secret_file() { # NAME
	printf '%s\n' "$SECRETS_DIR/$1"
}

secret() { # NAME
	cat "$SECRETS_DIR/$1"
}

_secret_ensure() { # FILE PREFIX BYTES
	[[ -s $1 ]] || printf '%s%s\n' "$2" "$(_random_hex "$3")" | write_file "$1" 600
}

_random_hex() { # BYTES
	od --address-radix=n --format=x1 --read-bytes="$1" /dev/urandom | tr -d ' \n'
}
