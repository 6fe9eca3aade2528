//! The support desk's question: may this caller?

use provost_core::decision::{Reference, Request};
use serde_json::{Map, Value, json};

use super::{FlowError, Scene, decide, person};

/// A `case.submit` decision for the caller in their own district, with what the desk needs beside it.
///
/// # Errors
/// If nobody or several people are known by that name, mail address or number.
pub fn ask(scene: Scene<'_>, reference: &str) -> Result<Value, FlowError> {
    let register = scene.store.read()?;
    let caller = person(&register, reference)?;
    let request = Request {
        subject: Reference {
            kind: Some("person".to_owned()),
            id: caller.id.to_string(),
        },
        action: "case.submit".to_owned(),
        resource: Reference {
            kind: Some("district".to_owned()),
            id: caller.district.to_string(),
        },
        properties: Map::new(),
        context: Map::new(),
    };
    let decision = decide::for_flow(scene, &register, &request)?;
    let contact = register.contact(&caller.id)?;
    Ok(json!({
        "person": caller.id,
        "district": caller.district,
        "username": caller.username,
        "name": caller.name,
        "contact": contact.map(|contact| json!({ "type": contact.kind, "state": contact.state })),
        "decision": decision.decision,
        "context": decision,
    }))
}
