// {{title}}: notices as messages of a chat, posted as JSON to an address of its settings.

import { bytes, text, wait } from "../sdk/javascript/provost.js";

// The settings that an administrator may write, as a JSON Schema.
const SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: ["url"],
  properties: { url: { type: "string", description: "Where messages are posted to" } },
};

/** @type {import("../sdk/javascript/provost.js").messaging.Plugin} */
export const messaging = {
  describe() {
    return {
      title: "{{title}}",
      address: "mail",
      settingsSchema: JSON.stringify(SCHEMA),
      deliveries: { http: true },
      // Which host it is follows from the settings; the administrator allows it in any case.
      hosts: [],
      secrets: ["token"],
      judges: {},
    };
  },

  render(notice, recipient, settings) {
    const url = text(settings, "url") ?? "";
    if (!url.startsWith("https://")) {
      throw { tag: "settings", val: "url must begin with https://" };
    }
    return [
      {
        tag: "http",
        val: {
          method: "post",
          url,
          headers: [{ name: "Content-Type", value: "application/json" }],
          body: bytes(JSON.stringify({ to: recipient.address, text: told(notice) })),
          // The name of a secret: the host puts the secret itself in, a plugin never sees one.
          auth: { tag: "bearer", val: "token" },
        },
      },
    ];
  },

  judge(reply) {
    if (reply.tag !== "http") {
      return { tag: "failed", val: "the chat takes no mail" };
    }
    const { status } = reply.val;
    const why = `the chat answered ${status}`;
    if (status >= 200 && status < 300) {
      return { tag: "delivered", val: why };
    }
    return status === 429 || status >= 500
      ? { tag: "retry", val: { afterSeconds: wait(reply.val), why } }
      : { tag: "failed", val: why };
  },
};

/**
 * What a notice tells, in a sentence or two.
 * @param {import("../sdk/javascript/provost.js").messaging.Notice} notice
 */
function told(notice) {
  const { person, district } = notice;
  switch (notice.kind) {
    case "deactivated":
      return (
        `${person} is no longer an authorized contact of ${district}. ` +
        `Another contact restores it with the case "${notice.restoringCase}".`
      );
    case "reactivated":
      return `${person} is an authorized contact of ${district} again.`;
    default:
      return (
        `${person} stops being an authorized contact of ${district} on ${notice.deadline?.day ?? "soon"}, ` +
        `in ${notice.daysLeft} days. Logging in to the portal or working on a case keeps it.`
      );
  }
}
