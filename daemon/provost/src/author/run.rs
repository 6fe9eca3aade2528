//! `provost plugin run`: one call, written down in JSON, answered in JSON.

use provost_sandbox::{
    Channel, Delivery, Evaluation, HttpRequest, NoticeView, Plugin, Policy, Question, Recipient,
    Reply, Verdict,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fmt::Display;
use std::str::FromStr;

use crate::live::chain;

/// A function of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// What it is.
    Describe,
    /// A role policy's.
    Evaluate,
    /// A channel's.
    Render,
    /// A channel's.
    Judge,
}

/// No such function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be describe, evaluate, render or judge")]
pub struct UnknownFunction;

impl FromStr for Function {
    type Err = UnknownFunction;
    fn from_str(text: &str) -> Result<Self, UnknownFunction> {
        match text {
            "describe" => Ok(Self::Describe),
            "evaluate" => Ok(Self::Evaluate),
            "render" => Ok(Self::Render),
            "judge" => Ok(Self::Judge),
            _ => Err(UnknownFunction),
        }
    }
}

/// Why a call was not made or not answered.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The plugin is of the other kind.
    #[error("a {0} plugin has no such function: it has {1}")]
    NotIts(&'static str, &'static str),
    /// The input is not what the function takes.
    #[error("the input is not what {function} takes: {why}")]
    Input {
        /// Which function.
        function: &'static str,
        /// Where and why.
        why: String,
    },
    /// The plugin does not judge the action.
    #[error("the plugin does not judge `{action}`: its describe() names {judges}")]
    NotJudged {
        /// Which action was asked.
        action: String,
        /// Those that it judges.
        judges: String,
    },
    /// It failed or refused, as it would in the daemon.
    #[error("{0}")]
    Failed(String),
}

/// What `render` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rendering {
    notice: NoticeView,
    recipient: Recipient,
    #[serde(default)]
    settings: Map<String, Value>,
}

fn input<'v, T: Deserialize<'v>>(function: &'static str, value: &'v Value) -> Result<T, RunError> {
    serde_path_to_error::deserialize(value).map_err(|why| RunError::Input {
        function,
        why: why.to_string(),
    })
}

/// A call that is ready to be made, as often as one likes.
#[derive(Debug)]
pub enum Call<'p> {
    /// `describe`: it was made when the plugin was loaded.
    Describe(&'p Plugin),
    /// `evaluate`.
    Evaluate(&'p Policy, Box<Question>),
    /// `render`.
    Render(&'p Channel, Box<Rendering>),
    /// `judge`.
    Judge(&'p Channel, Reply),
}

impl<'p> Call<'p> {
    /// Reads what a function takes. `function` is the kind's own if none is named: `evaluate`, `render`.
    ///
    /// # Errors
    /// [`RunError`] if the plugin has no such function, or the input does not fit.
    pub fn prepare(
        plugin: &'p Plugin,
        function: Option<Function>,
        given: &Value,
    ) -> Result<Self, RunError> {
        match (plugin, function) {
            (_, Some(Function::Describe)) => Ok(Self::Describe(plugin)),
            (Plugin::Policy(policy), None | Some(Function::Evaluate)) => evaluate(policy, given),
            (Plugin::Channel(channel), None | Some(Function::Render)) => render(channel, given),
            (Plugin::Channel(channel), Some(Function::Judge)) => judge(channel, given),
            (Plugin::Policy(_), _) => Err(RunError::NotIts("role-policy", "describe and evaluate")),
            (Plugin::Channel(_), _) => {
                Err(RunError::NotIts("channel", "describe, render and judge"))
            }
        }
    }

    /// Makes the call.
    ///
    /// # Errors
    /// [`RunError::Failed`] if the plugin fails or refuses.
    pub fn make(&self) -> Result<Answer, RunError> {
        match self {
            Self::Describe(plugin) => Ok(Answer::Described(described(plugin))),
            Self::Evaluate(policy, question) => policy
                .ask(question)
                .map(Answer::Evaluated)
                .map_err(|why| failed(&why)),
            Self::Render(channel, given) => channel
                .render(&given.notice, &given.recipient, &given.settings)
                .map(Answer::Rendered)
                .map_err(|why| failed(&why)),
            Self::Judge(channel, reply) => channel
                .judge(reply)
                .map(Answer::Judged)
                .map_err(|why| failed(&why)),
        }
    }
}

/// What a plugin has answered.
#[derive(Debug)]
pub enum Answer {
    /// By `describe`.
    Described(Value),
    /// By `evaluate`.
    Evaluated(Evaluation),
    /// By `render`.
    Rendered(Vec<Delivery>),
    /// By `judge`.
    Judged(Verdict),
}

impl Answer {
    /// As JSON, for people.
    pub fn shown(&self) -> Value {
        match self {
            Self::Described(said) => said.clone(),
            Self::Evaluated(answer) => evaluated(answer),
            Self::Rendered(deliveries) => {
                let deliveries: Vec<_> = deliveries.iter().map(delivery).collect();
                json!({ "deliveries": deliveries })
            }
            Self::Judged(verdict) => json!({ "verdict": verdict }),
        }
    }
}

/// Makes one call. `function` is the kind's own if none is named: `evaluate`, `render`.
///
/// # Errors
/// [`RunError`] if the input does not fit, or the plugin fails or refuses.
pub fn call(plugin: &Plugin, function: Option<Function>, given: &Value) -> Result<Value, RunError> {
    Ok(Call::prepare(plugin, function, given)?.make()?.shown())
}

/// What a plugin says of itself.
pub fn described(plugin: &Plugin) -> Value {
    match plugin {
        Plugin::Policy(policy) => {
            let edition = policy.edition();
            let roles = edition.roles.iter().map(|role| role.id.as_str());
            json!({
                "edition": edition.id,
                "title": edition.title,
                "roles": roles.collect::<Vec<_>>(),
            })
        }
        Plugin::Channel(channel) => {
            let described = channel.describe();
            json!({
                "title": described.title,
                "address": format!("{:?}", described.address).to_lowercase(),
                "settings-schema": described.settings_schema,
            })
        }
    }
}

fn evaluate<'p>(policy: &'p Policy, given: &Value) -> Result<Call<'p>, RunError> {
    let question: Question = input("evaluate", given)?;
    let edition = policy.edition();
    if !edition.judges_all && !edition.judges.contains(&question.action) {
        let judges: Vec<_> = edition.judges.iter().map(String::as_str).collect();
        return Err(RunError::NotJudged {
            action: question.action,
            judges: judges.join(", "),
        });
    }
    Ok(Call::Evaluate(policy, Box::new(question)))
}

fn evaluated(answer: &Evaluation) -> Value {
    let findings = answer.findings.iter().map(|finding| {
        json!({
            "effect": finding.effect,
            "code": finding.code,
            "message": finding.message,
            "facts": answer.facts.get(&finding.code),
        })
    });
    json!({"findings": findings.collect::<Vec<_>>(), "fuel": answer.fuel})
}

fn render<'p>(channel: &'p Channel, given: &Value) -> Result<Call<'p>, RunError> {
    let given: Rendering = input("render", given)?;
    let wrong = channel.check_settings(&given.settings);
    if !wrong.is_empty() {
        return Err(RunError::Input {
            function: "render",
            why: said("settings: ", &wrong),
        });
    }
    Ok(Call::Render(channel, Box::new(given)))
}

fn judge<'p>(channel: &'p Channel, given: &Value) -> Result<Call<'p>, RunError> {
    let mut given = given.clone();
    // People write a body as text.
    if let Some(body) = given.pointer_mut("/http/body")
        && let Some(text) = body.as_str()
    {
        *body = json!(text.as_bytes());
    }
    let reply: Reply = input("judge", &given)?;
    Ok(Call::Judge(channel, reply))
}

/// A delivery with its body as text, if it is one.
fn delivery(delivery: &Delivery) -> Value {
    let mut shown = json!(delivery);
    if let Delivery::Http(HttpRequest { body, .. }) = delivery
        && let Ok(text) = std::str::from_utf8(body)
        && let Some(place) = shown.pointer_mut("/http/body")
    {
        *place = json!(text);
    }
    shown
}

fn said(before: &str, list: &[impl Display]) -> String {
    let list: Vec<_> = list.iter().map(ToString::to_string).collect();
    format!("{before}{}", list.join("; "))
}

fn failed(why: &dyn std::error::Error) -> RunError {
    RunError::Failed(chain(why))
}
