/*
 * texts_hi - what the notifier says in Hindi.
 *
 * Devanagari makes an SMS UCS-2: 70 characters in a single part, 67 in each of several.
 */
#include "notifier/texts.h"

/* One sentence a row; clang-format would pull the rows apart. */
/* clang-format off */
const struct language_texts texts_hindi = {
	.code = "hi",
	.months = {"जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून",
		"जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"},
	.labels = {
		[VARIABLE_UNITS] = "संख्या",
		[VARIABLE_PLACE] = "कतार में स्थान",
		[VARIABLE_RANK] = "प्रतीक्षा सूची में स्थान",
		[VARIABLE_TIME] = "समय",
		[VARIABLE_PAY_BY] = "भुगतान कब तक करें",
		[VARIABLE_PICKUP] = "कैसे लें",
	},
	.footer = "यह संदेश आपको इसलिए मिला है क्योंकि {{domain}} पर आपका पता दिया गया था। "
		  "इसके जवाब पढ़े नहीं जाते।",
	.templates[TEMPLATE_CODE] = {
		.subject = "{{code}} आपका Firstcome कोड है",
		.heading = "आपका कोड",
		.lead = "जिस पेज ने कोड माँगा है, वहाँ यह कोड लिखें।",
		.closing = "यह {{minutes}} मिनट तक मान्य है। Firstcome की ओर से कोई भी आपसे यह कोड "
			   "कभी नहीं माँगेगा। अगर आपने कोड नहीं माँगा था, तो इस संदेश को अनदेखा करें: "
			   "इसके बिना कुछ नहीं होगा।",
		.sms = "{{code}} आपका Firstcome कोड है, {{minutes}} मिनट तक मान्य। किसी को न बताएँ।"
		       "\n\n@{{domain}} #{{code}}",
	},
	.templates[TEMPLATE_BOOKED] = {
		.subject = "बुकिंग पक्की: {{title}} ({{booking_id}})",
		.heading = "आपकी बुकिंग पक्की है",
		.lead = "\"{{title}}\" के लिए आपकी बुकिंग पक्की हो गई है। लेते समय यह बुकिंग आईडी दिखाएँ।",
		.closing = "अपनी बुकिंग आप कभी भी यहाँ देख सकते हैं: {{url}}",
		.sms = "बुकिंग पक्की: {{title}}, संख्या {{units}}। बुकिंग आईडी {{booking_id}}, लेते समय "
		       "दिखाएँ। {{time}} ({{zone}})",
	},
	.templates[TEMPLATE_HELD] = {
		.subject = "आपके लिए रखा है: {{title}} ({{booking_id}})",
		.heading = "भुगतान होने तक आपके लिए रखा है",
		.lead = "\"{{title}}\" हमने आपके लिए रखा है। भुगतान होते ही यह आपका होगा। समय पर भुगतान "
			"न होने पर यह कतार में अगले व्यक्ति को मिलेगा।",
		.closing = "इस बुकिंग आईडी से यहाँ भुगतान करें: {{url}}",
		.sms = "आपके लिए रखा है: {{title}}, संख्या {{units}}। {{pay_by}} ({{zone}}) तक भुगतान "
		       "करें, नहीं तो यह अगले व्यक्ति को मिलेगा। बुकिंग आईडी {{booking_id}}",
	},
	.templates[TEMPLATE_WAITLISTED] = {
		.subject = "प्रतीक्षा सूची में: {{title}} ({{booking_id}})",
		.heading = "आप प्रतीक्षा सूची में हैं",
		.lead = "\"{{title}}\" इस समय पूरा बुक हो चुका है। जो कुछ वापस आएगा, वह प्रतीक्षा सूची के "
			"क्रम से मिलेगा, और आपकी बारी आते ही हम आपको बताएँगे।",
		.closing = "अभी की स्थिति यहाँ देखें: {{url}}",
		.sms = "{{title}} पूरा बुक हो चुका है। प्रतीक्षा सूची में आपका स्थान {{rank}} है, बारी आते ही "
		       "हम बताएँगे। बुकिंग आईडी {{booking_id}}",
	},
	.templates[TEMPLATE_PROMOTED] = {
		.subject = "आपकी बारी आ गई: {{title}} ({{booking_id}})",
		.heading = "आपकी बारी आ गई",
		.lead = "\"{{title}}\" में से कुछ वापस आया, और प्रतीक्षा सूची से वह आपको मिला है। नीचे भुगतान का "
			"समय लिखा हो तो उससे पहले भुगतान करें; नहीं तो यह आपका हो चुका है।",
		.closing = "अपनी बुकिंग आप कभी भी यहाँ देख सकते हैं: {{url}}",
		.sms = "आपकी बारी आ गई: {{title}} प्रतीक्षा सूची से आपको मिला है। बुकिंग आईडी "
		       "{{booking_id}}। आगे क्या करना है: {{url}}",
	},
	.templates[TEMPLATE_RELEASED] = {
		.subject = "अब आपके लिए नहीं रखा: {{title}} ({{booking_id}})",
		.heading = "अब यह आपके लिए नहीं रखा है",
		.lead = "\"{{title}}\" का भुगतान समय पर नहीं आया, इसलिए यह कतार में अगले व्यक्ति को मिल गया। "
			"भुगतान अब भी आए तो कुछ बचा होने पर बुकिंग फिर हो जाएगी, नहीं तो पैसे आपको वापस "
			"मिलेंगे।",
		.closing = "अभी की स्थिति यहाँ देखें: {{url}}",
		.sms = "{{title}} का भुगतान समय पर नहीं आया और यह अगले व्यक्ति को मिल गया। बुकिंग आईडी "
		       "{{booking_id}}",
	},
	.templates[TEMPLATE_CANCELLED] = {
		.subject = "बुकिंग रद्द: {{title}} ({{booking_id}})",
		.heading = "आपकी बुकिंग रद्द हो गई है",
		.lead = "आपके कहने पर \"{{title}}\" की आपकी बुकिंग रद्द कर दी गई है। यह बुकिंग आईडी अब किसी "
			"काम की नहीं है।",
		.closing = "अगर आपने रद्द नहीं की थी, तो यहाँ देखें: {{url}}",
		.sms = "आपके कहने पर बुकिंग रद्द: {{title}}। बुकिंग आईडी {{booking_id}} अब किसी काम की "
		       "नहीं है।",
	},
};
/* clang-format on */
