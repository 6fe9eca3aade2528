/**
 * The interface `provost:plugin@1.0.0` as JavaScript sees it; `sdk/wit/provost.wit` says it in full.
 *
 * Names are in camel case, flags are objects of switches, variants are `{ tag, val }`, an absent option is `undefined`,
 * numbers of 64 bits are `bigint`, and a failure is thrown.
 */
/** An edition: the roles that a state's or consortium's edition of the application adds, and the rules that go with them. */
export namespace policy {
  /** What kind of role it is. Delegation roles are the core's alone. */
  type RoleKind =
    /** Carries its products: all their tool rights and all calendars. */
    | "full"
    /** Carries one feature and no rights. */
    | "sub"
    /** Like full for its products, in districts of this edition only. */
    | "edition";

  /** A security role that the edition adds. */
  interface Role {
    /** Its id, e.g. `montana`. An id of the standard edition is refused. */
    id: string;
    /** Its name as people say it. */
    title: string;
    /** What kind of role it is. */
    kind: RoleKind;
    /** Ids of the products whose rights it carries, e.g. `sis`. */
    products: string[];
    /** Actions of the plugin's own that its holders may do; those of the core are refused. */
    may: string[];
  }

  /** The facts that the plugin looks at. The host works out, copies and passes these and no more. */
  interface Needs {
    /** The subject's record, if the subject is a person. */
    subject?: boolean;
    /** The resource's record, if the resource is a person or a case. */
    resource?: boolean;
    /** Role ids in the records of persons. */
    roles?: boolean;
    /** School ids in the records of persons. */
    schools?: boolean;
    /** The district's record. */
    district?: boolean;
    /** The relations between subject and resource. */
    relations?: boolean;
    /** The properties of the resource and of the action. */
    properties?: boolean;
    /** The circumstances of the request. */
    context?: boolean;
  }

  /** What the plugin is. */
  interface Edition {
    /** The edition's id, as districts name it in `edition = "…"`. The plugin judges in districts of this edition only. */
    id: string;
    /** Its name as people say it. */
    title: string;
    /** The roles that it adds. */
    roles: Role[];
    /**
     * The actions that it wants to judge; `*` stands for all. Permits count only for actions named here that are
     * not the core's own; forbids count for all of these.
     */
    judges: string[];
    /** The facts that it looks at. */
    needs: Needs;
  }

  /** A moment, always given. */
  interface Moment {
    /** Seconds since 1970-01-01T00:00:00Z. */
    unixSeconds: bigint;
    /** Seconds that the district's wall clock is ahead of UTC at that moment. */
    utcOffsetSeconds: number;
  }

  /** Switches of a district. */
  interface DistrictFlags {
    /** More than one product is licensed. */
    multiProduct?: boolean;
    /** The application runs in the vendor's cloud. */
    vendorCloud?: boolean;
    /** The district is linked to a state or consortium. */
    linked?: boolean;
    /** Preference `restrict-login-as`. */
    restrictLoginAs?: boolean;
    /** Preference `group-assignment-ceiling`. */
    groupAssignmentCeiling?: boolean;
  }

  /** The district that the request is about. */
  interface District {
    /** Its id. */
    id: string;
    /** Ids of the licensed products, in alphabetical order. */
    products: string[];
    /** Its switches. */
    switches: DistrictFlags;
  }

  /** What kind of contact a person is. */
  type ContactKind =
    /** Cases and calls. */
    | "support"
    /** All that, and technical matters and updates. */
    | "technical";

  /** The state of a contact. Active, pending and held ones have full authority, the others none. */
  type ContactState =
    /** Full authority. */
    | "active"
    /** Told of pending deactivation; full authority. */
    | "pending"
    /** A stage waits for data or delivery; full authority. */
    | "held"
    /** Shut out by the directory. */
    | "suspended"
    /** Deactivated for inactivity. */
    | "deactivated"
    /** No longer a contact. */
    | "removed";

  /** A person as an authorized contact. */
  interface Contact {
    /** Support or technical. */
    kind: ContactKind;
    /** The state. */
    state: ContactState;
  }

  /** What is true of a person's account. */
  interface Account {
    /** It may log in: enabled here and not shut out by the directory. */
    enabled?: boolean;
    /** Its homepage is the main application, where product roles have an effect. */
    mainHomepage?: boolean;
    /** The person works for an outside firm. */
    thirdParty?: boolean;
  }

  /** A person. */
  interface Person {
    /** The register's id. */
    id: string;
    /** The id of the person's district. */
    district: string;
    /** What is true of the account. */
    account: Account;
    /** As a contact, if the person is or was one. */
    contact?: Contact;
    /** Ids of the roles that have an effect, in alphabetical order. Empty without `needs.roles`. */
    roles: string[];
    /** Ids of the schools that the person works at. Empty without `needs.schools`. */
    schools: string[];
  }

  /** A case. */
  interface SupportCase {
    /** Its id. */
    id: string;
    /** The district it belongs to. */
    district: string;
    /** Opened by an agent for someone who is not a valid contact. */
    emergency: boolean;
    /** Handed to a valid contact since. */
    transitioned: boolean;
    /** Already closed. */
    closed: boolean;
  }

  /** Who asks. */
  type Party =
    /** A person whose record was not asked for (without `needs.subject`). */
    | { tag: "someone" }
    /** A person of the register. */
    | { tag: "person"; val: Person }
    /** An agent of the vendor's support desk. */
    | { tag: "agent" }
    /** Nobody that the register knows. */
    | { tag: "unknown" };

  /** What the action is to be done to. */
  type Thing =
    /** A person or case whose record was not asked for (without `needs.resource`). */
    | { tag: "something" }
    /** A person. */
    | { tag: "person"; val: Person }
    /** A case. */
    | { tag: "support-case"; val: SupportCase }
    /** A district, by its id. */
    | { tag: "district"; val: string }
    /** A user group, by its id. */
    | { tag: "group"; val: string }
    /** A tool, as `product/tool`, or `tool` alone for the product `sis`. */
    | { tag: "tool"; val: string }
    /** Nothing that the register knows. */
    | { tag: "unknown" };

  /** Relations that the host has already worked out. Empty without `needs.relations`. */
  interface Relations {
    /** Subject and resource are the same person. */
    samePerson?: boolean;
    /** Subject and resource belong to the same district. */
    sameDistrict?: boolean;
    /** The resource's tool rights are a subset of the subject's, letter by letter. */
    rightsSubset?: boolean;
    /** The subject has calendar rights for every school of the resource. */
    calendarsCover?: boolean;
    /** The request comes from inside a session that is itself a login-as. */
    nestedSession?: boolean;
    /** A login-as has already started in the session. */
    sessionUsed?: boolean;
    /** The subject is a valid contact of the resource's district. */
    subjectIsContact?: boolean;
    /** The subject is a valid technical contact of the resource's district. */
    subjectIsTechnical?: boolean;
    /** The resource is a valid contact of its own district. */
    resourceIsContact?: boolean;
    /** The subject's account is enabled. */
    subjectEnabled?: boolean;
    /** The resource's account is enabled. */
    resourceEnabled?: boolean;
    /** The resource's district has no valid contact. */
    districtOrphaned?: boolean;
  }

  /** A value of a property or of a circumstance. */
  type Value =
    /** A text. */
    | { tag: "text"; val: string }
    /** A number. */
    | { tag: "number"; val: number }
    /** Yes or no. */
    | { tag: "yes"; val: boolean }
    /** Several texts. */
    | { tag: "texts"; val: string[] }
    /** Anything else, as JSON text. */
    | { tag: "json"; val: string };

  /** A named value. */
  interface Property {
    /** Its name. */
    name: string;
    /** Its value. */
    value: Value;
  }

  /** A question: may the subject do this action to the resource? */
  interface Request {
    /** The action's name, e.g. `login-as`. */
    action: string;
    /** The moment of the decision. */
    now: Moment;
    /** The district that it is about. Absent without `needs.district`. */
    district?: District;
    /** Who asks. */
    subject: Party;
    /** On what. */
    resource: Thing;
    /** Relations between the two. */
    relations: Relations;
    /** Properties of the resource and of the action, by name. Empty without `needs.properties`. */
    properties: Property[];
    /** Circumstances, by name. Empty without `needs.context`. */
    context: Property[];
  }

  /** What a rule says. */
  type Effect =
    /** Allows, unless another rule forbids. */
    | "permit"
    /** Denies, whatever other rules say. */
    | "forbid";

  /** What one rule says of the request. */
  interface Finding {
    /** Permit or forbid. */
    effect: Effect;
    /**
     * The rule's code, e.g. `montana.aim-submit`: a word. Those that begin with `plugin.` or `default.` are the
     * host's.
     */
    code: string;
    /** One sentence for people. Control characters are taken out of it. */
    message: string;
    /** Names of the facts that it rests on, e.g. `subject.roles`. */
    facts: string[];
  }

  /** What the plugin exports under the name `policy`. */
  interface Plugin {
    /** Says what the plugin is. Called once when it is loaded; the answer holds as long as it runs. */
    describe(): Edition;
    /**
     * Judges one request. An empty list means that the plugin has nothing to say. Called for actions that `judges`
     * names, in districts of the edition, within 50 million units of fuel (about an instruction each), 32 MiB of memory
     * and a second.
     */
    evaluate(request: Request): Finding[];
  }
}

/** A way to tell people: turns a notice into mails or HTTP requests, which the host sends. */
export namespace messaging {
  /** What an address of this channel is. */
  type AddressKind =
    /** A mail address. */
    | "mail"
    /** A telephone number. */
    | "phone"
    /** An HTTPS address. */
    | "url";

  /** How a channel sends. */
  interface DeliveryKinds {
    /** By mail through the configured relay. */
    mail?: boolean;
    /** By HTTP to the hosts that the channel names. */
    http?: boolean;
  }

  /** What a channel judges itself. */
  interface JudgedReplies {
    /** SMTP replies; the host judges them otherwise. Replies to HTTP requests always come to the channel. */
    mail?: boolean;
  }

  /** What the channel is and what it asks for. */
  interface Channel {
    /** Its name as people say it. */
    title: string;
    /** What its addresses are. */
    address: AddressKind;
    /**
     * A JSON Schema (2020-12) of its settings: an object, at most 64 KiB. The host checks `type`, `properties`,
     * `required`, `additionalProperties`, `enum`, `minLength`, `maxLength`, `minimum`, `maximum` and `items`.
     */
    settingsSchema: string;
    /** How it sends. */
    deliveries: DeliveryKinds;
    /**
     * The hosts that it sends to, with scheme and perhaps port, e.g. `https://hooks.example.org`; empty if they
     * follow from the settings. Either way it reaches only those that the administrator allows.
     */
    hosts: string[];
    /** The names of the secrets that its deliveries refer to. */
    secrets: string[];
    /** The replies that it judges itself. */
    judges: JudgedReplies;
  }

  /** What a notice tells. */
  type NoticeKind =
    /** Deactivation is pending. */
    | "notice"
    /** It still is. */
    | "reminder"
    /** It happens tomorrow. */
    | "final"
    /** It has happened. */
    | "deactivated"
    /** Another contact has restored the authority. */
    | "reactivated";

  /** A moment in the district's time zone. */
  interface Moment {
    /** The day as people read it, e.g. `1 April 2025`. */
    day: string;
    /** RFC 3339 with the district's offset, e.g. `2025-04-01T10:00:00-06:00`. */
    rfc3339: string;
    /** Seconds since 1970-01-01T00:00:00Z. */
    unixSeconds: bigint;
  }

  /** What kind of contact a person is. */
  type ContactKind =
    /** Cases and calls. */
    | "support"
    /** All that, and technical matters and updates. */
    | "technical";

  /** Someone to turn to. */
  interface Helper {
    /** Name. */
    name: string;
    /** Support or technical. */
    kind: ContactKind;
    /** Mail address. */
    mail?: string;
    /** Telephone number. */
    phone?: string;
  }

  /** A notice about a person's authority as a contact. */
  interface Notice {
    /** The same notice keeps its id through all attempts. */
    id: string;
    /** What it tells. */
    kind: NoticeKind;
    /** Name of the person it is about. */
    person: string;
    /** As what that person speaks for the district. */
    contactKind: ContactKind;
    /** The district's name. */
    district: string;
    /** When this text is written. */
    written: Moment;
    /** The latest activity that was seen, if any was. */
    lastActivity?: Moment;
    /** When the person is, or was, deactivated. Absent when the authority has been restored. */
    deadline?: Moment;
    /** Calendar days from today to the day of the deadline; zero on that day and after it. */
    daysLeft: number;
    /** No other valid contact is left in the district. */
    lastContact: boolean;
    /** The other valid contacts of the district, who can restore the authority. */
    others: Helper[];
    /** Title of the case by which another contact restores the authority, e.g. `Modify Support Contact`. */
    restoringCase: string;
    /** Telephone number at which the district helps. */
    helpPhone?: string;
    /** Mail address at which the district helps. */
    helpMail?: string;
  }

  /** As what a recipient is told. */
  type RecipientRole =
    /** The person whom the notice is about. */
    | "contact"
    /** Another valid contact of the district, because the person could not be reached. */
    | "colleague"
    /** The district's mailbox, for the same reason. */
    | "mailbox";

  /** Whom to tell. */
  interface Recipient {
    /** The address, of the channel's kind. */
    address: string;
    /** Name; empty for a mailbox. */
    name: string;
    /** As what. */
    role: RecipientRole;
  }

  /** A value of a setting. */
  type Value =
    /** A text. */
    | { tag: "text"; val: string }
    /** A number. */
    | { tag: "number"; val: number }
    /** Yes or no. */
    | { tag: "yes"; val: boolean }
    /** Several texts. */
    | { tag: "texts"; val: string[] }
    /** Anything else, as JSON text. */
    | { tag: "json"; val: string };

  /** A setting, as the administrator wrote it. */
  interface Setting {
    /** Its name. */
    name: string;
    /** Its value. */
    value: Value;
  }

  /** A header field. */
  interface Header {
    /** Its name. */
    name: string;
    /** Its value: one line. In HTTP headers `{secret:name}` stands for a secret, put in by the host. */
    value: string;
  }

  /** A mail. From, To, Date, Message-ID and the MIME structure are the host's. */
  interface Mail {
    /** One line of at most 998 bytes. */
    subject: string;
    /** Plain text of at most 256 KiB; lines end with a line feed. */
    text: string;
    /** The same as HTML, as long, without scripts and remote content. */
    html?: string;
    /** Further header fields; those that the host writes are refused. */
    headers: Header[];
  }

  /** The method of an HTTP request. */
  type Method =
    /** POST. */
    | "post"
    /** PUT. */
    | "put"
    /** PATCH. */
    | "patch"
    /** GET, for gateways that know nothing better. */
    | "get";

  /** A user with a secret. */
  interface BasicCredentials {
    /** User name. */
    user: string;
    /** Name of the secret. */
    secret: string;
  }

  /** How an HTTP request proves who sends it. Worked out by the host at each attempt; a plugin never sees a secret. */
  type Auth =
    /** Not at all. */
    | { tag: "none" }
    /** A bearer token: the name of the secret (RFC 6750). */
    | { tag: "bearer"; val: string }
    /** User and password (RFC 7617). */
    | { tag: "basic"; val: BasicCredentials }
    /** A signature with each of the named secrets, as Standard Webhooks describes it. */
    | { tag: "standard-webhooks"; val: string[] };

  /** An HTTP request. */
  interface HttpRequest {
    /** The method. */
    method: Method;
    /** Where to, under one of the channel's hosts; at most 2048 bytes. `{secret:name}` stands for a secret. */
    url: string;
    /** Header fields; Host, Content-Length and connection fields are the host's. */
    headers: Header[];
    /** The body, at most 256 KiB. */
    body: Uint8Array;
    /** How it proves who sends it. */
    auth: Auth;
  }

  /** One thing to send. */
  type Delivery =
    /** By mail to the recipient's address. */
    | { tag: "mail"; val: Mail }
    /** By HTTP. */
    | { tag: "http"; val: HttpRequest };

  /** Why a notice cannot be rendered. */
  type Failure =
    /** The settings are wrong; says which and why. */
    | { tag: "settings"; val: string }
    /** The address is not one of this channel. */
    | { tag: "address"; val: string }
    /** Anything else about this notice. */
    | { tag: "notice"; val: string };

  /** What an SMTP server answered (RFC 5321, section 4.2). */
  interface MailReply {
    /** The code, e.g. 250. */
    code: number;
    /** The enhanced code (RFC 3463), if there was one, e.g. `4.2.2`. */
    enhanced?: string;
    /** The text. */
    text: string;
  }

  /** What an HTTP server answered. */
  interface HttpReply {
    /** The status, e.g. 202. */
    status: number;
    /** Header fields. A Retry-After that was a date is in seconds here: a plugin has no clock. */
    headers: Header[];
    /** The beginning of the body, at most 64 KiB. */
    body: Uint8Array;
  }

  /** What the other side answered. */
  type Reply =
    /** To a mail. */
    | { tag: "mail"; val: MailReply }
    /** To an HTTP request. */
    | { tag: "http"; val: HttpReply };

  /** Why and when to try again. */
  interface Retry {
    /** Not before this many seconds; the host's own back-off if absent. */
    afterSeconds?: number;
    /** Why, in one sentence. */
    why: string;
  }

  /** What became of a delivery. */
  type Outcome =
    /** Accepted: the other side's receipt, e.g. a message id; may be empty. */
    | { tag: "delivered"; val: string }
    /** To be tried again. */
    | { tag: "retry"; val: Retry }
    /** Refused for good: why, in one sentence. */
    | { tag: "failed"; val: string };

  /** What the plugin exports under the name `messaging`. */
  interface Plugin {
    /** Says what the channel is. Called once when it is loaded; the answer holds as long as it runs. */
    describe(): Channel;
    /**
     * Turns a notice into what is to be sent to one recipient: exactly one delivery. Several, or none, count as a
     * failure at present. Called within 64 MiB of memory and a second, at every attempt anew.
     * @throws {Failure} why it cannot: `throw { tag: "settings", val: "…" }`
     */
    render(notice: Notice, recipient: Recipient, settings: Setting[]): Delivery[];
    /** Says what a reply means. No answer at all, and one that takes too long, the host judges itself: it tries again. */
    judge(reply: Reply): Outcome;
  }
}

/** Allows, unless another rule forbids. */
export function permit(code: string, message: string, ...facts: string[]): policy.Finding;
/** Denies, whatever other rules say. */
export function forbid(code: string, message: string, ...facts: string[]): policy.Finding;
/** The subject or resource as a person, if it is one and the edition needs its record. */
export function person(of: policy.Party | policy.Thing): policy.Person | undefined;
/** A text among settings, properties or circumstances. */
export function text(values: { name: string; value: policy.Value }[], name: string): string | undefined;
/** How many seconds the other side asks to wait, if it does. */
export function wait(reply: messaging.HttpReply): number | undefined;
/** A text as the bytes of a body. */
export function bytes(text: string): Uint8Array;
