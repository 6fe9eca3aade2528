//! The policy: licences, sources, versions and crates that are not wanted.

use serde::Deserialize;
use spdx::{Expression, ParseMode};
use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Graph, Package};

/// `policy.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    licences: BTreeSet<String>,
    source: String,
    single: BTreeSet<String>,
    excepted: BTreeMap<String, String>,
    banned: BTreeMap<String, String>,
}

impl Policy {
    /// Everything that it forbids and is there.
    pub(crate) fn breaches(
        &self,
        graph: &Graph,
        checksums: &BTreeMap<(String, String), String>,
    ) -> Vec<String> {
        let mut breaches = Vec::new();
        let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
        for package in &graph.packages {
            *versions.entry(&package.name).or_default() += 1;
            let found = [self.banned(package), self.licence(package)];
            let foreign = self.source(package, checksums);
            let found = found.into_iter().chain([foreign]).flatten();
            breaches.extend(found.map(|why| format!("{}: {why}", package.shown())));
        }
        for name in &self.single {
            let count = versions.get(name.as_str()).copied().unwrap_or_default();
            if count > 1 {
                breaches.push(format!("{name}: {count} versions, one is allowed"));
            }
        }
        breaches
    }

    fn banned(&self, package: &Package) -> Option<String> {
        let reason = self.banned.get(&package.name)?;
        Some(format!("is not wanted: {reason}"))
    }

    fn licence(&self, package: &Package) -> Option<String> {
        if self.excepted.contains_key(&package.name) {
            return None;
        }
        let Some(written) = &package.license else {
            return Some("names no licence".to_owned());
        };
        // Older crates write MIT/Apache-2.0.
        let Ok(expression) = Expression::parse_mode(written, ParseMode::LAX) else {
            return Some(format!("its licence cannot be read: {written}"));
        };
        let is_allowed = expression.evaluate(|req| self.licences.contains(&req.to_string()));
        (!is_allowed).then(|| format!("its licence is not allowed: {written}"))
    }

    fn source(
        &self,
        package: &Package,
        checksums: &BTreeMap<(String, String), String>,
    ) -> Option<String> {
        let source = package.source.as_ref()?;
        if *source != self.source {
            return Some(format!("comes from {source}"));
        }
        let key = (package.name.clone(), package.version.clone());
        let unproved = !checksums.contains_key(&key);
        unproved.then(|| "has no checksum in Cargo.lock".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One crate of each kind that is not wanted, and two that are.
    const GRAPH: &str = r#"{ "workspace_root": "/", "resolve": { "nodes": [] }, "packages": [
        { "id": "1", "name": "good", "version": "1.0.0", "license": "MIT/Apache-2.0", "source": "here", "manifest_path": "/", "targets": [] },
        { "id": "2", "name": "own", "version": "0.1.0", "license": "MIT", "source": null, "manifest_path": "/", "targets": [] },
        { "id": "3", "name": "binds", "version": "1.0.0", "license": "GPL-3.0-only", "source": "here", "manifest_path": "/", "targets": [] },
        { "id": "4", "name": "silent", "version": "1.0.0", "license": null, "source": "here", "manifest_path": "/", "targets": [] },
        { "id": "5", "name": "garbled", "version": "1.0.0", "license": "MIT and so on", "source": "here", "manifest_path": "/", "targets": [] },
        { "id": "6", "name": "elsewhere", "version": "1.0.0", "license": "MIT", "source": "git", "manifest_path": "/", "targets": [] },
        { "id": "7", "name": "unproved", "version": "1.0.0", "license": "MIT", "source": "here", "manifest_path": "/", "targets": [] },
        { "id": "8", "name": "bad", "version": "1.0.0", "license": "MIT", "source": "here", "manifest_path": "/", "targets": [] },
        { "id": "9", "name": "twice", "version": "1.0.0", "license": "MIT", "source": "here", "manifest_path": "/", "targets": [] },
        { "id": "10", "name": "twice", "version": "2.0.0", "license": "MIT", "source": "here", "manifest_path": "/", "targets": [] },
        { "id": "11", "name": "spared", "version": "1.0.0", "license": "GPL-3.0-only", "source": "here", "manifest_path": "/", "targets": [] } ] }"#;

    const POLICY: &str = r#"
        licences = ["MIT"]
        source = "here"
        single = ["good", "twice"]
        excepted.spared = "it is a test"
        banned.bad = "it is bad"
    "#;

    #[test]
    fn every_crate_that_is_not_wanted_is_named_with_the_reason() {
        let graph: Graph = serde_json::from_str(GRAPH).unwrap();
        let policy: Policy = toml::from_str(POLICY).unwrap();
        let proved = graph.packages.iter().filter(|it| it.name != "unproved");
        let checksums = proved
            .map(|it| ((it.name.clone(), it.version.clone()), String::new()))
            .collect();
        let expected = [
            "binds 1.0.0: its licence is not allowed: GPL-3.0-only",
            "silent 1.0.0: names no licence",
            "garbled 1.0.0: its licence cannot be read: MIT and so on",
            "elsewhere 1.0.0: comes from git",
            "unproved 1.0.0: has no checksum in Cargo.lock",
            "bad 1.0.0: is not wanted: it is bad",
            "twice: 2 versions, one is allowed",
        ];
        assert_eq!(policy.breaches(&graph, &checksums), expected);
    }
}
