//! Role policies: an edition's roles and rules.

use provost_core::decision::{Action, Effect, Facts, Finding, Relations, Request};
use provost_core::id::{EditionId, PluginId, ProductId, RoleId};
use provost_core::role::{Role, RoleKind, Roles};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use wasmtime::component::InstancePre;

use crate::answer::BadAnswer;
use crate::cache::Digest;
use crate::call::{self, CallError, Failure, Guest};
use crate::interface::Kind;
use crate::limits::AnswerLimits;
use crate::load::{About, Refusal};
use crate::question::Question;
use crate::request::request;
use crate::tally::Usage;
use crate::wit::role_policy::{self as wit, RolePolicyPre};

/// Facts that a policy may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The subject's record.
    Subject,
    /// The resource's record.
    Resource,
    /// Roles in the records of persons.
    Roles,
    /// Schools in the records of persons.
    Schools,
    /// The district's record.
    District,
    /// The relations between subject and resource.
    Relations,
    /// Properties of resource and action.
    Properties,
    /// Circumstances of the request.
    Context,
}

/// What a policy says that it is, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// The edition's id, as districts name it.
    pub id: EditionId,
    /// Its name as people say it.
    pub title: String,
    /// The roles that it adds, for [`Roles::add_edition`].
    pub roles: Vec<Role>,
    /// The actions that it judges by name.
    pub judges: BTreeSet<String>,
    /// It judges all other actions too, but may only forbid them.
    pub judges_all: bool,
    /// The facts that it gets to see.
    pub needs: BTreeSet<Need>,
}

/// What a policy says of one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evaluation {
    /// Its findings, with the plugin's id as their source.
    pub findings: Vec<Finding>,
    /// The facts that the findings rest on, by their code.
    pub facts: BTreeMap<String, Vec<String>>,
    /// Fuel that the call used; recorded so that a replay can be compared.
    pub fuel: u64,
}

/// A role policy that was loaded and tried. Cheap to clone.
#[derive(Clone)]
pub struct Policy {
    pub(crate) about: About,
    pre: RolePolicyPre<Guest>,
    edition: Edition,
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("about", &self.about)
            .field("edition", &self.edition)
            .finish_non_exhaustive()
    }
}

impl Policy {
    pub(crate) fn try_out(about: About, pre: InstancePre<Guest>) -> Result<Self, Refusal> {
        let shape = |source: wasmtime::Error| Refusal::Shape {
            kind: Kind::RolePolicy,
            source: source.into(),
        };
        let pre = RolePolicyPre::new(pre).map_err(shape)?;
        let (described, _) = call::run(about.ground(), Kind::RolePolicy, |store| {
            let policy = pre.instantiate(&mut *store)?;
            policy.provost_plugin_policy().call_describe(store)
        })
        .map_err(Refusal::Describe)?;
        let edition =
            edition(described, about.answers()).map_err(|bad| Refusal::Describe(bad.into()))?;
        Ok(Self {
            about,
            pre,
            edition,
        })
    }

    /// The plugin's id.
    pub fn id(&self) -> &PluginId {
        &self.about.id
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
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// It has a say in this request: the district is of its edition and the action is one that it judges. The
    /// district is the resource's; the subject's if the resource has none.
    pub fn concerns(&self, request: &Request, facts: &Facts) -> bool {
        let district = facts
            .resource_district()
            .or_else(|| facts.subject_district());
        district.is_some_and(|facts| facts.district.edition == self.edition.id)
            && (self.edition.judges_all || self.edition.judges.contains(&request.action))
    }

    /// Asks the policy, on a fresh instance. A request that does not concern it gets no findings and no call.
    ///
    /// # Errors
    /// [`CallError`] if it trapped, was cut off or returned what a policy may not; [`CallError::finding`] is then
    /// its finding.
    pub fn evaluate(
        &self,
        asked: &Request,
        facts: &Facts,
        relations: &Relations,
    ) -> Result<Evaluation, CallError> {
        if !self.concerns(asked, facts) {
            return Ok(Evaluation::default());
        }
        self.answer(&request(asked, facts, relations, &self.edition))
    }

    /// Asks a question that somebody wrote down, as [`Policy::evaluate`] does of the register. The plugin is called
    /// whatever the district; the action must be one that it judges.
    ///
    /// # Errors
    /// As [`Policy::evaluate`].
    pub fn ask(&self, question: &Question) -> Result<Evaluation, CallError> {
        self.answer(&question.request(&self.edition))
    }

    pub(crate) fn instantiate(&self) -> Result<(), CallError> {
        call::run(self.about.ground(), Kind::RolePolicy, |store| {
            self.pre.instantiate(store).map(drop)
        })
        .map(drop)
        .map_err(|failure| self.about.failed("instantiate", failure))
    }

    fn answer(&self, question: &wit::Request) -> Result<Evaluation, CallError> {
        self.judged(question)
            .map_err(|failure| self.about.failed("evaluate", failure))
    }

    fn judged(&self, question: &wit::Request) -> Result<Evaluation, Failure> {
        let (findings, fuel) = call::run(self.about.ground(), Kind::RolePolicy, |store| {
            let policy = self.pre.instantiate(&mut *store)?;
            let policy = policy.provost_plugin_policy();
            policy.call_evaluate(store, question)
        })?;
        self.about.answers().listed("list of findings", &findings)?;
        let mut evaluation = Evaluation {
            fuel,
            ..Evaluation::default()
        };
        for found in findings {
            let (finding, rests_on) = self.finding(found, &question.action)?;
            evaluation.facts.insert(finding.code.clone(), rests_on);
            evaluation.findings.push(finding);
        }
        Ok(evaluation)
    }

    fn finding(
        &self,
        found: wit::Finding,
        action: &str,
    ) -> Result<(Finding, Vec<String>), BadAnswer> {
        let limits = self.about.answers();
        let code = limits.word("code of a finding", found.code)?;
        let refused = |problem: &'static str, found: &str| BadAnswer::Word {
            what: "finding",
            found: found.to_owned(),
            problem,
        };
        if ["plugin.", "default."]
            .iter()
            .any(|own| code.starts_with(own))
        {
            return Err(refused("has a code that is Provost's own", &code));
        }
        let effect = match found.effect {
            wit::Effect::Permit => Effect::Permit,
            wit::Effect::Forbid => Effect::Forbid,
        };
        let may_permit = self.edition.judges.contains(action) && !is_core(action);
        if effect == Effect::Permit && !may_permit {
            return Err(refused(
                "permits an action that the plugin may only forbid",
                &code,
            ));
        }
        limits.listed("facts of a finding", &found.facts)?;
        let facts = found
            .facts
            .iter()
            .map(|fact| limits.sentence("fact of a finding", fact));
        let finding = Finding {
            code,
            effect,
            message: limits.sentence("message of a finding", &found.message)?,
            source: self.about.id.to_string(),
        };
        Ok((finding, facts.collect::<Result<_, _>>()?))
    }
}

/// An action of the core has its one permit rule there; a plugin may only forbid it. Rule: domain, *How a decision is
/// made*.
fn is_core(action: &str) -> bool {
    Action::named(action).is_some()
}

fn id<T>(
    limits: &AnswerLimits,
    what: &'static str,
    text: String,
    make: impl FnOnce(String) -> Option<T>,
) -> Result<T, BadAnswer> {
    let text = limits.word(what, text)?;
    make(text.clone()).ok_or(BadAnswer::Word {
        what,
        found: text,
        problem: "is not an id",
    })
}

fn edition(described: wit::Edition, limits: &AnswerLimits) -> Result<Edition, BadAnswer> {
    limits.listed("list of roles", &described.roles)?;
    limits.listed("list of actions", &described.judges)?;
    let edition = id(limits, "edition id", described.id, |text| {
        EditionId::new(text).ok()
    })?;
    let roles = described
        .roles
        .into_iter()
        .map(|role| self::role(role, &edition, limits));
    let judges_all = described.judges.iter().any(|action| action == "*");
    let judges = described.judges.into_iter().filter(|action| action != "*");
    Ok(Edition {
        title: limits.sentence("title of the edition", &described.title)?,
        roles: distinct(roles.collect::<Result<_, _>>()?)?,
        judges: judges
            .map(|action| limits.word("action", action))
            .collect::<Result<_, _>>()?,
        judges_all,
        needs: needs(described.needs),
        id: edition,
    })
}

fn role(role: wit::Role, edition: &EditionId, limits: &AnswerLimits) -> Result<Role, BadAnswer> {
    limits.listed("products of a role", &role.products)?;
    limits.listed("actions of a role", &role.may)?;
    let product = |text: String| {
        id(limits, "product of a role", text, |text| {
            ProductId::new(text).ok()
        })
    };
    let action = |text: String| match limits.word("action of a role", text)? {
        core if is_core(&core) => Err(BadAnswer::Word {
            what: "action of a role",
            found: core,
            problem: "is the core's own, which no plugin permits",
        }),
        own => Ok(own),
    };
    Ok(Role {
        id: id(limits, "role id", role.id, |text| RoleId::new(text).ok())?,
        title: limits.sentence("title of a role", &role.title)?,
        kind: match role.kind {
            wit::RoleKind::Full => RoleKind::Full,
            wit::RoleKind::Sub => RoleKind::Sub,
            wit::RoleKind::Edition => RoleKind::Edition,
        },
        products: role
            .products
            .into_iter()
            .map(product)
            .collect::<Result<_, _>>()?,
        edition: Some(edition.clone()),
        may: role.may.into_iter().map(action).collect::<Result<_, _>>()?,
    })
}

/// Refuses a role of the standard edition, and the same role twice.
fn distinct(roles: Vec<Role>) -> Result<Vec<Role>, BadAnswer> {
    let mut known = Roles::standard();
    match known.add_edition(roles.iter().cloned()).into_iter().next() {
        None => Ok(roles),
        Some(taken) => Err(BadAnswer::Word {
            what: "role id",
            found: taken.to_string(),
            problem: "is a role of the standard edition or is there twice",
        }),
    }
}

fn needs(flags: wit::Needs) -> BTreeSet<Need> {
    [
        (wit::Needs::SUBJECT, Need::Subject),
        (wit::Needs::RESOURCE, Need::Resource),
        (wit::Needs::ROLES, Need::Roles),
        (wit::Needs::SCHOOLS, Need::Schools),
        (wit::Needs::DISTRICT, Need::District),
        (wit::Needs::RELATIONS, Need::Relations),
        (wit::Needs::PROPERTIES, Need::Properties),
        (wit::Needs::CONTEXT, Need::Context),
    ]
    .into_iter()
    .filter(|(flag, _)| flags.contains(*flag))
    .map(|(_, need)| need)
    .collect()
}
