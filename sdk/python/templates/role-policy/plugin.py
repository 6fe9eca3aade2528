"""{{title}}: who submits the district's report, and that nobody logs in as another user at night."""

from typing import List

from provost_plugin.policy import forbid, permit, person
from wit_world import exports
from wit_world.exports.policy import Account, Edition, Finding, Needs, Relations, Request

# The action that is this edition's own. Other actions are the core's: a plugin may forbid them, never permit.
SUBMIT = "{{id}}.report-submit"


class Policy(exports.Policy):
    """The plugin. The class must have this name."""

    def describe(self) -> Edition:
        return Edition(
            id="{{id}}",
            title="{{title}}",
            roles=[],
            judges=[SUBMIT, "login-as"],
            needs=Needs.SUBJECT | Needs.ROLES | Needs.RELATIONS,
        )

    def evaluate(self, request: Request) -> List[Finding]:
        if request.action == SUBMIT:
            return submit(request)
        if request.action == "login-as":
            return night(request)
        return []


def submit(request: Request) -> List[Finding]:
    """Enabled staff of the district who hold `sis` submit its report."""
    facts = ("subject.account", "subject.roles", "relations.same-district")
    who = person(request.subject)
    if (
        who is not None
        and Account.ENABLED in who.account
        and "sis" in who.roles
        and Relations.SAME_DISTRICT in request.relations
    ):
        return [permit(SUBMIT, "Holders of sis submit the report.", *facts)]
    return [forbid(SUBMIT, "Submitting the report takes the role sis.", *facts)]


def night(request: Request) -> List[Finding]:
    """Between 22:00 and 6:00 on the district's clock. Time comes with the request: a plugin has no clock."""
    local = request.now.unix_seconds + request.now.utc_offset_seconds
    if 6 <= local % 86_400 // 3_600 < 22:
        return []
    return [forbid("{{id}}.night", "Nobody logs in as another user between 22:00 and 6:00.", "now")]
