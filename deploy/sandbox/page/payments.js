// payments - shows the newest orders, payments, refunds and webhooks.

import { ask } from "/ask.js";

const rupees = new Intl.NumberFormat("en-IN", { style: "currency", currency: "INR",
	trailingZeroDisplay: "stripIfInteger" });
const template = document.querySelector("template#row");
let before = "";

const ROWS = {
	orders: (order, overview) => ({
		title: order.notes.title ?? order.notes.campaign ?? order.receipt ?? order.id,
		amount: rupees.format(order.amount / 100),
		detail: order.id,
		status: order.status,
		link: order.status !== "paid" && overview.gateway_url
			? `${overview.gateway_url}/checkout/${order.id}` : null,
	}),
	payments: (payment) => ({
		title: payment.id,
		amount: rupees.format(payment.amount / 100),
		detail: payment.order_id,
		status: payment.status,
		problem: payment.error_description,
	}),
	refunds: (refund) => ({
		title: refund.id,
		amount: rupees.format(refund.amount / 100),
		detail: refund.payment_id,
		status: refund.status,
	}),
	webhooks: (webhook) => ({
		title: webhook.event,
		amount: "",
		detail: webhook.about,
		status: webhook.state,
		problem: webhook.state === "told" ? "" : tries(webhook),
	}),
};

function tries(webhook) {
	return webhook.attempts ? `${webhook.attempts} × tried: ${webhook.result}` : webhook.result;
}

function build(thing, texts) {
	const row = template.content.firstElementChild.cloneNode(true);
	for (const field of row.querySelectorAll("[data-field]")) {
		field.textContent = texts[field.dataset.field] ?? "";
	}
	row.dataset.status = texts.status;
	const moment = new Date(thing.created_at * 1000);
	const time = row.querySelector("time");
	time.dateTime = moment.toISOString();
	time.textContent = moment.toLocaleTimeString([], { hour12: false });
	if (texts.link) {
		row.querySelector("a").href = texts.link;
	} else {
		row.querySelector(".action").remove();
	}
	return row;
}

export async function refreshPayments(showCounts) {
	const overview = await ask("/payments");
	const now = JSON.stringify(overview);
	if (now === before) {
		return;
	}
	before = now;
	showCounts({ ...overview.counts, ...overview.counts.webhooks });
	for (const list of document.querySelectorAll("[data-rows]")) {
		const kind = list.dataset.rows;
		const rows = overview[kind].map((thing) => build(thing, ROWS[kind](thing, overview)));
		list.replaceChildren(...rows);
	}
}
