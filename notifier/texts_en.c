/*
 * texts_en - what the notifier says in English.
 *
 * An SMS keeps to the GSM 7-bit alphabet, so that 160 characters fit into one part.
 */
#include "notifier/texts.h"

/* One sentence a row; clang-format would pull the rows apart. */
/* clang-format off */
const struct language_texts texts_english = {
	.code = "en",
	.months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
		"Dec"},
	.labels = {
		[VARIABLE_UNITS] = "How many",
		[VARIABLE_PLACE] = "Place in line",
		[VARIABLE_RANK] = "Place on the waiting list",
		[VARIABLE_TIME] = "Time",
		[VARIABLE_PAY_BY] = "Pay by",
		[VARIABLE_PICKUP] = "How to collect",
	},
	.footer = "You get this message because your address was given at {{domain}}. Answers to it "
		  "are not read.",
	.templates[TEMPLATE_CODE] = {
		.subject = "{{code}} is your Firstcome code",
		.heading = "Your code",
		.lead = "Type this code on the page that asked for it.",
		.closing = "It is good for {{minutes}} minutes. Nobody from Firstcome will ever ask "
			   "you for it. If you did not want a code, ignore this message: nothing "
			   "happens without it.",
		.sms = "{{code}} is your Firstcome code. It is good for {{minutes}} minutes. "
		       "Share it with nobody.\n\n@{{domain}} #{{code}}",
	},
	.templates[TEMPLATE_BOOKED] = {
		.subject = "Booked: {{title}} ({{booking_id}})",
		.heading = "It is yours",
		.lead = "Your booking for \"{{title}}\" is confirmed. Show this booking ID when you "
			"collect.",
		.closing = "You can see your booking at any time on {{url}}",
		.sms = "Booked: {{title}}, {{units}} for you. Your booking ID is {{booking_id}}, "
		       "show it to collect. {{time}} ({{zone}})",
	},
	.templates[TEMPLATE_HELD] = {
		.subject = "Held for you: {{title}} ({{booking_id}})",
		.heading = "Held for you until you pay",
		.lead = "We hold \"{{title}}\" for you. It is yours once it is paid. What is not "
			"paid in time goes to the next person in line.",
		.closing = "Pay on {{url}} with this booking ID.",
		.sms = "Held for you: {{title}}, {{units}} for you. Pay by {{pay_by}} ({{zone}}) or "
		       "it goes to the next in line. Booking ID {{booking_id}}",
	},
	.templates[TEMPLATE_WAITLISTED] = {
		.subject = "On the waiting list: {{title}} ({{booking_id}})",
		.heading = "You are on the waiting list",
		.lead = "Everything of \"{{title}}\" is taken at this moment. When something comes "
			"back, it goes down the waiting list in order, and we tell you at once "
			"when it is your turn.",
		.closing = "You can see how it stands on {{url}}",
		.sms = "{{title}} is all taken. You are number {{rank}} on the waiting list; we "
		       "tell you when it is your turn. Booking ID {{booking_id}}",
	},
	.templates[TEMPLATE_PROMOTED] = {
		.subject = "It is your turn: {{title}} ({{booking_id}})",
		.heading = "It is your turn",
		.lead = "Something of \"{{title}}\" came back, and it went from the waiting list to "
			"you. Where a time to pay by is named below, pay before it; else it is "
			"yours already.",
		.closing = "You can see your booking at any time on {{url}}",
		.sms = "Your turn: {{title}} came back and went to you from the waiting list. "
		       "Booking ID {{booking_id}}. What to do now: {{url}}",
	},
	.templates[TEMPLATE_RELEASED] = {
		.subject = "No longer held: {{title}} ({{booking_id}})",
		.heading = "No longer held for you",
		.lead = "No payment for \"{{title}}\" came in time, so it went to the next person "
			"in line. A payment that still comes books it again if anything is left, "
			"and else goes back to you.",
		.closing = "You can see how it stands on {{url}}",
		.sms = "No longer held: {{title}} was not paid in time and went to the next in "
		       "line. Booking ID {{booking_id}}",
	},
	.templates[TEMPLATE_CANCELLED] = {
		.subject = "Cancelled: {{title}} ({{booking_id}})",
		.heading = "Your booking is cancelled",
		.lead = "As you asked, your booking for \"{{title}}\" is cancelled. This booking ID "
			"is worth nothing now.",
		.closing = "If it was not you who cancelled, see {{url}}",
		.sms = "Cancelled, as you asked: {{title}}. Booking ID {{booking_id}} is worth "
		       "nothing now.",
	},
};
/* clang-format on */
