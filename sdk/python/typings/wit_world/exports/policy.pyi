"""An edition: the roles that a state's or consortium's edition of the application adds, and the rules that go with them."""
from dataclasses import dataclass
from enum import Enum, Flag
from typing import List, Optional, Union


class RoleKind(Enum):
    """What kind of role it is. Delegation roles are the core's alone."""
    FULL = 0
    """Carries its products: all their tool rights and all calendars."""
    SUB = 1
    """Carries one feature and no rights."""
    EDITION = 2
    """Like full for its products, in districts of this edition only."""

@dataclass
class Role:
    """A security role that the edition adds."""
    id: str
    """Its id, e.g. `montana`. An id of the standard edition is refused."""
    title: str
    """Its name as people say it."""
    kind: RoleKind
    """What kind of role it is."""
    products: List[str]
    """Ids of the products whose rights it carries, e.g. `sis`."""
    may: List[str]
    """Actions of the plugin's own that its holders may do; those of the core are refused."""

class Needs(Flag):
    """The facts that the plugin looks at. The host works out, copies and passes these and no more."""
    SUBJECT = 1
    """The subject's record, if the subject is a person."""
    RESOURCE = 2
    """The resource's record, if the resource is a person or a case."""
    ROLES = 4
    """Role ids in the records of persons."""
    SCHOOLS = 8
    """School ids in the records of persons."""
    DISTRICT = 16
    """The district's record."""
    RELATIONS = 32
    """The relations between subject and resource."""
    PROPERTIES = 64
    """The properties of the resource and of the action."""
    CONTEXT = 128
    """The circumstances of the request."""

@dataclass
class Edition:
    """What the plugin is."""
    id: str
    """The edition's id, as districts name it in `edition = "…"`. The plugin judges in districts of this edition only."""
    title: str
    """Its name as people say it."""
    roles: List[Role]
    """The roles that it adds."""
    judges: List[str]
    """The actions that it wants to judge; `*` stands for all. Permits count only for actions named here that are
    not the core's own; forbids count for all of these.
    """
    needs: Needs
    """The facts that it looks at."""

@dataclass
class Moment:
    """A moment, always given."""
    unix_seconds: int
    """Seconds since 1970-01-01T00:00:00Z."""
    utc_offset_seconds: int
    """Seconds that the district's wall clock is ahead of UTC at that moment."""

class DistrictFlags(Flag):
    """Switches of a district."""
    MULTI_PRODUCT = 1
    """More than one product is licensed."""
    VENDOR_CLOUD = 2
    """The application runs in the vendor's cloud."""
    LINKED = 4
    """The district is linked to a state or consortium."""
    RESTRICT_LOGIN_AS = 8
    """Preference `restrict-login-as`."""
    GROUP_ASSIGNMENT_CEILING = 16
    """Preference `group-assignment-ceiling`."""

@dataclass
class District:
    """The district that the request is about."""
    id: str
    """Its id."""
    products: List[str]
    """Ids of the licensed products, in alphabetical order."""
    switches: DistrictFlags
    """Its switches."""

class ContactKind(Enum):
    """What kind of contact a person is."""
    SUPPORT = 0
    """Cases and calls."""
    TECHNICAL = 1
    """All that, and technical matters and updates."""

class ContactState(Enum):
    """The state of a contact. Active, pending and held ones have full authority, the others none."""
    ACTIVE = 0
    """Full authority."""
    PENDING = 1
    """Told of pending deactivation; full authority."""
    HELD = 2
    """A stage waits for data or delivery; full authority."""
    SUSPENDED = 3
    """Shut out by the directory."""
    DEACTIVATED = 4
    """Deactivated for inactivity."""
    REMOVED = 5
    """No longer a contact."""

@dataclass
class Contact:
    """A person as an authorized contact."""
    kind: ContactKind
    """Support or technical."""
    state: ContactState
    """The state."""

class Account(Flag):
    """What is true of a person's account."""
    ENABLED = 1
    """It may log in: enabled here and not shut out by the directory."""
    MAIN_HOMEPAGE = 2
    """Its homepage is the main application, where product roles have an effect."""
    THIRD_PARTY = 4
    """The person works for an outside firm."""

@dataclass
class Person:
    """A person."""
    id: str
    """The register's id."""
    district: str
    """The id of the person's district."""
    account: Account
    """What is true of the account."""
    contact: Optional[Contact]
    """As a contact, if the person is or was one."""
    roles: List[str]
    """Ids of the roles that have an effect, in alphabetical order. Empty without `needs.roles`."""
    schools: List[str]
    """Ids of the schools that the person works at. Empty without `needs.schools`."""

@dataclass
class SupportCase:
    """A case."""
    id: str
    """Its id."""
    district: str
    """The district it belongs to."""
    emergency: bool
    """Opened by an agent for someone who is not a valid contact."""
    transitioned: bool
    """Handed to a valid contact since."""
    closed: bool
    """Already closed."""

@dataclass
class Party_Someone:
    """A person whose record was not asked for (without `needs.subject`)."""

@dataclass
class Party_Person:
    """A person of the register."""
    value: Person

@dataclass
class Party_Agent:
    """An agent of the vendor's support desk."""

@dataclass
class Party_Unknown:
    """Nobody that the register knows."""

Party = Union[Party_Someone, Party_Person, Party_Agent, Party_Unknown]
"""Who asks."""

@dataclass
class Thing_Something:
    """A person or case whose record was not asked for (without `needs.resource`)."""

@dataclass
class Thing_Person:
    """A person."""
    value: Person

@dataclass
class Thing_SupportCase:
    """A case."""
    value: SupportCase

@dataclass
class Thing_District:
    """A district, by its id."""
    value: str

@dataclass
class Thing_Group:
    """A user group, by its id."""
    value: str

@dataclass
class Thing_Tool:
    """A tool, as `product/tool`, or `tool` alone for the product `sis`."""
    value: str

@dataclass
class Thing_Unknown:
    """Nothing that the register knows."""

Thing = Union[Thing_Something, Thing_Person, Thing_SupportCase, Thing_District, Thing_Group, Thing_Tool, Thing_Unknown]
"""What the action is to be done to."""

class Relations(Flag):
    """Relations that the host has already worked out. Empty without `needs.relations`."""
    SAME_PERSON = 1
    """Subject and resource are the same person."""
    SAME_DISTRICT = 2
    """Subject and resource belong to the same district."""
    RIGHTS_SUBSET = 4
    """The resource's tool rights are a subset of the subject's, letter by letter."""
    CALENDARS_COVER = 8
    """The subject has calendar rights for every school of the resource."""
    NESTED_SESSION = 16
    """The request comes from inside a session that is itself a login-as."""
    SESSION_USED = 32
    """A login-as has already started in the session."""
    SUBJECT_IS_CONTACT = 64
    """The subject is a valid contact of the resource's district."""
    SUBJECT_IS_TECHNICAL = 128
    """The subject is a valid technical contact of the resource's district."""
    RESOURCE_IS_CONTACT = 256
    """The resource is a valid contact of its own district."""
    SUBJECT_ENABLED = 512
    """The subject's account is enabled."""
    RESOURCE_ENABLED = 1024
    """The resource's account is enabled."""
    DISTRICT_ORPHANED = 2048
    """The resource's district has no valid contact."""

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
"""A value of a property or of a circumstance."""

@dataclass
class Property:
    """A named value."""
    name: str
    """Its name."""
    value: Value
    """Its value."""

@dataclass
class Request:
    """A question: may the subject do this action to the resource?"""
    action: str
    """The action's name, e.g. `login-as`."""
    now: Moment
    """The moment of the decision."""
    district: Optional[District]
    """The district that it is about. Absent without `needs.district`."""
    subject: Party
    """Who asks."""
    resource: Thing
    """On what."""
    relations: Relations
    """Relations between the two."""
    properties: List[Property]
    """Properties of the resource and of the action, by name. Empty without `needs.properties`."""
    context: List[Property]
    """Circumstances, by name. Empty without `needs.context`."""

class Effect(Enum):
    """What a rule says."""
    PERMIT = 0
    """Allows, unless another rule forbids."""
    FORBID = 1
    """Denies, whatever other rules say."""

@dataclass
class Finding:
    """What one rule says of the request."""
    effect: Effect
    """Permit or forbid."""
    code: str
    """The rule's code, e.g. `montana.aim-submit`: a word. Those that begin with `plugin.` or `default.` are the
    host's.
    """
    message: str
    """One sentence for people. Control characters are taken out of it."""
    facts: List[str]
    """Names of the facts that it rests on, e.g. `subject.roles`."""
