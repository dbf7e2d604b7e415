// switches - shows and operates how the outside world misbehaves: a fieldset for each channel, with
// fields named like the settings.

import { ask } from "/ask.js";

const MESSAGE_MODES = {
	ok: "works",
	slow: "is slow",
	refuse_temporarily: "refuses, try again later",
	refuse_permanently: "refuses for good",
	accept_then_drop: "accepts, then loses it",
	take_then_break: "takes it, then breaks the connection",
	hang: "does not answer",
};
const WORDS = {
	email: { mode: MESSAGE_MODES },
	sms: { mode: MESSAGE_MODES },
	gateway: {
		mode: {
			ok: "works",
			slow: "is slow",
			refuse_temporarily: "refuses with 503",
			take_then_break: "does it, then breaks the connection",
			take_then_hang: "does it, and never answers",
			hang: "does not answer",
		},
		payments: { at_once: "at once", late: "late, after a no" },
		refunds: { processed: "processed", pending: "pending", failed: "failed" },
	},
};

const fieldsets = document.querySelectorAll("fieldset[data-channel]");

export function showSwitches(switches) {
	for (const fieldset of fieldsets) {
		const settings = switches[fieldset.dataset.channel];
		for (const field of fieldset.elements) {
			showField(field, settings[field.name]);
		}
		fieldset.dataset.mode = settings.mode ?? "";
		fieldset.querySelector("legend").dataset.left =
			settings.for_seconds ? `for ${settings.for_seconds} s more` : "";
	}
}

function showField(field, value) {
	if (field !== document.activeElement) {
		field.value = value;
	}
	const atStart = field.options ? field.options[0].value : field.defaultValue;
	field.classList.toggle("changed", String(value) !== atStart);
}

async function change(field, onError) {
	const channel = field.closest("fieldset").dataset.channel;
	const value = field.type === "number" ? field.valueAsNumber || 0 : field.value;
	const body = JSON.stringify({ [channel]: { [field.name]: value } });
	try {
		showSwitches(await ask("/switches", { method: "PUT", body }));
	} catch (error) {
		onError(error);
	}
}

export function startSwitches(onError) {
	for (const fieldset of fieldsets) {
		for (const [name, words] of Object.entries(WORDS[fieldset.dataset.channel] ?? {})) {
			for (const [value, text] of Object.entries(words)) {
				fieldset.elements[name].add(new Option(text, value));
			}
		}
		fieldset.addEventListener("change", (event) => change(event.target, onError));
	}
}
