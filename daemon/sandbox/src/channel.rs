//! Channels: ways to tell people.

use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;
use wasmtime::component::InstancePre;

use crate::answer::{BadAnswer, at_most};
use crate::cache::Digest;
use crate::call::{self, CallError, Guest};
use crate::delivery::{self, Declared, Delivery, Reply, Verdict};
use crate::interface::Kind;
use crate::limits::AnswerLimits;
use crate::load::{About, Refusal};
use crate::notice::{self, NoticeView, Recipient, RenderError};
use crate::printable;
use crate::settings::{SettingProblem, check_settings, settings};
use crate::tally::Usage;
use crate::wit::channel::{self as wit, ChannelPre};

/// What an address of a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// A mail address.
    Mail,
    /// A telephone number.
    Phone,
    /// An HTTPS address.
    Url,
}

/// What a channel says that it is, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelDescription {
    /// Its name as people say it.
    pub title: String,
    /// What its addresses are.
    pub address: AddressKind,
    /// JSON Schema of its settings.
    pub settings_schema: Map<String, Value>,
    /// It sends mail.
    pub sends_mail: bool,
    /// It sends HTTP requests.
    pub sends_http: bool,
    /// Hosts that it wants to send to, e.g. `https://hooks.example.org`; empty if they follow from its settings.
    pub hosts: BTreeSet<String>,
    /// Names of the secrets that its deliveries refer to.
    pub secrets: BTreeSet<String>,
    /// It judges SMTP replies itself; otherwise the host does.
    pub judges_mail: bool,
}

/// A channel that was loaded and tried. Cheap to clone.
#[derive(Clone)]
pub struct Channel {
    pub(crate) about: About,
    pre: ChannelPre<Guest>,
    description: ChannelDescription,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("about", &self.about)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

impl Channel {
    pub(crate) fn try_out(about: About, pre: InstancePre<Guest>) -> Result<Self, Refusal> {
        let shape = |source: wasmtime::Error| Refusal::Shape {
            kind: Kind::Channel,
            source: source.into(),
        };
        let pre = ChannelPre::new(pre).map_err(shape)?;
        let (described, _) = call::run(about.ground(), Kind::Channel, |store| {
            let channel = pre.instantiate(&mut *store)?;
            channel.provost_plugin_messaging().call_describe(store)
        })
        .map_err(Refusal::Describe)?;
        let description =
            description(described, about.answers()).map_err(|bad| Refusal::Describe(bad.into()))?;
        Ok(Self {
            about,
            pre,
            description,
        })
    }

    /// SHA-256 of its component: the version that runs.
    pub fn digest(&self) -> &Digest {
        &self.about.digest
    }

    /// What its calls have cost.
    pub fn usage(&self) -> Usage {
        self.about.tally.usage()
    }

    /// What it says that it is.
    pub fn describe(&self) -> &ChannelDescription {
        &self.description
    }

    /// What is wrong with these settings, all at once; nothing if the list is empty.
    pub fn check_settings(&self, settings: &Map<String, Value>) -> Vec<SettingProblem> {
        check_settings(&self.description.settings_schema, settings)
    }

    pub(crate) fn instantiate(&self) -> Result<(), CallError> {
        call::run(self.about.ground(), Kind::Channel, |store| {
            self.pre.instantiate(store).map(drop)
        })
        .map(drop)
        .map_err(|failure| self.about.failed("instantiate", failure))
    }

    /// Turns a notice into what is to be sent to one recipient, on a fresh instance.
    ///
    /// # Errors
    /// [`RenderError::Refused`] if the channel objects, [`RenderError::Call`] if it trapped, was cut off or returned
    /// what may not be sent.
    pub fn render(
        &self,
        view: &NoticeView,
        recipient: &Recipient,
        settings: &Map<String, Value>,
    ) -> Result<Vec<Delivery>, RenderError> {
        let failed = |failure| self.about.failed("render", failure);
        let notice = notice::notice(view);
        let recipient = notice::recipient(recipient);
        let settings = self::settings(settings);
        let (rendered, _) = call::run(self.about.ground(), Kind::Channel, |store| {
            let channel = self.pre.instantiate(&mut *store)?;
            let messaging = channel.provost_plugin_messaging();
            messaging.call_render(store, &notice, &recipient, &settings)
        })
        .map_err(failed)?;
        let rendered = rendered.map_err(|failure| RenderError::Refused {
            plugin: self.about.id.clone(),
            why: notice::refusal(failure),
        })?;
        let declared = Declared {
            mail: self.description.sends_mail,
            http: self.description.sends_http,
            secrets: &self.description.secrets,
            limits: self.about.answers(),
        };
        delivery::deliveries(rendered, &declared).map_err(|bad| failed(bad.into()).into())
    }

    /// Asks what a reply means, on a fresh instance.
    ///
    /// # Errors
    /// [`CallError`] if it trapped or was cut off; the delivery is then best tried again later.
    pub fn judge(&self, reply: &Reply) -> Result<Verdict, CallError> {
        let reply = delivery::reply(reply);
        let (outcome, _) = call::run(self.about.ground(), Kind::Channel, |store| {
            let channel = self.pre.instantiate(&mut *store)?;
            let messaging = channel.provost_plugin_messaging();
            messaging.call_judge(store, &reply)
        })
        .map_err(|failure| self.about.failed("judge", failure))?;
        Ok(delivery::verdict(outcome))
    }
}

fn description(
    described: wit::Description,
    limits: &AnswerLimits,
) -> Result<ChannelDescription, BadAnswer> {
    limits.listed("list of hosts", &described.hosts)?;
    limits.listed("list of secrets", &described.secrets)?;
    let secrets = described.secrets.into_iter();
    Ok(ChannelDescription {
        title: limits.sentence("title of the channel", &described.title)?,
        address: match described.address {
            wit::AddressKind::Mail => AddressKind::Mail,
            wit::AddressKind::Phone => AddressKind::Phone,
            wit::AddressKind::Url => AddressKind::Url,
        },
        settings_schema: schema(&described.settings_schema, limits)?,
        sends_mail: described.deliveries.contains(wit::DeliveryKinds::MAIL),
        sends_http: described.deliveries.contains(wit::DeliveryKinds::HTTP),
        hosts: described
            .hosts
            .into_iter()
            .map(|text| host(text, limits))
            .collect::<Result<_, _>>()?,
        secrets: secrets
            .map(|name| limits.word("name of a secret", name))
            .collect::<Result<_, _>>()?,
        judges_mail: described.judges.contains(wit::JudgedReplies::MAIL),
    })
}

fn schema(text: &str, limits: &AnswerLimits) -> Result<Map<String, Value>, BadAnswer> {
    let what = "schema of the settings";
    at_most(what, text.len(), limits.schema_bytes)?;
    match serde_json::from_str(text) {
        Ok(Value::Object(schema)) => Ok(schema),
        _ => Err(BadAnswer::Word {
            what,
            found: printable(text).chars().take(80).collect(),
            problem: "is not a JSON object",
        }),
    }
}

/// Scheme, host and perhaps port, and nothing after them.
fn host(text: String, limits: &AnswerLimits) -> Result<String, BadAnswer> {
    let what = "host";
    at_most(what, text.len(), limits.url_bytes)?;
    let name = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    match name {
        Some(name) if !name.is_empty() && name.bytes().all(fits) => Ok(text),
        _ => Err(BadAnswer::Word {
            what,
            found: printable(&text),
            problem: "is not a host with its scheme, e.g. https://hooks.example.org",
        }),
    }
}
