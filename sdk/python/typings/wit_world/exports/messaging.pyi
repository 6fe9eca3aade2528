"""A way to tell people: turns a notice into mails or HTTP requests, which the host sends."""
from dataclasses import dataclass
from enum import Enum, Flag
from typing import List, Optional, Union


class AddressKind(Enum):
    """What an address of this channel is."""
    MAIL = 0
    """A mail address."""
    PHONE = 1
    """A telephone number."""
    URL = 2
    """An HTTPS address."""

class DeliveryKinds(Flag):
    """How a channel sends."""
    MAIL = 1
    """By mail through the configured relay."""
    HTTP = 2
    """By HTTP to the hosts that the channel names."""

class JudgedReplies(Flag):
    """What a channel judges itself."""
    MAIL = 1
    """SMTP replies; the host judges them otherwise. Replies to HTTP requests always come to the channel."""

@dataclass
class Channel:
    """What the channel is and what it asks for."""
    title: str
    """Its name as people say it."""
    address: AddressKind
    """What its addresses are."""
    settings_schema: str
    """A JSON Schema (2020-12) of its settings: an object, at most 64 KiB. The host checks `type`, `properties`,
    `required`, `additionalProperties`, `enum`, `minLength`, `maxLength`, `minimum`, `maximum` and `items`.
    """
    deliveries: DeliveryKinds
    """How it sends."""
    hosts: List[str]
    """The hosts that it sends to, with scheme and perhaps port, e.g. `https://hooks.example.org`; empty if they
    follow from the settings. Either way it reaches only those that the administrator allows.
    """
    secrets: List[str]
    """The names of the secrets that its deliveries refer to."""
    judges: JudgedReplies
    """The replies that it judges itself."""

class NoticeKind(Enum):
    """What a notice tells."""
    NOTICE = 0
    """Deactivation is pending."""
    REMINDER = 1
    """It still is."""
    FINAL = 2
    """It happens tomorrow."""
    DEACTIVATED = 3
    """It has happened."""
    REACTIVATED = 4
    """Another contact has restored the authority."""

@dataclass
class Moment:
    """A moment in the district's time zone."""
    day: str
    """The day as people read it, e.g. `1 April 2025`."""
    rfc3339: str
    """RFC 3339 with the district's offset, e.g. `2025-04-01T10:00:00-06:00`."""
    unix_seconds: int
    """Seconds since 1970-01-01T00:00:00Z."""

class ContactKind(Enum):
    """What kind of contact a person is."""
    SUPPORT = 0
    """Cases and calls."""
    TECHNICAL = 1
    """All that, and technical matters and updates."""

@dataclass
class Helper:
    """Someone to turn to."""
    name: str
    """Name."""
    kind: ContactKind
    """Support or technical."""
    mail: Optional[str]
    """Mail address."""
    phone: Optional[str]
    """Telephone number."""

@dataclass
class Notice:
    """A notice about a person's authority as a contact."""
    id: str
    """The same notice keeps its id through all attempts."""
    kind: NoticeKind
    """What it tells."""
    person: str
    """Name of the person it is about."""
    contact_kind: ContactKind
    """As what that person speaks for the district."""
    district: str
    """The district's name."""
    written: Moment
    """When this text is written."""
    last_activity: Optional[Moment]
    """The latest activity that was seen, if any was."""
    deadline: Optional[Moment]
    """When the person is, or was, deactivated. Absent when the authority has been restored."""
    days_left: int
    """Calendar days from today to the day of the deadline; zero on that day and after it."""
    last_contact: bool
    """No other valid contact is left in the district."""
    others: List[Helper]
    """The other valid contacts of the district, who can restore the authority."""
    restoring_case: str
    """Title of the case by which another contact restores the authority, e.g. `Modify Support Contact`."""
    help_phone: Optional[str]
    """Telephone number at which the district helps."""
    help_mail: Optional[str]
    """Mail address at which the district helps."""

class RecipientRole(Enum):
    """As what a recipient is told."""
    CONTACT = 0
    """The person whom the notice is about."""
    COLLEAGUE = 1
    """Another valid contact of the district, because the person could not be reached."""
    MAILBOX = 2
    """The district's mailbox, for the same reason."""

@dataclass
class Recipient:
    """Whom to tell."""
    address: str
    """The address, of the channel's kind."""
    name: str
    """Name; empty for a mailbox."""
    role: RecipientRole
    """As what."""

@dataclass
class Value_Text:
    """A text."""
    value: str

@dataclass
class Value_Number:
    """A number."""
    value: float

@dataclass
class Value_Yes:
    """Yes or no."""
    value: bool

@dataclass
class Value_Texts:
    """Several texts."""
    value: List[str]

@dataclass
class Value_Json:
    """Anything else, as JSON text."""
    value: str

Value = Union[Value_Text, Value_Number, Value_Yes, Value_Texts, Value_Json]
"""A value of a setting."""

@dataclass
class Setting:
    """A setting, as the administrator wrote it."""
    name: str
    """Its name."""
    value: Value
    """Its value."""

@dataclass
class Header:
    """A header field."""
    name: str
    """Its name."""
    value: str
    """Its value: one line. In HTTP headers `{secret:name}` stands for a secret, put in by the host."""

@dataclass
class Mail:
    """A mail. From, To, Date, Message-ID and the MIME structure are the host's."""
    subject: str
    """One line of at most 998 bytes."""
    text: str
    """Plain text of at most 256 KiB; lines end with a line feed."""
    html: Optional[str]
    """The same as HTML, as long, without scripts and remote content."""
    headers: List[Header]
    """Further header fields; those that the host writes are refused."""

class Method(Enum):
    """The method of an HTTP request."""
    POST = 0
    """POST."""
    PUT = 1
    """PUT."""
    PATCH = 2
    """PATCH."""
    GET = 3
    """GET, for gateways that know nothing better."""

@dataclass
class BasicCredentials:
    """A user with a secret."""
    user: str
    """User name."""
    secret: str
    """Name of the secret."""

@dataclass
class Auth_None_:
    """Not at all."""

@dataclass
class Auth_Bearer:
    """A bearer token: the name of the secret (RFC 6750)."""
    value: str

@dataclass
class Auth_Basic:
    """User and password (RFC 7617)."""
    value: BasicCredentials

@dataclass
class Auth_StandardWebhooks:
    """A signature with each of the named secrets, as Standard Webhooks describes it."""
    value: List[str]

Auth = Union[Auth_None_, Auth_Bearer, Auth_Basic, Auth_StandardWebhooks]
"""How an HTTP request proves who sends it. Worked out by the host at each attempt; a plugin never sees a secret."""

@dataclass
class HttpRequest:
    """An HTTP request."""
    method: Method
    """The method."""
    url: str
    """Where to, under one of the channel's hosts; at most 2048 bytes. `{secret:name}` stands for a secret."""
    headers: List[Header]
    """Header fields; Host, Content-Length and connection fields are the host's."""
    body: bytes
    """The body, at most 256 KiB."""
    auth: Auth
    """How it proves who sends it."""

@dataclass
class Delivery_Mail:
    """By mail to the recipient's address."""
    value: Mail

@dataclass
class Delivery_Http:
    """By HTTP."""
    value: HttpRequest

Delivery = Union[Delivery_Mail, Delivery_Http]
"""One thing to send."""

@dataclass
class Failure_Settings:
    """The settings are wrong; says which and why."""
    value: str

@dataclass
class Failure_Address:
    """The address is not one of this channel."""
    value: str

@dataclass
class Failure_Notice:
    """Anything else about this notice."""
    value: str

Failure = Union[Failure_Settings, Failure_Address, Failure_Notice]
"""Why a notice cannot be rendered."""

@dataclass
class MailReply:
    """What an SMTP server answered (RFC 5321, section 4.2)."""
    code: int
    """The code, e.g. 250."""
    enhanced: Optional[str]
    """The enhanced code (RFC 3463), if there was one, e.g. `4.2.2`."""
    text: str
    """The text."""

@dataclass
class HttpReply:
    """What an HTTP server answered."""
    status: int
    """The status, e.g. 202."""
    headers: List[Header]
    """Header fields. A Retry-After that was a date is in seconds here: a plugin has no clock."""
    body: bytes
    """The beginning of the body, at most 64 KiB."""

@dataclass
class Reply_Mail:
    """To a mail."""
    value: MailReply

@dataclass
class Reply_Http:
    """To an HTTP request."""
    value: HttpReply

Reply = Union[Reply_Mail, Reply_Http]
"""What the other side answered."""

@dataclass
class Retry:
    """Why and when to try again."""
    after_seconds: Optional[int]
    """Not before this many seconds; the host's own back-off if absent."""
    why: str
    """Why, in one sentence."""

@dataclass
class Outcome_Delivered:
    """Accepted: the other side's receipt, e.g. a message id; may be empty."""
    value: str

@dataclass
class Outcome_Retry:
    """To be tried again."""
    value: Retry

@dataclass
class Outcome_Failed:
    """Refused for good: why, in one sentence."""
    value: str

Outcome = Union[Outcome_Delivered, Outcome_Retry, Outcome_Failed]
"""What became of a delivery."""
