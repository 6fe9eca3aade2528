//! The rules of login as another user, written for general policy engines: the same facts, the same answers.

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use provost_core::decision::{Facts, PersonFacts};
use provost_core::rights::Letters;
use regorus::{Engine, Value};
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// The rules that look at two people and their district, for Cedar. Those of a session are left out on both sides.
const CEDAR: &str = r#"
permit (principal, action == Action::"login-as", resource) when { principal.product || principal.loginAs };
forbid (principal, action == Action::"login-as", resource) when { principal == resource };
forbid (principal, action == Action::"login-as", resource) unless { principal.district == resource.district };
forbid (principal, action == Action::"login-as", resource) unless { principal.enabled && resource.enabled };
forbid (principal, action == Action::"login-as", resource) unless { principal.rights.contains("user-account R") };
forbid (principal, action == Action::"login-as", resource)
  when { principal.loginAs && !principal.userSecurity && resource.loginAs };
forbid (principal, action == Action::"login-as", resource)
  when { resource.restrictLoginAs && !resource.roles.isEmpty() };
forbid (principal, action == Action::"login-as", resource) unless { principal.rights.containsAll(resource.rights) };
forbid (principal, action == Action::"login-as", resource)
  unless { principal.allSchools || principal.schools.containsAll(resource.schools) };
"#;

/// The same for the Rego language.
const REGO: &str = r#"
package provost
import rego.v1
default allow := false
allow if { feature; count(forbidden) == 0 }
feature if input.actor.product
feature if input.actor.loginAs
rights := {right | some right in input.actor.rights}
forbidden contains "same" if input.actor.id == input.target.id
forbidden contains "district" if input.actor.district != input.target.district
forbidden contains "actor" if not input.actor.enabled
forbidden contains "target" if not input.target.enabled
forbidden contains "user-account" if not "user-account R" in rights
forbidden contains "peer" if { input.actor.loginAs; not input.actor.userSecurity; input.target.loginAs }
forbidden contains "restrict" if { input.target.restrictLoginAs; count(input.target.roles) > 0 }
forbidden contains "rights" if { some right in input.target.rights; not right in rights }
schools := {school | some school in input.actor.schools}
forbidden contains "calendars" if {
  not input.actor.allSchools
  some school in input.target.schools
  not school in schools
}
"#;

/// What the rules ask of a person.
struct Told {
    id: String,
    district: String,
    flags: [(&'static str, bool); 6],
    sets: [(&'static str, Vec<String>); 3],
}

impl Told {
    fn of(facts: &Facts, of: &PersonFacts) -> Self {
        let tools = (0..facts.tools.len()).filter_map(|place| facts.tools.name(place));
        let rights = tools.flat_map(|tool| {
            let held = of.rights.letters(tool, &facts.tools);
            let each = [Letters::R, Letters::W, Letters::A, Letters::D].into_iter();
            each.filter(move |letter| held.contains(*letter))
                .map(move |letter| format!("{tool} {letter}"))
        });
        let calendars = of.calendars.iter();
        let schools = calendars.filter_map(|right| right.school.as_ref());
        let schools = schools.chain(&of.person.schools);
        let district = &facts.districts[&of.person.district].district;
        Self {
            id: of.id().to_string(),
            district: district.id.to_string(),
            flags: [
                ("product", of.holding.has_product()),
                ("loginAs", of.holding.login_as),
                ("userSecurity", of.holding.has_user_security()),
                ("enabled", of.person.account_enabled()),
                (
                    "allSchools",
                    of.calendars.iter().any(|right| right.school.is_none()),
                ),
                ("restrictLoginAs", district.preferences.restrict_login_as),
            ],
            sets: [
                ("rights", rights.collect()),
                ("roles", of.roles.iter().map(ToString::to_string).collect()),
                ("schools", schools.map(ToString::to_string).collect()),
            ],
        }
    }

    /// As Cedar's entity, built anew.
    fn entity(&self) -> Entity {
        let mut attributes = HashMap::new();
        attributes.insert(
            "district".to_owned(),
            RestrictedExpression::new_string(self.district.clone()),
        );
        for (name, flag) in self.flags {
            attributes.insert(name.to_owned(), RestrictedExpression::new_bool(flag));
        }
        for (name, set) in &self.sets {
            let texts = set.iter().cloned().map(RestrictedExpression::new_string);
            attributes.insert((*name).to_owned(), RestrictedExpression::new_set(texts));
        }
        Entity::new(uid("Person", &self.id), attributes, HashSet::new()).unwrap()
    }

    /// As JSON, for Rego.
    fn json(&self) -> serde_json::Value {
        let mut person = json!({ "id": self.id, "district": self.district });
        for (name, flag) in self.flags {
            person[name] = json!(flag);
        }
        for (name, set) in &self.sets {
            person[*name] = json!(set);
        }
        person
    }
}

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.parse().unwrap(), EntityId::new(id))
}

/// Actor and target of a login-as.
pub struct Pair {
    actor: Told,
    target: Told,
}

impl Pair {
    /// The pair that these facts are about.
    pub fn of(facts: &Facts) -> Self {
        Self {
            actor: Told::of(facts, facts.subject_person().unwrap()),
            target: Told::of(facts, facts.resource_person().unwrap()),
        }
    }

    /// The other way round.
    pub fn turned(self) -> Self {
        Self {
            actor: self.target,
            target: self.actor,
        }
    }
}

/// Cedar, with the policies parsed.
pub struct Cedar {
    policies: PolicySet,
    authorizer: Authorizer,
}

impl Cedar {
    /// With the policies parsed.
    pub fn new() -> Self {
        Self {
            policies: CEDAR.parse().unwrap(),
            authorizer: Authorizer::new(),
        }
    }

    /// Its decision, with the entities built for it.
    pub fn decides(&self, pair: &Pair) -> bool {
        self.decides_prepared(&self.prepared(pair))
    }

    /// What it is asked.
    pub fn prepared(&self, pair: &Pair) -> (Request, Entities) {
        let (actor, target) = (pair.actor.entity(), pair.target.entity());
        let request = Request::new(
            actor.uid(),
            uid("Action", "login-as"),
            target.uid(),
            Context::empty(),
            None,
        );
        let entities = Entities::from_entities([actor, target], None);
        (request.unwrap(), entities.unwrap())
    }

    /// Its decision on what is there already.
    pub fn decides_prepared(&self, (request, entities): &(Request, Entities)) -> bool {
        let answer = self
            .authorizer
            .is_authorized(request, &self.policies, entities);
        assert_eq!(answer.diagnostics().errors().count(), 0, "{answer:?}");
        answer.decision() == Decision::Allow
    }
}

/// Regorus, with the policy compiled.
pub struct Rego(Engine);

impl Rego {
    /// With the policy compiled.
    pub fn new() -> Self {
        let mut engine = Engine::new();
        engine
            .add_policy("provost.rego".to_owned(), REGO.to_owned())
            .unwrap();
        Self(engine)
    }

    /// Its decision, with the input handed over as JSON.
    pub fn decides(&mut self, pair: &Pair) -> bool {
        let input = json!({ "actor": pair.actor.json(), "target": pair.target.json() });
        self.0
            .set_input(Value::from_json_str(&input.to_string()).unwrap());
        let allowed = self.0.eval_rule("data.provost.allow".to_owned());
        allowed.unwrap() == Value::Bool(true)
    }
}
