// {{title}}: who submits the district's report, and that nobody logs in as another user at night.

import { forbid, permit, person } from "../sdk/javascript/provost.js";

// The action that is this edition's own. Other actions are the core's: a plugin may forbid them, never permit.
const SUBMIT = "{{id}}.report-submit";

/** @type {import("../sdk/javascript/provost.js").policy.Plugin} */
export const policy = {
  describe() {
    return {
      id: "{{id}}",
      title: "{{title}}",
      roles: [],
      judges: [SUBMIT, "login-as"],
      needs: { subject: true, roles: true, relations: true },
    };
  },

  evaluate(request) {
    switch (request.action) {
      case SUBMIT:
        return submit(request);
      case "login-as":
        return night(request);
      default:
        return [];
    }
  },
};

/**
 * Enabled staff of the district who hold `sis` submit its report.
 * @param {import("../sdk/javascript/provost.js").policy.Request} request
 */
function submit(request) {
  const facts = ["subject.account", "subject.roles", "relations.same-district"];
  const who = person(request.subject);
  return who?.account.enabled && who.roles.includes("sis") && request.relations.sameDistrict
    ? [permit(SUBMIT, "Holders of sis submit the report.", ...facts)]
    : [forbid(SUBMIT, "Submitting the report takes the role sis.", ...facts)];
}

/**
 * Between 22:00 and 6:00 on the district's clock. Time comes with the request: a plugin has no clock.
 * @param {import("../sdk/javascript/provost.js").policy.Request} request
 */
function night({ now }) {
  const local = Number(now.unixSeconds) + now.utcOffsetSeconds;
  const hour = Math.floor((local % 86_400) / 3_600);
  return hour >= 6 && hour < 22
    ? []
    : [forbid("{{id}}.night", "Nobody logs in as another user between 22:00 and 6:00.", "now")];
}
