//! The interface itself: documented item by item, unchanged since it was released, and told whole to every language.

use provost_sandbox::Digest;
use std::path::{Path, PathBuf};
use wit_parser::{Docs, Resolve, TypeDefKind};

/// SHA-256 of the interface without its comments. It never changes: what must change becomes a new version of the package
/// in a file of its own.
const RELEASED: &str = "ae66a011e8922e010a0ec6669ed0e74b9d89724ce6106b1dece3ffc0c4e3797c";

fn sdk() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(sdk().join(path)).unwrap()
}

fn interface() -> Resolve {
    let mut resolve = Resolve::default();
    resolve.push_dir(sdk().join("wit")).unwrap();
    resolve
}

/// Every item with its place, as `policy.finding.code`, and what is said about it.
fn items(resolve: &Resolve) -> Vec<(String, &Docs)> {
    let mut items = Vec::new();
    for (_, world) in &resolve.worlds {
        items.push((world.name.clone(), &world.docs));
    }
    for (_, interface) in &resolve.interfaces {
        let name = interface.name.clone().unwrap();
        items.push((name.clone(), &interface.docs));
        for (function, about) in &interface.functions {
            items.push((format!("{name}.{function}"), &about.docs));
        }
        for (of, id) in &interface.types {
            let of = format!("{name}.{of}");
            let about = &resolve.types[*id];
            items.push((of.clone(), &about.docs));
            let inner: Vec<(&String, &Docs)> = match &about.kind {
                TypeDefKind::Record(it) => {
                    it.fields.iter().map(|it| (&it.name, &it.docs)).collect()
                }
                TypeDefKind::Enum(it) => it.cases.iter().map(|it| (&it.name, &it.docs)).collect(),
                TypeDefKind::Flags(it) => it.flags.iter().map(|it| (&it.name, &it.docs)).collect(),
                TypeDefKind::Variant(it) => {
                    it.cases.iter().map(|it| (&it.name, &it.docs)).collect()
                }
                other => panic!("{of} is of a kind that no SDK shows: {other:?}"),
            };
            items.extend(
                inner
                    .into_iter()
                    .map(|(part, docs)| (format!("{of}.{part}"), docs)),
            );
        }
    }
    items
}

#[test]
fn every_item_of_the_interface_says_what_it_is() {
    let resolve = interface();
    let items = items(&resolve);
    assert!(items.len() > 200, "{}", items.len());
    let silent: Vec<_> = items
        .iter()
        .filter(|(_, docs)| {
            docs.contents
                .as_deref()
                .unwrap_or_default()
                .trim()
                .is_empty()
        })
        .map(|(name, _)| name)
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn the_released_interface_has_not_changed() {
    let wit = text("wit/provost.wit");
    let lines = wit.lines().map(str::trim);
    let bare: Vec<_> = lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .collect();
    assert_eq!(Digest::of(bare.join("\n").as_bytes()).as_str(), RELEASED);
}

/// `a-few-words` as each language writes them.
fn joined(kebab: &str, first: fn(&str) -> String, rest: fn(&str) -> String, with: &str) -> String {
    let words = kebab.split('-').enumerate();
    let words = words.map(|(place, word)| if place == 0 { first(word) } else { rest(word) });
    words.collect::<Vec<_>>().join(with)
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

#[test]
fn the_types_of_python_and_javascript_leave_no_item_out() {
    let javascript = text("javascript/provost.d.ts");
    let python =
        |interface: &str| text(&format!("python/typings/wit_world/exports/{interface}.pyi"));
    let python = [python("policy"), python("messaging")].join("\n");
    let resolve = interface();
    let mut missing = Vec::new();
    for (name, _) in items(&resolve) {
        let parts: Vec<_> = name.split('.').collect();
        let ["policy" | "messaging", rest @ ..] = parts.as_slice() else {
            continue;
        };
        let (camel, pascal, snake) = match rest.last() {
            None => continue,
            Some(last) => (
                joined(last, str::to_owned, capital, ""),
                joined(last, capital, capital, ""),
                joined(last, str::to_owned, str::to_owned, "_"),
            ),
        };
        let is = |text: &str, any: &[String]| any.iter().any(|word| text.contains(word.as_str()));
        let in_javascript = [
            format!("interface {pascal} {{"),
            format!("type {pascal} ="),
            format!("  {camel}: "),
            format!("  {camel}?: "),
            format!("  {camel}("),
            format!("\"{}\"", rest.last().copied().unwrap_or_default()),
        ];
        let in_python = [
            format!("class {pascal}"),
            format!("{pascal} = Union["),
            format!("_{pascal}:"),
            format!("_{pascal}_:"),
            format!("    {snake}: "),
            format!("    {} = ", snake.to_uppercase()),
        ];
        if !is(&javascript, &in_javascript) {
            missing.push(format!("{name} in provost.d.ts"));
        }
        // Functions stand in the protocols beside the types.
        let is_function = rest.len() == 1 && !python.contains(&format!("class {pascal}"));
        if !is_function && !is(&python, &in_python) {
            missing.push(format!("{name} in the type stubs"));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
