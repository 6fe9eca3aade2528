//! The bill of materials (CycloneDX 1.5, JSON), and the licences of what is linked, for the package.

use serde_json::{Value, json};
use spdx::{Expression, ParseMode};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::SupplyError;
use crate::graph::{Graph, Package};

/// Everything that is linked into what is installed. The same sources give the same bill: no time, no random number.
pub(crate) fn of(graph: &Graph) -> Result<Value, SupplyError> {
    let checksums = graph.checksums()?;
    let linked = graph.linked();
    let components: Vec<_> = linked
        .iter()
        .map(|(package, _)| {
            let key = (package.name.clone(), package.version.clone());
            component(package, checksums.get(&key))
        })
        .collect();
    let dependencies: Vec<_> = linked
        .iter()
        .map(|(package, below)| {
            let below: Vec<_> = below.iter().map(|it| purl(it)).collect();
            json!({ "ref": purl(package), "dependsOn": below })
        })
        .collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": {
            "type": "application", "bom-ref": "provost", "name": "provost", "version": env!("CARGO_PKG_VERSION"),
        } },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn component(package: &Package, checksum: Option<&String>) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": purl(package),
        "name": package.name,
        "version": package.version,
        "licenses": [{ "expression": expression(package) }],
    });
    if let Some(checksum) = checksum {
        component["purl"] = json!(purl(package));
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    component
}

/// The package URL, and with it the name within the bill.
fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

/// The licence as SPDX writes it today.
fn expression(package: &Package) -> String {
    let written = package.license.as_deref().unwrap_or("NOASSERTION");
    let read = Expression::canonicalize(written).ok().flatten();
    let read = read.unwrap_or_else(|| written.to_owned());
    match Expression::parse_mode(&read, ParseMode::STRICT) {
        Ok(read) => read.to_string(),
        Err(_) => "NOASSERTION".to_owned(),
    }
}

/// The texts of all licences, each once, with the crates that came with it.
pub(crate) fn licences(graph: &Graph) -> Result<String, SupplyError> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut list =
        String::from("Provost is linked with these crates, under the licences that they name.\n\n");
    let linked = graph.linked();
    let foreign = linked.iter().filter(|(it, _)| it.source.is_some());
    for (package, _) in foreign {
        let _ = writeln!(list, "{}: {}", package.shown(), expression(package));
        for path in files(package)? {
            let text = std::fs::read(&path).map_err(crate::failed("read", &path))?;
            let text = String::from_utf8_lossy(&text).trim().to_owned();
            texts.entry(text).or_default().push(package.shown());
        }
    }
    for (text, crates) in texts {
        let _ = write!(list, "\n\n---- {} ----\n\n{text}\n", crates.join(", "));
    }
    Ok(list)
}

/// Files of a crate that hold licences and notices.
fn files(package: &Package) -> Result<Vec<PathBuf>, SupplyError> {
    const NAMES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"];
    let folder = package.folder();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(crate::failed("read", folder))? {
        let path = entry.map_err(crate::failed("read", folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_ascii_uppercase();
        if path.is_file() && NAMES.iter().any(|known| name.starts_with(known)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
