//! What a running daemon says of itself.

use serde_json::Value;

use super::Finding;

/// What `/v1/status` and `/v1/plugins` come to.
#[must_use]
pub fn all(status: &Value, plugins: &Value) -> Vec<Finding> {
    let mut findings = vec![Finding::well(
        "daemon",
        format!("it answers, at revision {}", status["revision"]),
    )];
    findings.extend(itself(status));
    findings.extend(list(&status["sources"]).filter_map(source));
    findings.extend(list(plugins).filter_map(plugin));
    findings
}

/// Nobody answered.
#[must_use]
pub fn away(why: &str) -> Finding {
    let advice = "`systemctl status provost` says whether it runs, `journalctl -u provost` why not";
    Finding::problem("daemon", why, advice)
}

fn itself(status: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let refused = list(&status["configuration-refused"]).filter_map(Value::as_str);
    findings.extend(refused.map(|why| {
        let advice = "the configuration before it is in force: mend it and save";
        Finding::problem("configuration in force", why, advice)
    }));
    if let Some(why) = status["takes-no-writes"]["why"].as_str() {
        let advice = "make room, or make the disk writable: it goes on by itself";
        findings.push(Finding::problem("writes", why, advice));
    }
    if status["clock"] == "frozen" {
        let advice = "`provost clock status` says why; `provost clock confirm` goes on";
        findings.push(Finding::problem("transitions", "they are frozen", advice));
    }
    let mut count = |key: &str, about: &str, advice: &str| {
        if let Some(number) = status[key].as_u64().filter(|number| *number > 0) {
            findings.push(Finding::warning(about, number.to_string(), advice));
        }
    };
    let retry = "`provost notice list --state failed`, then `provost notice retry --failed`";
    count("notices-failed", "notices given up", retry);
    let word = "`provost status` shows the mass: `provost notice approve` or `refuse`";
    count("notices-held", "notices that wait for a word", word);
    findings
}

fn source(source: &Value) -> Option<Finding> {
    let about = format!("source {}", source["source"].as_str().unwrap_or_default());
    if let Some(why) = source["error"].as_str() {
        let advice = "mend what it says; nobody is taken for departed meanwhile";
        return Some(Finding::problem(about, why, advice));
    }
    if source["waiting-plan"].is_string() {
        let advice =
            "`provost sync plan` shows it, `provost sync apply --plan HASH` lets it through";
        return Some(Finding::warning(
            about,
            "a plan waits for an operator",
            advice,
        ));
    }
    (source["overdue"] == true).then(|| {
        let advice = "`provost sync status` says when it answered last";
        Finding::problem(about, "it is overdue", advice)
    })
}

fn plugin(plugin: &Value) -> Option<Finding> {
    let until = plugin["quarantined"].as_str()?;
    let about = format!("plugin {}", plugin["id"].as_str().unwrap_or_default());
    let advice = "`journalctl -u provost` has its failures; `provost plugin rollback` goes back to the version before";
    Some(Finding::problem(
        about,
        format!("it rests until {until}"),
        advice,
    ))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use serde_json::json;

    #[test]
    fn a_daemon_that_is_well_has_one_line() {
        let status = json!({ "revision": 7, "configuration-refused": [], "takes-no-writes": null, "clock": "running",
            "notices-failed": 0, "notices-held": 0,
            "sources": [{ "source": "staff", "error": null, "overdue": false, "waiting-plan": null }] });
        let findings = all(&status, &json!([{ "id": "email", "quarantined": null }]));
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].state, State::Well);
    }

    #[test]
    fn whatever_is_wrong_with_it_has_a_line_and_an_advice() {
        let status = json!({ "revision": 7, "configuration-refused": ["no such key"],
            "takes-no-writes": { "why": "the disk is full" }, "clock": "frozen", "notices-failed": 2, "notices-held": 9,
            "sources": [{ "source": "a", "error": "refused" }, { "source": "b", "waiting-plan": "1f" },
                        { "source": "c", "overdue": true }] });
        let plugins = json!([{ "id": "email", "quarantined": "2025-03-02T17:00:00Z" }]);
        let findings = all(&status, &plugins);
        let bad = findings
            .iter()
            .filter(|finding| finding.state != State::Well);
        let bad: Vec<_> = bad.collect();
        assert_eq!(bad.len(), 9, "{findings:#?}");
        assert!(bad.iter().all(|finding| finding.advice.is_some()));
    }
}
