/*
 * payment_razorpay - an order, a payment and a refund as Razorpay has them, for its tests.
 */
#ifndef TESTS_UNIT_PAYMENT_RAZORPAY_H
#define TESTS_UNIT_PAYMENT_RAZORPAY_H

#define ORDER                                                                                      \
	"{\"id\":\"order_EKwxwAgItmmXdp\",\"entity\":\"order\",\"amount\":100,\"amount_paid\":0,"  \
	"\"amount_due\":100,\"currency\":\"INR\",\"receipt\":\"7K3M-9QXT-4C2P-H\","                \
	"\"offer_id\":null,\"status\":\"created\",\"attempts\":0,\"notes\":[],"                    \
	"\"created_at\":1582628071}"

/* With fields that are of no use here, as they come. */
#define PAYMENT                                                                                    \
	"{\"id\":\"pay_DESlfW9H8K9uqM\",\"entity\":\"payment\",\"amount\":100,"                    \
	"\"currency\":\"INR\",\"status\":\"captured\",\"order_id\":\"order_EKwxwAgItmmXdp\","      \
	"\"invoice_id\":null,\"international\":false,\"method\":\"upi\",\"amount_refunded\":0,"    \
	"\"refund_status\":null,\"captured\":true,\"description\":null,\"card_id\":null,"          \
	"\"bank\":null,\"wallet\":null,\"vpa\":\"somebody@upi\","                                  \
	"\"email\":\"somebody@example.com\",\"contact\":\"+919800000000\","                        \
	"\"notes\":{\"campaign\":\"burger\"},\"fee\":2,\"tax\":0,\"error_code\":null,"             \
	"\"error_description\":null,\"error_source\":null,\"error_step\":null,"                    \
	"\"error_reason\":null,\"acquirer_data\":{\"rrn\":\"001234567890\"},"                      \
	"\"created_at\":1567674599,\"upi\":{\"vpa\":\"somebody@upi\"}}"

#define REFUND                                                                                     \
	"{\"id\":\"rfnd_FS8TWyPrCsa0OB\",\"entity\":\"refund\",\"amount\":100,"                    \
	"\"currency\":\"INR\",\"payment_id\":\"pay_DESlfW9H8K9uqM\",\"notes\":[],"                 \
	"\"receipt\":\"fc-pay_DESlfW9H8K9uqM\",\"acquirer_data\":{\"arn\":null},"                  \
	"\"created_at\":1597734071,\"batch_id\":null,\"status\":\"processed\","                    \
	"\"speed_processed\":\"normal\",\"speed_requested\":\"normal\"}"

#endif
