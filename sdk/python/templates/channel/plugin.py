"""{{title}}: notices as messages of a chat, posted as JSON to an address of its settings."""

import json
from typing import List

from componentize_py_types import Err
from provost_plugin.channel import text, wait
from wit_world import exports
from wit_world.exports.messaging import (
    AddressKind,
    Auth_Bearer,
    Channel,
    Delivery,
    Delivery_Http,
    DeliveryKinds,
    Failure_Settings,
    Header,
    HttpRequest,
    JudgedReplies,
    Method,
    Notice,
    NoticeKind,
    Outcome,
    Outcome_Delivered,
    Outcome_Failed,
    Outcome_Retry,
    Recipient,
    Reply,
    Reply_Http,
    Retry,
    Setting,
)

# The settings that an administrator may write, as a JSON Schema.
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["url"],
    "properties": {"url": {"type": "string", "description": "Where messages are posted to"}},
}


class Messaging(exports.Messaging):
    """The plugin. The class must have this name."""

    def describe(self) -> Channel:
        return Channel(
            title="{{title}}",
            address=AddressKind.MAIL,
            settings_schema=json.dumps(SCHEMA),
            deliveries=DeliveryKinds.HTTP,
            # Which host it is follows from the settings; the administrator allows it in any case.
            hosts=[],
            secrets=["token"],
            judges=JudgedReplies(0),
        )

    def render(self, notice: Notice, recipient: Recipient, settings: List[Setting]) -> List[Delivery]:
        url = text(settings, "url") or ""
        if not url.startswith("https://"):
            raise Err(Failure_Settings("url must begin with https://"))
        message = {"to": recipient.address, "text": told(notice)}
        return [
            Delivery_Http(
                HttpRequest(
                    method=Method.POST,
                    url=url,
                    headers=[Header("Content-Type", "application/json")],
                    body=json.dumps(message, ensure_ascii=False).encode(),
                    # The name of a secret: the host puts the secret itself in, a plugin never sees one.
                    auth=Auth_Bearer("token"),
                )
            )
        ]

    def judge(self, reply: Reply) -> Outcome:
        if not isinstance(reply, Reply_Http):
            return Outcome_Failed("the chat takes no mail")
        status, why = reply.value.status, f"the chat answered {reply.value.status}"
        if 200 <= status < 300:
            return Outcome_Delivered(why)
        if status == 429 or status >= 500:
            return Outcome_Retry(Retry(wait(reply.value), why))
        return Outcome_Failed(why)


def told(notice: Notice) -> str:
    """What a notice tells, in a sentence or two."""
    person, district = notice.person, notice.district
    if notice.kind == NoticeKind.DEACTIVATED:
        return (
            f"{person} is no longer an authorized contact of {district}. "
            f'Another contact restores it with the case "{notice.restoring_case}".'
        )
    if notice.kind == NoticeKind.REACTIVATED:
        return f"{person} is an authorized contact of {district} again."
    day = notice.deadline.day if notice.deadline else "soon"
    return (
        f"{person} stops being an authorized contact of {district} on {day}, in {notice.days_left} days. "
        "Logging in to the portal or working on a case keeps it."
    )
